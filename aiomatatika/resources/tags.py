"""Tags: the ``#words`` of a workspace ("Tags" page of the API reference)."""

from __future__ import annotations

from uuid import UUID

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import set_by_server
from aiomatatika.resources.group import Group, Ref, id_of
from aiomatatika.resources.workspaces import Workspace

__all__ = ["Tag", "Tags"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Tag(HalResource):
    """A ``#word`` that descriptions and comments of a workspace use.

    Attributes:
        id: Its id.
        name: The word, without ``#``.
        usage: How often the workspace uses it.
    """

    id: UUID
    name: str | None = None
    usage: int | None = set_by_server()


class Tags(Group):
    """The calls on tags: ``session.tags``."""

    def list(self, workspace: Ref[Workspace]) -> Collection[Tag]:
        """Return a workspace's tags: ``GET /workspaces/{workspace_id}/tags``, in one page. Nothing is sent yet."""
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/tags", Tag, "tags")

    def list_in_news(self, workspace: Ref[Workspace]) -> Collection[Tag]:
        """Return the tags in a workspace's news: ``GET /workspaces/{workspace_id}/news/tags``, in one page.

        Nothing is sent yet.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/news/tags", Tag, "tags")

    async def get(self, workspace: Ref[Workspace], tag: Ref[Tag]) -> Tag:
        """Return one tag: ``GET /workspaces/{workspace_id}/tags/{tag_id}``. Repeating is safe.

        Raises:
            NotFoundError: The workspace has no such tag.
        """
        return await self._get(f"/workspaces/{id_of(workspace, Workspace)}/tags/{id_of(tag, Tag)}", Tag)
