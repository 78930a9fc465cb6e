"""What the clients of one session share, and what the transport asks of tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from aiomatatika.deployment import Deployment
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.lifetime import Lifetime
from aiomatatika.transport.pacer import Pacer
from aiomatatika.transport.retry_budget import RetryBudget
from aiomatatika.transport.urls import ApiRoot

__all__ = ["BearerToken", "SharedState", "TokenSource"]


class BearerToken(Protocol):
    """A token, as a request carries it."""

    @property
    def value(self) -> Secret:
        """The bare token."""

    @property
    def authorization(self) -> Secret:
        """The value of the Authorization header."""


class TokenSource(Protocol):
    """Where the token of each attempt comes from; `aiomatatika.auth.source` is it."""

    async def get(self, time_left: Callable[[], float], /) -> Any:
        """Return a token that is good now, or raise what kept one from coming."""

    def confirm(self, token: Any, /) -> None:
        """Note that the API has accepted a token."""

    def replace(self, refused: Any, /) -> bool:
        """Drop a token that the API refused; tell whether another attempt can help."""

    async def close(self) -> None:
        """End what is being fetched."""


class SharedState(msgspec.Struct, eq=False):
    """What the clients of one session share.

    Attributes:
        root: The root of the API, and the origin rule.
        tokens: Where the token of each attempt comes from.
        secrets: What a server's text must not repeat in an error.
        audience: The audience that tokens are requested for; None where the caller brings them.
    """

    deployment: Deployment
    root: ApiRoot
    lifetime: Lifetime
    connections: Connections
    tokens: TokenSource
    clock: Clock
    secrets: tuple[Secret, ...] = ()
    audience: str | None = None
    budget: RetryBudget = msgspec.field(default_factory=RetryBudget)
    pacer: Pacer = msgspec.field(default_factory=Pacer)

    async def close(self) -> None:
        """End the calls in flight, then the token being fetched, then the connections."""
        try:
            await self.lifetime.close()
        finally:
            try:
                await self.tokens.close()
            finally:
                await self.connections.close()
