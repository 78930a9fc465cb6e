"""The connections: one aiohttp session for each event loop, opened on first use, closed with its loop or with us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from collections.abc import AsyncGenerator

import aiohttp

from aiomatatika.errors import SessionClosedError

__all__ = ["Pool"]

_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
# Connections of the parent process. Closing or collecting them in the child would speak on the parent's sockets.
_of_the_parent: list[object] = []


async def _close_with_its_loop(http: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await http.close()


class Pool:
    """Own connections, or a borrowed aiohttp session that is never closed here.

    Args:
        borrowed: The caller's session, or None.
    """

    def __init__(self, borrowed: aiohttp.ClientSession | None = None) -> None:
        self._borrowed = borrowed
        self._own: dict[asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[None, None]]] = {}
        self._closed = False
        _pools.add(self)

    @property
    def was_forgotten(self) -> bool:
        """Whether connections were opened and nobody has called `close`."""
        return bool(self._own) and not self._closed

    async def http(self) -> aiohttp.ClientSession:
        """Return the aiohttp session of the running loop."""
        if self._borrowed is not None:
            if self._borrowed.closed:
                raise SessionClosedError("the aiohttp session that this session borrowed is closed")
            return self._borrowed
        loop = asyncio.get_running_loop()
        own = self._own.get(loop)
        return own[0] if own and not own[0].closed else await self._open(loop)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        if self._closed:
            raise SessionClosedError("the session is closed")
        for other in list(self._own):  # a copy, because other threads open theirs meanwhile
            if other.is_closed():
                self._own.pop(other, None)
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        # A loop shuts its asynchronous generators down before it closes: the one hook that tells when that is.
        # So a session that lives on under a second `asyncio.run` leaves no socket of the first behind.
        keeper = _close_with_its_loop(http)
        self._own[loop] = (http, keeper)
        await anext(keeper)
        return http

    async def close(self) -> None:
        """Close the connections of the running loop; those of other loops are closed by these."""
        self._closed = True
        own = self._own.pop(asyncio.get_running_loop(), None)
        others, self._own = self._own, {}
        for loop, (http, _) in others.items():
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(http.close(), loop)
        if own is not None:
            with contextlib.suppress(RuntimeError):  # the loop is shutting its generators down at this moment
                await own[1].aclose()

    def _leave_to_the_parent(self) -> None:
        _of_the_parent.append(self._own)
        self._own = {}


def _after_fork() -> None:
    for pool in _pools:
        pool._leave_to_the_parent()  # noqa: SLF001  # of this module


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork)
