"""Profiles: the users of the service ("Profiles" page of the API reference)."""

from __future__ import annotations

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.group import Group, id_of

__all__ = ["Profile", "Profiles"]


@attrs.frozen(kw_only=True)
class Profile(HalResource):
    """A user of the service.

    Attributes:
        id: Its id, such as ``auth0|5eb0327cbfd7490bff55feeb``: a str, not a UUID.
        name: The full name, or the e-mail address where none was given.
        handle: The unique handle, beginning with ``@``.
        phone: The telephone number.
        email: The e-mail address.
        features_disabled: The features that are switched off.
        default_workspace: The workspace that the app opens first.
        working_account: The account that new workspaces are made under.
    """

    id: str
    name: str | None = None
    handle: str | None = None
    phone: str | None = None
    email: str | None = None
    features_disabled: str | None = None
    default_workspace: HalResource | None = None
    working_account: HalResource | None = None


class Profiles(Group):
    """The calls on profiles: ``session.profiles``."""

    def list(self) -> Collection[Profile]:
        """Return the profiles of the caller's account: ``GET /profiles``, in one page. Nothing is sent yet."""
        return self._list("/profiles", Profile, "profiles")

    async def get(self, profile: Profile | str) -> Profile:
        """Return one profile: ``GET /profiles/{profile_id}``, where ``|`` travels as ``%7C``. Repeating is safe.

        Args:
            profile: A `Profile` or its id. The id is encoded, never decoded.

        Raises:
            NotFoundError: No profile has this id, or the caller may not see it.
            InvalidArgumentError: The id cannot be one; nothing was sent.
        """
        return await self._get(f"/profiles/{id_of(profile, Profile)}", Profile)
