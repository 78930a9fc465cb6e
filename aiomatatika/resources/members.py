"""Members: who belongs to a workspace ("Members" page of the API reference)."""

from __future__ import annotations

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import set_by_server
from aiomatatika.resources.group import Group, Ref, id_of
from aiomatatika.resources.workspaces import Workspace

__all__ = ["Member", "Members"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Member(HalResource):
    """A profile, seen from inside a workspace.

    Attributes:
        id: The id of the profile, such as ``auth0|5eb0327cbfd7490bff55feeb``.
        name: The full name, or the e-mail address where none was given.
        handle: The unique handle, beginning with ``@``.
    """

    id: str
    name: str | None = None
    handle: str | None = set_by_server()


class Members(Group):
    """The calls on members: ``session.members``."""

    def list(self, workspace: Ref[Workspace]) -> Collection[Member]:
        """Return a workspace's members: ``GET /workspaces/{workspace_id}/members``, one page. Nothing is sent yet."""
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/members", Member, "members")

    async def get(self, workspace: Ref[Workspace], member: Ref[Member]) -> Member:
        """Return one member: ``GET /workspaces/{workspace_id}/members/{member_id}``. Repeating is safe.

        Raises:
            NotFoundError: The workspace has no such member.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/members/{id_of(member, Member)}"
        return await self._get(path, Member)
