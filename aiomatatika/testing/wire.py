"""From an answer to bytes on a socket, whole or damaged."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import NoReturn

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from aiomatatika.testing.answers import Answer, phrase
from aiomatatika.testing.faults import Fault

__all__ = ["LastWords", "hang_up", "response"]


def hang_up(transport: asyncio.Transport, *, reset: bool) -> None:
    """Close a connection: after the bytes written so far by a FIN, or at once by an RST."""
    if not reset:
        transport.close()
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class LastWords(web.StreamResponse):
    """Any bytes, also none and also no HTTP, and the end of the connection.

    aiohttp takes a `ConnectionError` from ``prepare`` for a client that has gone, and is silent about it: that makes
    this a way to end a connection that needs none of its private parts.
    """

    def __init__(self, data: bytes = b"", *, reset: bool = False, drip: float | None = None) -> None:
        super().__init__()
        self._data = data
        self._reset = reset
        self._drip = drip

    async def prepare(self, request: web.BaseRequest) -> NoReturn:
        """Write the bytes and close the connection."""
        transport = request.transport
        if transport is not None:
            if self._drip is None:
                transport.write(self._data)
            else:
                async for byte in _byte_by_byte(self._data, self._drip):
                    if transport.is_closing():
                        break
                    transport.write(byte)
            hang_up(transport, reset=self._reset)
        raise ConnectionResetError("the server ended the connection on purpose")


class _InPieces(web.StreamResponse):
    """An answer whose body comes piece by piece. It is sent in ``prepare``: there a vanished client is no error."""

    def __init__(
        self, status: int, headers: CIMultiDict[str], pieces: AsyncIterator[bytes], length: int | None = None
    ) -> None:
        super().__init__(status=status, headers=headers)
        if length is not None:
            self.content_length = length
        self._pieces = pieces

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head and the pieces."""
        writer = await super().prepare(request)
        try:
            async for piece in self._pieces:
                await self.write(piece)
        finally:
            close = getattr(self._pieces, "aclose", None)  # a generator has it, another iterator need not
            if close is not None:
                await close()
        return writer


async def _byte_by_byte(data: bytes, pause: float) -> AsyncIterator[bytes]:
    for index in range(len(data)):
        yield data[index : index + 1]
        await asyncio.sleep(pause)


def response(answer: Answer, date: str, fault: Fault | None = None) -> web.StreamResponse:
    """Return what aiohttp is to send.

    Args:
        answer: What to say.
        date: The Date header, where the answer has none.
        fault: How to damage it.

    Raises:
        TypeError: The fault cuts a body that has no length.
    """
    body = answer.body
    headers = CIMultiDict(answer.headers)
    headers.setdefault("Date", date)
    if fault is not None and fault.cut_after is not None:
        if not isinstance(body, bytes):
            raise TypeError("cut_after cuts a body of known length, and an async iterator has none")
        data = _head(answer.status, headers, len(body)) + body[: fault.cut_after]
        return LastWords(data, reset=fault.reset, drip=fault.drip)
    if not isinstance(body, bytes):
        return _InPieces(answer.status, headers, body)
    if fault is not None and fault.drip is not None:
        return _InPieces(answer.status, headers, _byte_by_byte(body, fault.drip), len(body))
    return web.Response(status=answer.status, headers=headers, body=body)


def _head(status: int, headers: CIMultiDict[str], length: int) -> bytes:
    headers["Content-Length"] = str(length)
    lines = [f"HTTP/1.1 {status} {phrase(status)}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()
