"""A download as a file that another thread reads: pyarrow pulls, the event loop brings."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from aiomatatika import Download

T = TypeVar("T")


async def read_in_thread(download: Download, work: Callable[[PulledFile], T]) -> T:
    """Call a function with the download as a file, in a thread, and return what it returns.

    It sees every error of the download, so that it never takes a body that was cut for a whole one. When this is
    cancelled its next reading fails, and only then does this end.
    """
    async with download as pieces:
        file = PulledFile(pieces, asyncio.get_running_loop())
        thread = asyncio.ensure_future(asyncio.to_thread(work, file))
        try:
            return await asyncio.shield(thread)
        finally:
            file.abandon()
            await asyncio.gather(thread, return_exceptions=True)


class PulledFile(io.RawIOBase):
    """The file. It asks for a piece when it has none left, so that no more than that waits in memory.

    Attributes:
        pulled: How many bytes have come.
    """

    def __init__(self, pieces: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self.pulled = 0
        self._pieces = pieces
        self._loop = loop
        self._rest = b""
        self._pulling: concurrent.futures.Future[bytes] | None = None
        self._is_abandoned = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, fewer only at the end."""
        taken = self.peek(size)
        self._rest = self._rest[len(taken) :]
        return taken

    def peek(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end, and leave them there."""
        parts, have = [self._rest], len(self._rest)
        while (size < 0 or have < size) and (piece := self._pull()):
            parts.append(piece)
            have += len(piece)
        self._rest = b"".join(parts)
        return self._rest if size < 0 else self._rest[:size]

    def abandon(self) -> None:
        """Make the reading thread fail, at once where it waits."""
        self._is_abandoned = True
        if self._pulling is not None:
            self._pulling.cancel()

    def _pull(self) -> bytes:
        self._pulling = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
        piece = self._pulling.result()
        self.pulled += len(piece)
        return piece

    async def _next(self) -> bytes:
        if self._is_abandoned:
            raise OSError("the reading was given up")
        return await anext(self._pieces, b"")
