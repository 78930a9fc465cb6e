"""Whether the session is open, and what is in flight on it: "closed" is held here and raised from here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from aiohttp import ClientSession

from aiomatatika.errors import SessionClosedError

__all__ = ["Lifetime"]

_logger = logging.getLogger(__name__)

# Seconds that `close` waits: for what brings a one-time secret, then for everything else to unwind.
_SECRET_GRACE = 4.0
_UNWIND_TIMEOUT = 0.5
_POLL_INTERVAL = 0.005


class _InFlight(msgspec.Struct, eq=False):
    """Work that `close` ends or waits for.

    Attributes:
        loop: Where it runs.
        limit: What ends it; None: nothing does, it ends by itself.
        secret: What it makes, where it brings a one-time secret ("API key 1b2c…"); None: it brings none.
        task: What it runs in, where it has no limit.
    """

    loop: asyncio.AbstractEventLoop
    limit: asyncio.Timeout | None
    secret: str | None
    task: asyncio.Task[Any] | None


class Lifetime:
    """Open until `close`; knows every call that is in flight, in whatever event loop."""

    __slots__ = ("_in_flight", "closed")

    def __init__(self) -> None:
        self.closed: bool = False
        self._in_flight: dict[int, _InFlight] = {}

    def check_open(self, http: ClientSession | None = None) -> None:
        """Raise `SessionClosedError` after `close`, and where the aiohttp session in use is closed."""
        if self.closed:
            raise SessionClosedError("the session is closed")
        if http is not None and http.closed:
            raise SessionClosedError("the aiohttp session given as http= is closed")

    @contextlib.contextmanager
    def in_flight(self, limit: asyncio.Timeout | None, *, secret: str | None = None) -> Iterator[None]:
        """Let `close` end the block by its limit.

        Args:
            limit: The timeout that the block runs under; None: the block ends by itself, `close` only waits for it.
            secret: What the block makes, where its result holds a one-time secret: `close` gives it 4 s first.

        Raises:
            SessionClosedError: The session is closed already, and the block has a limit.
        """
        if limit is not None:
            self.check_open()
        task = asyncio.current_task() if limit is None else None
        work = _InFlight(asyncio.get_running_loop(), limit, secret, task)
        self._in_flight[id(work)] = work
        try:
            yield
        finally:
            self._in_flight.pop(id(work), None)

    async def close(self) -> None:
        """Refuse new calls; end those in flight, but let one that brings a one-time secret finish within 4 s.

        What has not finished by then, or runs in a loop that stands still, is named in the log.
        """
        self.closed = True
        self._expire(secrets=False)
        await self._wait(_SECRET_GRACE, lambda work: work.secret is not None)
        for secret in dict.fromkeys(work.secret for work in self._others() if work.secret is not None):
            _logger.warning(
                "the session was closed before the creation of %s had ended: look whether it exists", secret
            )
        self._expire(secrets=True)
        await self._wait(_UNWIND_TIMEOUT, lambda work: work.limit is not None)

    def _others(self) -> list[_InFlight]:
        # A copy, because calls of other threads come and go meanwhile. A sink may close the session: it waits for us.
        here = asyncio.current_task()
        return [work for work in list(self._in_flight.values()) if work.task is None or work.task is not here]

    def _expire(self, *, secrets: bool) -> None:
        here = asyncio.get_running_loop()
        for work in self._others():
            if work.limit is None or (work.secret is not None and not secrets):
                continue
            if work.loop is here:
                _expire_now(work.limit)
            else:
                with contextlib.suppress(RuntimeError):  # that loop is closed
                    work.loop.call_soon_threadsafe(_expire_now, work.limit)

    async def _wait(self, seconds: float, is_awaited: Callable[[_InFlight], bool]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        # An event would cost each of a million calls to speed up one close. A loop that stands still ends no call.
        while any(work.loop.is_running() and is_awaited(work) for work in self._others()) and loop.time() < end:  # noqa: ASYNC110  # see above
            await asyncio.sleep(_POLL_INTERVAL)


def _expire_now(limit: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # it has expired by itself
        limit.reschedule(0.0)
