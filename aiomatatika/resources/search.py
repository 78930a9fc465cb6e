"""Search among the datasets of a workspace ("Search" page of the API reference)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Unpack

from aiomatatika.decoding.json_text import Mismatch
from aiomatatika.decoding.request_bodies import Body, json_body
from aiomatatika.errors import InvalidArgumentError
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.datasets.models import Dataset
from aiomatatika.resources.group import DONE, Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Search"]

_HEADER: Final = b'{"preference":"search"}\n'


def _terms(prefix: str, names: Sequence[str], what: str) -> list[str]:
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        raise InvalidArgumentError(f"{what} must be a list of names")
    return [f"{prefix}:{name}" for name in names]


class Search(Group):
    """The calls that search: ``session.search``."""

    def datasets(
        self,
        workspace: Ref[Workspace],
        words: str = "",
        *,
        channels: Sequence[str] = (),
        tags: Sequence[str] = (),
        **paging: Unpack[Paging],
    ) -> Collection[Dataset]:
        """Return the datasets that match: ``GET /workspaces/{workspace_id}/search?q={query}`` for each page.

        Nothing is sent yet. The query is the words, ``in:`` each channel and ``tag:`` each tag, with spaces between
        them; without any of these it is left out. How the API reads a name that itself has a space is not documented:
        it is sent as it is.

        Args:
            workspace: The workspace.
            words: What to look for in the datasets.
            channels: The names of channels that they are in.
            tags: The names of tags that they have, without ``#``.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: The channels or the tags must be lists of names.
        """
        query = [*filter(None, [words]), *_terms("in", channels, "channels"), *_terms("tag", tags, "tags")]
        path = f"/workspaces/{id_of(workspace, Workspace)}/search"
        return self._list(path, Dataset, "datasets", paging, q=" ".join(query) or None)

    async def msearch(self, workspace: Ref[Workspace], *searches: Mapping[str, Any]) -> dict[str, Any]:
        """Run Elasticsearch searches: ``POST /workspaces/{workspace_id}/datasets/_msearch``.

        Idempotent: it only reads, and a lost response is repeated.

        Args:
            workspace: The workspace.
            *searches: Each in Elasticsearch's query language, such as ``{"query": {"match": {"title": "sales"}}}``.

        Returns:
            What Elasticsearch responded: its ``responses`` stand in the order of the searches. Empty where nothing
            was found (204).

        Raises:
            InvalidArgumentError: No search was given, or one cannot be written as JSON; nothing was sent.
        """
        if not searches:
            raise InvalidArgumentError("msearch takes at least one search")
        # The charset is named, for a server in Java takes text/plain without one as ISO-8859-1.
        body = Body(b"".join(_HEADER + json_body(dict(each)).reveal() + b"\n" for each in searches))
        response = await self._send(
            "POST",
            f"/workspaces/{id_of(workspace, Workspace)}/datasets/_msearch",
            Repeat.IDEMPOTENT,
            promised=DONE,
            body=body,
            content_type="text/plain; charset=utf-8",
            accept="application/json",
        )
        found = response.json() if response.body else {}
        return response.promised(found if isinstance(found, dict) else Mismatch("body: expected an object"))
