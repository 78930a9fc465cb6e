"""Invitations: e-mail addresses that were asked into a workspace ("Invitations" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.errors import InvalidArgumentError
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, set_by_server
from aiomatatika.resources.group import ACCEPTED, DONE, Group, Paging, Ref, id_of
from aiomatatika.resources.members import Member
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Invitation", "InvitationStatus", "Invitations"]


class InvitationStatus(OpenEnum):
    """What has become of an invitation."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Invitation(HalResource):
    """An invitation of an e-mail address to a workspace. Times are UTC.

    Attributes:
        id: Its id: a str, for the server takes it as plain text.
        created: When it was created.
        last_modified: When it was last changed.
        status: What has become of it.
        email: The address that was invited.
        creator: Who invited it.
        workspace: The workspace, secrets included, without links.
    """

    id: str
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    status: InvitationStatus | None = set_by_server()
    email: str | None = None
    creator: Member | None = set_by_server()
    workspace: Workspace | None = set_by_server()


class Invitations(Group):
    """The calls on invitations: ``session.invitations``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Invitation]:
        """Return the invitations to a workspace: ``GET /workspaces/{workspace_id}/invitations`` for each page.

        Nothing is sent yet. Its owner sees all of them, a member those that it sent.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/invitations"
        return self._list_uncounted(path, Invitation, "invitations", paging)

    def list_sent(self, **paging: Unpack[Paging]) -> Collection[Invitation]:
        """Return the invitations that the caller sent: ``GET /invitations`` for each page. Nothing is sent yet.

        Args:
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list_uncounted("/invitations", Invitation, "invitations", paging)

    def list_received(self, email: str, **paging: Unpack[Paging]) -> Collection[Invitation]:
        """Return the invitations that the caller received: ``GET /invitations?email=`` for each page.

        Nothing is sent yet.

        Args:
            email: The caller's own e-mail address.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: The address is empty: the server would list what the caller sent.
        """
        if not isinstance(email, str) or not email:
            raise InvalidArgumentError("email must be a str that is not empty")
        return self._list_uncounted("/invitations", Invitation, "invitations", paging, email=email)

    async def create(self, workspace: Ref[Workspace], email: str) -> None:
        """Invite an e-mail address to a workspace: ``POST /workspaces/{workspace_id}/invitations``.

        Sent once: a repeat could send a second e-mail. The response (202) brings no id: `list` shows the invitation.

        Raises:
            TransportError: The response was lost: where ``sent`` is ``"maybe"``, look at `list` before a repeat.
            BadRequestError: The address is invalid, or its domain is not one of the workspace's.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/invitations"
        body = FieldValues(Invitation, {"email": email}).new()
        await self._send("POST", path, Repeat.ONCE, body=body, promised=ACCEPTED)

    async def accept(self, invitation: Ref[Invitation]) -> Invitation:
        """Accept an invitation: ``PATCH /invitations/{invitation_id}``, without a body. Idempotent.

        Raises:
            NotFoundError: No invitation has this id.
        """
        path = f"/invitations/{id_of(invitation, Invitation)}"
        return await self._object("PATCH", path, Invitation, Repeat.IDEMPOTENT)

    async def withdraw(self, invitation: Ref[Invitation]) -> None:
        """Revoke an invitation, pending or accepted: ``PUT /invitations/{invitation_id}/revoked``. Idempotent.

        Raises:
            NotFoundError: No invitation has this id.
        """
        path = f"/invitations/{id_of(invitation, Invitation)}/revoked"
        await self._send("PUT", path, Repeat.IDEMPOTENT, promised=DONE)

    async def delete(self, invitation: Ref[Invitation]) -> None:
        """Delete an invitation, pending or revoked: ``DELETE /invitations/{invitation_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No invitation has this id.
        """
        await self._delete(f"/invitations/{id_of(invitation, Invitation)}")
