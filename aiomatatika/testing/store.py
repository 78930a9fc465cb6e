"""The server's data: API keys and profiles."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from aiomatatika.credentials import ClientCredentials
from aiomatatika.secret import Secret
from aiomatatika.testing.clock import ServerTime

__all__ = ["Store", "StoredKey", "StoredProfile"]

_ALPHANUMERIC = string.ascii_letters + string.digits


def _new_client_id() -> str:
    return "".join(_ALPHANUMERIC[byte % len(_ALPHANUMERIC)] for byte in secrets.token_bytes(32))


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=(nanoseconds + 500) // 1_000)


@dataclass(slots=True, eq=False)
class StoredKey:
    """An API key as the server keeps it.

    Attributes:
        id: Its id.
        name: Its name.
        client_id: 32 letters and digits.
        client_secret: 64 characters, which the server shows once and goes on to know.
        profile_id: Its owner.
        created_ns: When it was made, in nanoseconds since 1970.
        last_modified_ns: When it was last written.
        extra: Members of the client's JSON that the server does not know.
        usable_from: When the token endpoint begins to accept it (`ServerTime.elapsed`).
        built_in: It came with the server.
    """

    id: UUID
    name: str
    client_id: str
    client_secret: Secret = field(repr=False)
    profile_id: str
    created_ns: int = field(repr=False)
    last_modified_ns: int = field(repr=False)
    extra: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    usable_from: float = field(default=0.0, repr=False)
    built_in: bool = False

    @property
    def credentials(self) -> ClientCredentials:
        """The key as a client uses it."""
        return ClientCredentials(self.client_id, self.client_secret)

    @property
    def created(self) -> datetime:
        """When it was made, rounded to microseconds as the API's database does."""
        return _moment(self.created_ns)

    @property
    def last_modified(self) -> datetime:
        """When it was last written, rounded likewise."""
        return _moment(self.last_modified_ns)


@dataclass(slots=True, eq=False)
class StoredProfile:
    """A person's profile as the server keeps it.

    Attributes:
        id: ``auth0|`` and 24 hexadecimal digits.
        name: The full name.
        handle: A short name, with its ``@``.
        email: The e-mail address.
        extra: Other members of its JSON.
    """

    id: str
    name: str
    handle: str
    email: str
    extra: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def member(self) -> dict[str, Any]:
        """The profile as other resources hold it: without e-mail and links."""
        return {"id": self.id, "name": self.name, "handle": self.handle}


class Store:
    """The server's tables. A new one holds one profile and its key named "default".

    The tables are replaced, never changed: what a reader in another thread is walking through stays as it is.

    Args:
        time: The server's time.
        new_key_delay: For how many seconds a key made by `create_key` is not yet accepted.
        credentials: The credentials of the built-in key; random ones where none are given.
    """

    def __init__(self, time: ServerTime, new_key_delay: float, credentials: ClientCredentials | None = None) -> None:
        self._time = time
        self._new_key_delay = new_key_delay
        self._keys: dict[UUID, StoredKey] = {}
        self._by_client_id: dict[str, StoredKey] = {}
        self._profiles: dict[str, StoredProfile] = {}
        self._key_number = 0
        self.profile_id: str = self.add_profile().id
        self.default_key: StoredKey = self._new_key("default", None, credentials)
        self.default_key.built_in = True
        self._keep([self.default_key])

    @property
    def keys(self) -> Mapping[UUID, StoredKey]:
        """The keys by id, in the order in which they were made, as they are now."""
        return MappingProxyType(self._keys)

    @property
    def profiles(self) -> Mapping[str, StoredProfile]:
        """The profiles by id, as they are now."""
        return MappingProxyType(self._profiles)

    def key_of_client(self, client_id: str) -> StoredKey | None:
        """Return the key that has this client ID."""
        return self._by_client_id.get(client_id)

    def new_id(self) -> UUID:
        """Return an id for a draft. Nothing is stored."""
        return uuid4()

    def add_profile(self) -> StoredProfile:
        """Make a profile."""
        number = len(self._profiles) + 1
        profile = StoredProfile(
            f"auth0|{secrets.token_hex(12)}", f"Person {number}", f"@person{number}", f"person{number}@example.com"
        )
        self.keep_profile(profile)
        return profile

    def keep_profile(self, profile: StoredProfile) -> None:
        """Store a profile."""
        self._profiles = {**self._profiles, profile.id: profile}

    def add_key(self, name: str, *, id: UUID | None = None) -> StoredKey:
        """Make a key that can be used at once."""
        key = self._new_key(name, id)
        self._keep([key])
        return key

    def add_numbered_keys(self, prefix: str, count: int) -> list[StoredKey]:
        """Make so many keys, with names that are unique and sort by number."""
        first = self._key_number + 1
        self._key_number += count
        keys = [self._new_key(f"{prefix}-{number:05}") for number in range(first, first + count)]
        self._keep(keys)
        return keys

    def create_key(self, id: UUID, name: str, extra: dict[str, Any]) -> StoredKey:
        """Make a key as the API does: it cannot be used before `new_key_delay` has passed."""
        key = self._new_key(name, id)
        key.extra = extra
        key.usable_from = self._time.elapsed() + self._new_key_delay if self._new_key_delay else 0.0
        self._keep([key])
        return key

    def update_key(self, key: StoredKey, name: str, extra: dict[str, Any]) -> None:
        """Replace a key's members: those that the client did not send are gone, as after any PUT."""
        key.name = name
        key.extra = extra
        key.last_modified_ns = self._time.stamp()

    def delete_key(self, key: StoredKey) -> None:
        """Delete a key. Tokens issued to it stay valid until they expire, as signed tokens do."""
        self._keys = {id: other for id, other in self._keys.items() if id != key.id}
        del self._by_client_id[key.client_id]

    def _new_key(self, name: str, id: UUID | None = None, credentials: ClientCredentials | None = None) -> StoredKey:
        stamp = self._time.stamp()
        return StoredKey(
            id=id or self.new_id(),
            name=name,
            client_id=credentials.client_id if credentials else _new_client_id(),
            client_secret=credentials.client_secret if credentials else Secret(secrets.token_urlsafe(48)),
            profile_id=self.profile_id,
            created_ns=stamp,
            last_modified_ns=stamp + 214,  # those of a real, fresh object differ, too
        )

    def _keep(self, keys: list[StoredKey]) -> None:
        self._keys = self._keys | {key.id: key for key in keys}
        self._by_client_id |= {key.client_id: key for key in keys}
