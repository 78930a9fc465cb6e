"""The connections: one aiohttp session for each event loop, opened on first use, closed with its loop or with us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, NoReturn

import aiohttp
import msgspec

from aiomatatika.transport.borrowed import BorrowedSession
from aiomatatika.transport.exchange import Attempt, exchange, standard_headers
from aiomatatika.transport.failure import NoResponse
from aiomatatika.transport.freed_memory import keep_freed_memory
from aiomatatika.transport.lifetime import Lifetime
from aiomatatika.transport.message import Response
from aiomatatika.transport.places import Places
from aiomatatika.transport.streamed_body import StreamedBody
from aiomatatika.transport.streamed_exchange import streamed_exchange

__all__ = ["Connections", "LoopSession"]

_LIMIT = 100
_all_connections: weakref.WeakSet[Connections] = weakref.WeakSet()
# Connections of the parent process. Closing or collecting them in the child would speak on the parent's sockets.
_of_the_parent: list[object] = []


async def _close_with_its_loop(http: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await http.close()


class LoopSession(msgspec.Struct, frozen=True, eq=False):
    """The aiohttp session of one event loop.

    Attributes:
        http: The session.
        headers: What every request has that the session does not add by itself.
        places: Who may use its connections; None: aiohttp alone knows.
        keeper: Closes it with its loop.
    """

    http: aiohttp.ClientSession
    headers: Mapping[str, str] = {}
    places: Places | None = None
    keeper: AsyncGenerator[None, None] | None = None

    def exchange(self, attempt: Attempt) -> Coroutine[Any, Any, Response | NoResponse]:
        """Send a request over one of its connections and read its response: see `exchange`. To be awaited at once.

        Raises:
            OSError: A file of the request's body cannot be read.
            Exception: What an iterator raised that the body is read from.
        """
        body = attempt.request.body
        if isinstance(body, StreamedBody):
            return streamed_exchange(self.http, attempt, body, self.headers)
        return exchange(self.http, attempt, self.headers)


class Connections:
    """Own connections, or a borrowed aiohttp session that is never closed here.

    Args:
        lifetime: Says whether the session is still open.
        user_agent: The User-Agent header of every request.
        borrowed: The caller's aiohttp session, or None.

    Raises:
        ConfigurationError: The borrowed session has a setting that would spoil our requests.
    """

    def __init__(self, lifetime: Lifetime, user_agent: str, borrowed: aiohttp.ClientSession | None = None) -> None:
        self._lifetime = lifetime
        self._headers = standard_headers(user_agent)
        self._borrowed = None if borrowed is None else BorrowedSession(borrowed)
        self._of_borrowed = None if borrowed is None else LoopSession(borrowed, self._headers)
        self._own: dict[asyncio.AbstractEventLoop, LoopSession] = {}
        keep_freed_memory()
        _all_connections.add(self)

    @property
    def was_forgotten(self) -> bool:
        """Whether connections were opened and nobody has called `close`."""
        return bool(self._own) and not self._lifetime.closed

    def check_loop(self) -> None:
        """Raise `ConfigurationError` where a borrowed session belongs to another event loop than the running one."""
        if self._borrowed is not None:
            self._borrowed.check_loop()

    def opened(self) -> LoopSession | None:
        """Return the aiohttp session of the running loop; None: `open` it.

        Raises:
            ConfigurationError: The borrowed aiohttp session belongs to another loop.
            SessionClosedError: The aiohttp session that was borrowed is closed.
        """
        if self._of_borrowed is not None:
            self.check_loop()
            self.check_open(self._of_borrowed)
            return self._of_borrowed
        own = self._own.get(asyncio.get_running_loop())
        return own if own and not own.http.closed else None

    def check_open(self, opened: LoopSession) -> None:
        """Raise `SessionClosedError` where the session is closed, or the aiohttp session."""
        self._lifetime.check_open(opened.http)

    async def open(self) -> LoopSession:
        """Open an aiohttp session for the running loop.

        Raises:
            SessionClosedError: The session is closed.
        """
        self._lifetime.check_open()
        loop = asyncio.get_running_loop()
        for other in list(self._own):  # a copy, because other threads open theirs meanwhile
            if other.is_closed():
                self._own.pop(other, None)
        connector = aiohttp.TCPConnector(limit=_LIMIT)
        http = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, headers=self._headers
        )
        # A loop shuts its asynchronous generators down before it closes: the one hook that tells when that is.
        # So a session that lives on under a second `asyncio.run` leaves no socket of the first behind.
        keeper = _close_with_its_loop(http)
        own = self._own[loop] = LoopSession(http, places=Places(_LIMIT), keeper=keeper)
        await anext(keeper)
        return own

    async def close(self) -> None:
        """Close the connections of the running loop; those of other loops are closed by these."""
        own = self._own.pop(asyncio.get_running_loop(), None)
        others, self._own = self._own, {}
        for loop, other in others.items():
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(other.http.close(), loop)
        if own is not None and own.keeper is not None:
            with contextlib.suppress(RuntimeError):  # the loop is shutting its generators down at this moment
                await own.keeper.aclose()

    def __getstate__(self) -> NoReturn:
        # Not `__reduce__`, after which some serialisers go on to walk the parts: they would come upon the event loop,
        # and upon all that hangs on it.
        raise TypeError("the connections of a session do not pickle or copy")

    def leave_to_the_parent(self) -> None:
        """Forget the connections in a forked child: they are the parent's."""
        _of_the_parent.append(self._own)
        self._own = {}


def _after_fork() -> None:
    for connections in _all_connections:
        connections.leave_to_the_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork)
