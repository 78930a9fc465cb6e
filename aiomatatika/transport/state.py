"""What the clients of one session share: connections, token, retry budget, and whether it is closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import msgspec

from aiomatatika.credentials import ClientCredentials
from aiomatatika.deployment import Deployment
from aiomatatika.errors import ConfigurationError, SessionClosedError
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock
from aiomatatika.transport.grants import ClientCredentialsGrant
from aiomatatika.transport.pool import Pool
from aiomatatika.transport.retry import RetryBudget
from aiomatatika.transport.tokens import TokenSource
from aiomatatika.transport.urls import ApiRoot

__all__ = ["SharedState"]

# Seconds that `close` waits: for calls whose answer is the only sight of a secret, then for all others to unwind.
_SECRET_GRACE = 4.0
_UNWIND_TIMEOUT = 0.5


class SharedState(msgspec.Struct, eq=False):
    """What the clients of one session share."""

    deployment: Deployment
    root: ApiRoot
    pool: Pool
    tokens: TokenSource
    clock: Clock
    user_agent: str
    grant_for: Callable[[ClientCredentials], ClientCredentialsGrant]
    client_id: str | None = None
    secrets: tuple[Secret, ...] = ()
    budget: RetryBudget = msgspec.field(default_factory=RetryBudget)
    closed: bool = False
    _in_flight: dict[asyncio.Timeout, tuple[asyncio.AbstractEventLoop, bool]] = msgspec.field(default_factory=dict)

    def check_open(self) -> None:
        """Raise `SessionClosedError` after `close`."""
        if self.closed:
            raise SessionClosedError("the session is closed")

    def check_can_grant(self) -> None:
        """Raise `ConfigurationError` where no token can be asked for with an API key."""
        if self.deployment.token_url is None:
            raise ConfigurationError("no token_url is known: whether a new key is accepted yet cannot be found out")

    @contextlib.contextmanager
    def in_flight(self, limit: asyncio.Timeout, *, protected: bool = False) -> Iterator[None]:
        """Let `close` bring the limit of the block forward.

        Args:
            limit: What the block runs under.
            protected: `close` gives it some seconds first.

        Raises:
            SessionClosedError: The session is closed already.
        """
        self.check_open()
        self._in_flight[limit] = (asyncio.get_running_loop(), protected)
        try:
            yield
        finally:
            self._in_flight.pop(limit, None)

    async def close(self) -> None:
        """End the calls in flight, but let one that brings a secret finish within 4 s; then close the connections."""
        self.closed = True
        try:
            self._expire(protected=False)
            await self._wait_for_calls(_SECRET_GRACE)
            self._expire(protected=True)
            await self._wait_for_calls(_UNWIND_TIMEOUT)
        finally:
            try:
                await self.tokens.close()
            finally:
                await self.pool.close()

    def _expire(self, *, protected: bool) -> None:
        here = asyncio.get_running_loop()
        for limit, (loop, is_protected) in list(self._in_flight.items()):
            if is_protected and not protected:
                continue
            if loop is here:
                _expire_now(limit)
            elif loop.is_running():
                loop.call_soon_threadsafe(_expire_now, limit)

    async def _wait_for_calls(self, seconds: float) -> None:
        here = asyncio.get_running_loop()
        end = here.time() + seconds
        # An event would cost each of a million calls to speed up one close.
        # A copy, because calls of other threads leave meanwhile.
        while any(loop is here for loop, _ in list(self._in_flight.values())) and here.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def _expire_now(limit: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # it has expired by itself
        limit.reschedule(0.0)
