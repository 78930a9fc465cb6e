"""Administrators: members with rights over a workspace ("Administrators" page of the API reference)."""

from __future__ import annotations

import attrs

from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import set_by_server
from aiomatatika.resources.group import Group, Ref, id_of
from aiomatatika.resources.members import Member
from aiomatatika.resources.profiles import Profile
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.message import GONE
from aiomatatika.transport.repeat import Repeat

__all__ = ["Administrator", "Administrators"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Administrator(Member):
    """A member, and whether it may administer the workspace.

    Attributes:
        administrator: Whether it is an administrator.
    """

    administrator: bool | None = set_by_server()


def _path(workspace: Ref[Workspace]) -> str:
    return f"/workspaces/{id_of(workspace, Workspace)}/administrators"


class Administrators(Group):
    """The calls on administrators: ``session.administrators``."""

    def list(self, workspace: Ref[Workspace]) -> Collection[Administrator]:
        """Return a workspace's administrators, its owner among them. Nothing is sent yet.

        It is ``GET /workspaces/{workspace_id}/administrators``, one page.
        """
        return self._list(_path(workspace), Administrator, "administrators")

    async def add(self, workspace: Ref[Workspace], profile: Ref[Profile]) -> Administrator:
        """Make a member an administrator: ``PUT /workspaces/{workspace_id}/administrators/{profile_id}``. Idempotent.

        Raises:
            ForbiddenError: The caller does not own the workspace.
            NotFoundError: The workspace has no such member.
        """
        path = f"{_path(workspace)}/{id_of(profile, Profile)}"
        return await self._object("PUT", path, Administrator, Repeat.IDEMPOTENT)

    async def withdraw(self, workspace: Ref[Workspace], profile: Ref[Profile]) -> Administrator:
        """Take a member's rights: ``DELETE /workspaces/{workspace_id}/administrators/{profile_id}``. It stays a member.

        Idempotent: a lost response is repeated. A 404 to the repeat is success, and the result then has no name.

        Raises:
            ForbiddenError: The caller does not own the workspace.
            NotFoundError: The workspace has no such administrator.
        """
        path = f"{_path(workspace)}/{id_of(profile, Profile)}"
        response = await self._send("DELETE", path, Repeat.IDEMPOTENT, done_already=GONE)
        if response.status in GONE:
            return Administrator(id=profile.id if isinstance(profile, Profile) else str(profile), administrator=False)
        return response.structured(Administrator)
