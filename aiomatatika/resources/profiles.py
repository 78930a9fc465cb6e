"""Profiles: the users of the service ("Profiles" page of the API reference)."""

from __future__ import annotations

from typing import TypedDict, Unpack

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.accounts.models import Account
from aiomatatika.resources.bodies import FieldValues, set_by_server
from aiomatatika.resources.group import Group, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["NewProfileFields", "Profile", "ProfileFields", "Profiles"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Profile(HalResource):
    """A user of the service.

    Attributes:
        id: Its id, such as ``auth0|5eb0327cbfd7490bff55feeb``: a str, not a UUID.
        name: The full name, or the e-mail address where none was given.
        handle: The unique handle, beginning with ``@``.
        phone: The telephone number.
        email: The e-mail address.
        features_disabled: The features that are switched off (vendor's OpenAPI alone; the meaning is a guess).
        default_workspace: The workspace that the app opens first. An update sends its id alone.
        working_account: The account that new workspaces are made under (as documented; never seen on the wire). An
            update sends its id alone.
    """

    id: str
    name: str | None = None
    handle: str | None = set_by_server()
    phone: str | None = None
    email: str | None = None
    features_disabled: str | None = None
    default_workspace: Workspace | None = None
    working_account: Account | None = None


class NewProfileFields(TypedDict, total=False):
    """What can be set on a new profile, beside its name and e-mail address; `Profile` says what each is."""

    phone: str | None
    features_disabled: str | None
    default_workspace: Workspace | None
    working_account: Account | None


class ProfileFields(NewProfileFields, total=False):
    """What can be set on a profile; `Profile` says what each is."""

    name: str
    email: str


class Profiles(Group):
    """The calls on profiles: ``session.profiles``."""

    def list(self) -> Collection[Profile]:
        """Return the profiles of the caller's account: ``GET /profiles``, in one page. Nothing is sent yet."""
        return self._list("/profiles", Profile, "profiles")

    async def get(self, profile: Ref[Profile]) -> Profile:
        """Return one profile: ``GET /profiles/{profile_id}``, where ``|`` travels as ``%7C``. Repeating is safe.

        Args:
            profile: A `Profile` or its id. The id is encoded, never decoded.

        Raises:
            NotFoundError: No profile has this id, or the caller may not see it.
            InvalidArgumentError: The id cannot be one; nothing was sent.
        """
        return await self._get(f"/profiles/{id_of(profile, Profile)}", Profile)

    async def create(self, profile_id: str, *, name: str, email: str, **fields: Unpack[NewProfileFields]) -> Profile:
        """Create the caller's own profile: ``PUT /profiles/{profile_id}``. A profile that is there is replaced.

        Idempotent: a lost response is repeated.

        Args:
            profile_id: The subject of the caller's token, such as ``auth0|5eb0327cbfd7490bff55feeb``.
            name: The full name.
            email: The e-mail address.
            **fields: What else to set.

        Raises:
            ForbiddenError, BadRequestError, …: Nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Profile, {"name": name, "email": email, **fields}).new()
        return await self._create(f"/profiles/{id_of(profile_id, Profile)}", Profile, body)

    async def update(self, profile: Profile, **changes: Unpack[ProfileFields]) -> Profile:
        """Change the caller's own profile: ``PUT /profiles/{profile_id}`` of all that was read, with the changes.

        Idempotent: a lost response is repeated.

        Args:
            profile: The profile as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            ForbiddenError, BadRequestError, …: Nothing was changed.
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(profile, changes, self.get)
        # One call creates and updates; its 201 tells nothing that the caller needs.
        return await self._create(f"/profiles/{id_of(profile, Profile)}", Profile, body)

    async def set_default_workspace(self, profile: Ref[Profile], workspace: Ref[Workspace]) -> Profile:
        """Choose the workspace that the app opens first: ``PATCH /profiles/{profile_id}``. Idempotent.

        Raises:
            NotFoundError: No profile or no workspace has this id.
        """
        body = FieldValues(Profile, {"default_workspace": {"id": id_of(workspace, Workspace)}}).edit()
        return await self._edit(f"/profiles/{id_of(profile, Profile)}", Profile, body)

    async def set_working_account(self, profile: Ref[Profile], account: Ref[Account]) -> Profile:
        """Choose the account of new workspaces: ``PUT /profiles/{profile_id}/working-account/{account_id}``.

        Idempotent: a lost response is repeated.

        Raises:
            NotFoundError: No profile or no account has this id.
        """
        path = f"/profiles/{id_of(profile, Profile)}/working-account/{id_of(account, Account)}"
        return await self._object("PUT", path, Profile, Repeat.IDEMPOTENT)
