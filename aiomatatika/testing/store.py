"""What the server knows: API keys and profiles."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator, Mapping
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
        client_secret: 64 characters; the server forgets to tell it after the first answer, not to know it.
        profile_id: Its owner.
        created_ns: When it was made, in nanoseconds since 1970.
        last_modified_ns: When it was last written.
        extra: Members of the client's JSON that the server knows nothing of.
        usable_from: From when on the token endpoint accepts it (`ServerTime.elapsed`).
        built_in: It is the one that came with the server.
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
        """When it was made, rounded to microseconds as in what the API reads back."""
        return _moment(self.created_ns)

    @property
    def last_modified(self) -> datetime:
        """When it was last written, rounded likewise."""
        return _moment(self.last_modified_ns)


@dataclass(slots=True, eq=False)
class StoredProfile:
    """A person's profile as the server keeps it."""

    id: str
    name: str
    handle: str
    email: str


class Store:
    """The server's tables. A new one holds one profile and its key named "default".

    Args:
        time: The server's time.
        new_key_delay: For how many seconds a key made by `create_key` is not yet accepted.
    """

    def __init__(self, time: ServerTime, new_key_delay: float) -> None:
        self._time = time
        self._new_key_delay = new_key_delay
        self._keys: dict[UUID, StoredKey] = {}
        self._by_client_id: dict[str, StoredKey] = {}
        self._profiles: dict[str, StoredProfile] = {}
        self._key_number = 0
        self.profile_id: str = self.add_profile().id
        self.default_key: StoredKey = self.add_key("default", built_in=True)

    @property
    def keys(self) -> Mapping[UUID, StoredKey]:
        """The keys by id, in the order of their making. It is live, and read-only."""
        return MappingProxyType(self._keys)

    @property
    def profiles(self) -> Mapping[str, StoredProfile]:
        """The profiles by id. It is live, and read-only."""
        return MappingProxyType(self._profiles)

    def key_of_client(self, client_id: str) -> StoredKey | None:
        """Return the key that has this client ID."""
        return self._by_client_id.get(client_id)

    def new_id(self) -> UUID:
        """Return an id for a template. Nothing is stored."""
        return uuid4()

    def add_profile(self) -> StoredProfile:
        """Make a profile."""
        number = len(self._profiles) + 1
        profile = StoredProfile(
            f"auth0|{secrets.token_hex(12)}", f"Person {number}", f"@person{number}", f"person{number}@example.com"
        )
        self._profiles[profile.id] = profile
        return profile

    def numbered_names(self, prefix: str, count: int) -> Iterator[str]:
        """Give out names that no other call gave out, and that sort as they are numbered."""
        for _ in range(count):
            self._key_number += 1
            yield f"{prefix}-{self._key_number:05}"

    def add_key(
        self, name: str, *, id: UUID | None = None, extra: dict[str, Any] | None = None, built_in: bool = False
    ) -> StoredKey:
        """Make a key that can be used at once."""
        stamp = self._time.stamp()
        key = StoredKey(
            id=id or self.new_id(),
            name=name,
            client_id=_new_client_id(),
            client_secret=Secret(secrets.token_urlsafe(48)),
            profile_id=self.profile_id,
            created_ns=stamp,
            last_modified_ns=stamp + 214,  # the real ones of a fresh object are not equal either
            extra=extra or {},
            built_in=built_in,
        )
        self._keys[key.id] = key
        self._by_client_id[key.client_id] = key
        return key

    def create_key(self, id: UUID, name: str, extra: dict[str, Any]) -> StoredKey:
        """Make a key as the API does: it cannot be used before `new_key_delay` has passed."""
        key = self.add_key(name, id=id, extra=extra)
        key.usable_from = self._time.elapsed() + self._new_key_delay if self._new_key_delay else 0.0
        return key

    def update_key(self, key: StoredKey, name: str, extra: dict[str, Any]) -> None:
        """Write a key anew: what the client did not send is gone, as after any PUT."""
        key.name = name
        key.extra = extra
        key.last_modified_ns = self._time.stamp()

    def delete_key(self, key: StoredKey) -> None:
        """Forget a key. Tokens that it got stay good until they expire, as signed tokens do."""
        del self._keys[key.id]
        del self._by_client_id[key.client_id]
