"""The floor: asyncio streams, a request that is there as bytes, and an answer that is read and not looked at."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["Streams"]

_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Streams(Variant):
    """HTTP/1.1 by hand, over at most 100 connections."""

    does: ClassVar[str] = "bytes; nothing is checked"

    def __init__(self, url: str) -> None:
        place, _, path = url.removeprefix("http://").partition("/")
        self._host, _, port = place.partition(":")
        self._port = int(port)
        self._root = f"/{path}/api"
        self._idle: list[_Stream] = []
        self._places = asyncio.Semaphore(100)

    async def one(self) -> bytes:
        """GET one key."""
        return await self._get(self._root + ONE)

    async def page(self, size: int) -> int:
        """GET a page and count client IDs, so that the bytes are known to be there."""
        return (await self._get(f"{self._root}{PAGE}{size}")).count(b'"clientId"')

    async def _get(self, target: str) -> bytes:
        async with self._places:
            stream = self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
            reader, writer = stream
            writer.write(
                f"GET {target} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
                "Authorization: Bearer bench-token\r\nAccept: application/hal+json\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            self._idle.append(stream)
            return body

    async def close(self) -> None:
        """Close the connections."""
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()
