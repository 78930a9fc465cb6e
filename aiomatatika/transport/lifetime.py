"""Whether the session is open, and what is in flight on it: "closed" is held here and raised from here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import NoReturn

from aiohttp import ClientSession

from aiomatatika.errors import SessionClosedError
from aiomatatika.transport.work import LoopWork, Work

__all__ = ["Lifetime"]

_logger = logging.getLogger(__name__)

# Seconds that `close` waits: for what brings a one-time secret, then for everything else to unwind.
_SECRET_GRACE = 4.0
_UNWIND_TIMEOUT = 0.5
_POLL_INTERVAL = 0.005


class Lifetime:
    """Open until `close`; knows every call that is in flight, in whatever event loop."""

    __slots__ = ("_loops", "closed")

    def __init__(self) -> None:
        self.closed: bool = False
        self._loops: dict[asyncio.AbstractEventLoop, LoopWork] = {}

    def check_open(self, http: ClientSession | None = None) -> None:
        """Raise `SessionClosedError` after `close`, and where the aiohttp session in use is closed."""
        if self.closed:
            raise SessionClosedError("the session is closed")
        if http is not None and http.closed:
            raise SessionClosedError("the aiohttp session given as http= is closed")

    def in_flight(self, seconds: float | None, *, secret: str | None = None) -> Work:
        """Return a context manager whose block ends after so many seconds, or by `close`, with a `TimeoutError`.

        Args:
            seconds: The limit of the block; None: the block ends by itself, `close` only waits for it.
            secret: What the block makes, where its result holds a one-time secret: `close` gives it 4 s first.

        Raises:
            SessionClosedError: The session is closed already, and the block has a limit.
        """
        loop = asyncio.get_running_loop()
        work = self._loops.get(loop) or self._loop_work(loop)
        if seconds is None:
            return Work(work, None, secret)
        if self.closed:
            self.check_open()
        return Work(work, loop.time() + seconds, secret)

    def _loop_work(self, loop: asyncio.AbstractEventLoop) -> LoopWork:
        for other in list(self._loops):  # a copy, because other threads add theirs meanwhile
            if other.is_closed():
                self._loops.pop(other, None)
        work = self._loops[loop] = LoopWork(loop)
        return work

    def __getstate__(self) -> NoReturn:
        # As of `Connections`: a serialiser that walks on comes upon the event loops, and upon all that hangs on them.
        raise TypeError("what a session has in flight does not pickle or copy")

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
        await self._wait(_UNWIND_TIMEOUT, lambda work: not work.ends_by_itself)
        own = self._loops.get(asyncio.get_running_loop())
        if own is not None:
            own.stop()

    def _others(self) -> list[Work]:
        # Copies, because calls of other threads come and go meanwhile. A sink may close the session: it waits for us.
        blocks = [work for each in list(self._loops.values()) for work in list(each.blocks)]
        return [work for work in blocks if not (work.ends_by_itself and work.is_own)]

    def _expire(self, *, secrets: bool) -> None:
        here = asyncio.get_running_loop()
        for work in self._others():
            if work.ends_by_itself or (work.secret is not None and not secrets):
                continue
            if work.loop is here:
                work.end_now()
            else:
                with contextlib.suppress(RuntimeError):  # that loop is closed
                    work.loop.call_soon_threadsafe(work.end_now)

    async def _wait(self, seconds: float, is_awaited: Callable[[Work], bool]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        # An event would cost each of a million calls to speed up one close. A loop that stands still ends no call.
        while any(work.loop.is_running() and is_awaited(work) for work in self._others()) and loop.time() < end:  # noqa: ASYNC110  # see above
            await asyncio.sleep(_POLL_INTERVAL)
