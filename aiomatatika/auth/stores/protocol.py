"""What a token store is: three methods, and the token that they pass around."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from aiomatatika.secret import Secret

__all__ = ["StoredToken", "TokenStore"]


class StoredToken(msgspec.Struct, frozen=True):
    """A token as it is shared.

    Attributes:
        value: The bare token.
        issued_at: When it was asked for, in seconds since 1970 (UTC).
        lifetime: Its seconds from then on.
    """

    value: Secret
    issued_at: float
    lifetime: float


class TokenStore(Protocol):
    """Where tokens are shared. Any object with these three methods is one.

    A key is a digest that says whose token it is: of the token endpoint, the client ID and the audience. Whatever a
    method raises costs a WARNING and no call: the token is fetched as if there were no store. So does a method that
    takes longer than 2 s, `lock` aside.
    """

    async def load(self, key: str, /) -> StoredToken | None:
        """Return the token of a key; None where there is none, or what is there cannot be read."""

    async def save(self, key: str, token: StoredToken, replaces: StoredToken | None, /) -> None:
        """Keep the token of a key, unless the store holds another one by now than the one that it replaces.

        Args:
            key: Whose token it is.
            token: The token that was just fetched.
            replaces: What `load` returned before it was fetched.
        """

    def lock(self, key: str, within: float, /) -> AbstractAsyncContextManager[object]:
        """Return a lock that one process at a time holds while it fetches the token of a key.

        It goes to the next when its holder dies, and is not waited for any longer than ``within`` seconds: then the
        block runs all the same.
        """
