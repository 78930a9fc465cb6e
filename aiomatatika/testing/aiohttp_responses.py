"""From a `ServerResponse` to what aiohttp sends, whole or damaged."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import NoReturn

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from aiomatatika.testing.faults import Fault
from aiomatatika.testing.responses import ServerResponse, reason_phrase

__all__ = ["ClosingResponse", "aiohttp_response", "close_connection"]


def close_connection(transport: asyncio.Transport, *, reset: bool) -> None:
    """Close a connection: by a FIN after the bytes written so far, or at once by an RST."""
    if not reset:
        transport.close()
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class ClosingResponse(web.StreamResponse):
    """Any bytes, HTTP or not, and the end of the connection.

    aiohttp takes a `ConnectionError` from ``prepare`` for a client that has gone, and says nothing: this ends a
    connection without touching aiohttp's private parts.
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
            close_connection(transport, reset=self._reset)
        raise ConnectionResetError("the server closed the connection on purpose")


class _PiecewiseResponse(web.StreamResponse):
    """A response whose body comes piece by piece, all of it in ``prepare``: there, a client may leave unnoticed."""

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
                await asyncio.sleep(0)  # a client in the same loop reads meanwhile
        finally:
            close = getattr(self._pieces, "aclose", None)  # generators have it, other iterators need not
            if close is not None:
                await close()
        return writer


async def _byte_by_byte(data: bytes, pause: float) -> AsyncIterator[bytes]:
    for index in range(len(data)):
        yield data[index : index + 1]
        await asyncio.sleep(pause)


def aiohttp_response(response: ServerResponse, date: str, fault: Fault | None = None) -> web.StreamResponse:
    """Return what aiohttp is to send.

    Args:
        response: The response.
        date: The Date header, where the response has none.
        fault: How to damage it.

    Raises:
        TypeError: The fault cuts a body of unknown length.
    """
    body = response.body
    headers = CIMultiDict(response.headers)
    headers.setdefault("Date", date)
    if fault is not None and fault.cut_after is not None:
        if not isinstance(body, bytes):
            raise TypeError("cut_after cuts a body of known length, which an async iterator does not have")
        data = _head(response.status, headers, len(body)) + body[: fault.cut_after]
        return ClosingResponse(data, reset=fault.reset, drip=fault.drip)
    if not isinstance(body, bytes):
        return _PiecewiseResponse(response.status, headers, body)
    if fault is not None and fault.drip is not None:
        return _PiecewiseResponse(response.status, headers, _byte_by_byte(body, fault.drip), len(body))
    return web.Response(status=response.status, headers=headers, body=body)


def _head(status: int, headers: CIMultiDict[str], length: int) -> bytes:
    headers["Content-Length"] = str(length)
    status_line = f"HTTP/1.1 {status} {reason_phrase(status)}"
    return "\r\n".join([status_line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
