"""The calls on accounts. They are as documented: none was seen on the wire."""

from __future__ import annotations

from typing import Unpack
from uuid import UUID

from aiomatatika.paging.collection import Collection
from aiomatatika.resources.accounts.models import Account, AccountFields
from aiomatatika.resources.bodies import FieldValues
from aiomatatika.resources.group import Group, Paging, Ref, id_of
from aiomatatika.resources.profiles import Profile
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Accounts"]


def _path(account: Ref[Account]) -> str:
    return f"/accounts/{id_of(account, Account)}"


class Accounts(Group):
    """The calls on accounts: ``session.accounts``."""

    def list(self, **paging: Unpack[Paging]) -> Collection[Account]:
        """Return the accounts that the caller owns: ``GET /accounts`` for each page. Nothing is sent yet.

        Args:
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list("/accounts", Account, "accounts", paging)

    async def get(self, account: Account | UUID | str) -> Account:
        """Return one account: ``GET /accounts/{account_id}``. Repeating is safe.

        Raises:
            NotFoundError: No account has this id, or the caller may not see it.
            InvalidArgumentError: The id cannot be one; nothing was sent.
        """
        return await self._get(_path(account), Account)

    async def initialise(self) -> Account:
        """Return a draft with a new id: ``POST /accounts/new``. Nothing is stored: a lost response is repeated."""
        return await self._initialise("/accounts/new", Account)

    async def create(self, *, draft: Account | None = None, **fields: Unpack[AccountFields]) -> Account:
        """Create an account: `initialise` unless there is a draft, then ``PUT /accounts/{account_id}``.

        Idempotent: a lost response is repeated.

        Args:
            draft: What `initialise` returned.
            **fields: What to set; ``company`` and ``owner_email``, the caller's own, are required.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Account, fields).new()
        draft = draft or await self.initialise()
        return await self._create(_path(draft), Account, body)

    async def update(self, account: Account, **changes: Unpack[AccountFields]) -> Account:
        """Change an account: ``PUT /accounts/{account_id}`` of all that was read, with the changes. Idempotent.

        Args:
            account: The account as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            ResponseError: It had gone, and was created anew (201).
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(account, changes, self.get)
        return await self._update(_path(account), Account, body)

    def list_admins(self, account: Ref[Account]) -> Collection[Profile]:
        """Return an account's admins: ``GET /accounts/{account_id}/admins``, in one page. Nothing is sent yet."""
        return self._list(f"{_path(account)}/admins", Profile, "profiles")

    async def add_admin(self, account: Ref[Account], profile: Ref[Profile]) -> Account:
        """Make a profile an admin of an account: ``PUT /accounts/{account_id}/admins/{profile_id}``. Idempotent.

        Raises:
            NotFoundError: No account or no profile has this id.
        """
        path = f"{_path(account)}/admins/{id_of(profile, Profile)}"
        return await self._object("PUT", path, Account, Repeat.IDEMPOTENT)

    async def remove_admin(self, account: Ref[Account], profile: Ref[Profile]) -> None:
        """Remove an admin from an account: ``DELETE /accounts/{account_id}/admins/{profile_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: The account has no such admin.
        """
        await self._delete(f"{_path(account)}/admins/{id_of(profile, Profile)}")

    async def set_owner(self, account: Ref[Account], profile: Ref[Profile]) -> Account:
        """Make an admin of an account its owner: ``PUT /accounts/{account_id}/owner/{profile_id}``. Idempotent.

        Raises:
            NotFoundError: No account has this id, or it has no such admin.
        """
        path = f"{_path(account)}/owner/{id_of(profile, Profile)}"
        return await self._object("PUT", path, Account, Repeat.IDEMPOTENT)

    async def transfer_workspace(self, account: Ref[Account], workspace: Ref[Workspace]) -> Workspace:
        """Move a workspace to an account: ``PUT /accounts/{account_id}/workspaces/{workspace_id}/transfer``.

        Idempotent: a lost response is repeated.

        Args:
            account: The account that is to own it.
            workspace: The workspace.

        Raises:
            NotFoundError: No account or no workspace has this id.
        """
        path = f"{_path(account)}/workspaces/{id_of(workspace, Workspace)}/transfer"
        return await self._object("PUT", path, Workspace, Repeat.IDEMPOTENT)
