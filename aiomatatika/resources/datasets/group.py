"""The calls on datasets."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import unquote
from uuid import UUID

from aiomatatika.decoding.json_text import Mismatch
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues
from aiomatatika.resources.datasets.models import Dataset, DatasetFields, DatasetMessage
from aiomatatika.resources.group import DONE, OK_OR_CREATED, Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transfer import Download
from aiomatatika.transport.message import Request
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.urls import path_segments, uuid_of

if TYPE_CHECKING:
    # Late at run time: each is used by one call, and each class takes a tenth of the time of a first page.
    from aiomatatika.resources.channels import Channel
    from aiomatatika.resources.profiles import Profile

__all__ = ["Datasets"]


def _rows_of(document: Any) -> builtins.list[dict[str, Any]] | Mismatch:
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        return document
    return Mismatch("body: expected an array of objects")


def _path(dataset: Ref[Dataset], below: str = "") -> str:
    return f"/datasets/{id_of(dataset, Dataset)}{below}"


class Datasets(Group):
    """The calls on datasets: ``session.datasets``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Dataset]:
        """Return a workspace's datasets: ``GET /workspaces/{workspace_id}/datasets`` for each page.

        Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/datasets", Dataset, "datasets", paging)

    def list_liked(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Dataset]:
        """Return the datasets that the caller likes: ``GET /workspaces/{workspace_id}/liked`` for each page.

        Nothing is sent yet.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/liked", Dataset, "datasets", paging)

    def list_in_channel(self, channel: Ref[Channel], **paging: Unpack[Paging]) -> Collection[Dataset]:
        """Return a channel's datasets: ``GET /channels/{channel_id}/datasets`` for each page. Nothing is sent yet."""
        from aiomatatika.resources.channels import Channel

        return self._list_uncounted(f"/channels/{id_of(channel, Channel)}/datasets", Dataset, "datasets", paging)

    async def get(self, dataset: Ref[Dataset]) -> Dataset:
        """Return one dataset: ``GET /datasets/{dataset_id}``. Repeating is safe.

        Raises:
            NotFoundError: No dataset has this id, or the caller may not see it.
            InvalidArgumentError: The id is not a UUID; nothing was sent.
        """
        return await self._get(_path(dataset), Dataset)

    async def find(self, workspace: Ref[Workspace], alias: str | UUID) -> Dataset:
        """Return a dataset by its alias: ``GET /workspaces/{workspace_id}/datasets/{dataset_id_or_alias}``.

        Repeating is safe.

        Args:
            workspace: The workspace.
            alias: The alias, such as ``"data-observability/tables-health"``: its slashes stay slashes. Or an id.

        Raises:
            NotFoundError: No dataset of the workspace has this alias or id.
            InvalidArgumentError: The alias cannot be one; nothing was sent.
        """
        encoded = path_segments(str(alias) if isinstance(alias, UUID) else alias, "alias")
        return await self._get(f"/workspaces/{id_of(workspace, Workspace)}/datasets/{encoded}", Dataset)

    async def rows(self, dataset: Ref[Dataset]) -> builtins.list[dict[str, Any]]:
        """Run the dataset's query and return its rows: ``GET /datasets/{dataset_id}/data`` as JSON.

        Repeating is safe. At most 16 MiB; `csv` has no limit.

        Returns:
            A dict for each row, by column; empty where the dataset has no data (204).

        Raises:
            ResponseError: The rows are not JSON objects, or too many: `csv` takes them.
        """
        path = _path(dataset, "/data")
        response = await self._send("GET", path, Repeat.SAFE, promised=DONE, accept="application/json")
        return response.promised(_rows_of(response.json() if response.body else []))

    def csv(self, dataset: Ref[Dataset]) -> Download:
        """Return a download of the rows as CSV, of any size: ``GET /datasets/{dataset_id}/data``.

        Nothing is sent yet; repeating is safe. Empty where the dataset has no data (204).
        """
        return Download(self._client, self._csv_request(dataset))

    async def arrow(self, dataset: Ref[Dataset]) -> Any:
        """Return the rows as a `pyarrow.Table`, from CSV: ``GET /datasets/{dataset_id}/data``. Repeating is safe.

        Types are inferred from the values. Polars, pandas and DuckDB take the table as it is. It needs the extra
        ``frames``, and memory for the whole of the data.

        Returns:
            The table; one without columns where the dataset has no data (204).

        Raises:
            ConfigurationError: The package ``pyarrow`` is not installed; nothing was sent.
            ResponseError: The data is not CSV.
        """
        from aiomatatika.resources.datasets.arrow import arrow_table

        request = self._csv_request(dataset)
        return await arrow_table(Download(self._client, request), request.facts())

    def _csv_request(self, dataset: Ref[Dataset]) -> Request:
        return self._request("GET", _path(dataset, "/data"), Repeat.SAFE, promised=DONE, accept="text/csv")

    async def publish(
        self, workspace: Ref[Workspace], *, id: UUID | str | None = None, **fields: Unpack[DatasetFields]
    ) -> Dataset:
        """Publish a dataset: ``POST /workspaces/{workspace_id}/datasets``. One of the same alias or id is overwritten.

        Idempotent with an ``alias`` or an ``id``: a lost response is repeated. Without them each request publishes
        another dataset: sent once.

        Args:
            workspace: The workspace.
            id: The id that the dataset has, or is to have.
            **fields: What to set.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was published.
            TypeError: A field does not exist; nothing was sent.
        """
        repeat = Repeat.IDEMPOTENT if id or fields.get("alias") else Repeat.ONCE
        body = FieldValues(Dataset, fields).new(None if id is None else uuid_of(id))
        path = f"/workspaces/{id_of(workspace, Workspace)}/datasets"
        return await self._object("POST", path, Dataset, repeat, body=body, promised=OK_OR_CREATED)

    async def edit(self, dataset: Ref[Dataset], **changes: Unpack[DatasetFields]) -> Dataset:
        """Change some fields: ``PATCH /datasets/{dataset_id}``, which leaves the others as they are. Idempotent.

        Args:
            dataset: The dataset.
            **changes: What to change; None takes a field away.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            TypeError: A field does not exist; nothing was sent.
        """
        return await self._edit(_path(dataset), Dataset, FieldValues(Dataset, changes).edit())

    async def record_view(self, dataset: Ref[Dataset]) -> None:
        """Count a view: ``PUT /datasets/{dataset_id}/view``. Sent once: each request counts."""
        await self._send("PUT", _path(dataset, "/view"), Repeat.ONCE, promised=DONE)

    async def like(self, dataset: Ref[Dataset]) -> None:
        """Like a dataset: ``PUT /datasets/{dataset_id}/like``. Idempotent."""
        await self._send("PUT", _path(dataset, "/like"), Repeat.IDEMPOTENT, promised=DONE)

    async def unlike(self, dataset: Ref[Dataset]) -> None:
        """Take the caller's like back: ``DELETE /datasets/{dataset_id}/like``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.
        """
        await self._delete(_path(dataset, "/like"))

    async def initialise_message(self, dataset: Ref[Dataset]) -> DatasetMessage:
        """Return a draft of a message: ``POST /datasets/{dataset_id}/messages``.

        Nothing is stored: a lost response is repeated.
        """
        return await self._initialise(_path(dataset, "/messages"), DatasetMessage)

    async def send_message(
        self, dataset: Ref[Dataset], recipient: Ref[Profile], message: str, *, draft: DatasetMessage | None = None
    ) -> DatasetMessage:
        """Tell a profile about a dataset: ``PUT /datasets/{dataset_id}/messages/{message_id}``.

        `initialise_message` comes first unless there is a draft. Idempotent: a lost response is repeated.

        Args:
            dataset: The dataset.
            recipient: The profile to tell.
            message: The text.
            draft: What `initialise_message` returned; or a message that was sent, to change its text.

        Raises:
            NotFoundError: No dataset has this id.
            BadRequestError: The server refuses the recipient or the text; nothing was sent to anybody.
        """
        from aiomatatika.resources.profiles import Profile

        recipient_id = unquote(id_of(recipient, Profile))  # a body has ids as they are, without a URL's encoding
        body = FieldValues(DatasetMessage, {"recipient_id": recipient_id, "message": message}).new()
        draft = draft or await self.initialise_message(dataset)
        return await self._create(_path(dataset, f"/messages/{id_of(draft, DatasetMessage)}"), DatasetMessage, body)

    async def delete(self, dataset: Ref[Dataset]) -> None:
        """Delete a dataset: ``DELETE /datasets/{dataset_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No dataset has this id.
        """
        await self._delete(_path(dataset))
