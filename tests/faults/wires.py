"""Servers that speak no good HTTP, or none at all."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from yarl import URL

from ..servers import RawServer, listening, raw_server, session_at

__all__ = [
    "RawServer",
    "Stranger",
    "Wire",
    "blackhole",
    "raw_server",
    "session_at",
    "stranger",
    "tls_client",
    "tls_server",
    "wire",
]

DATA = Path(__file__).parent / "data"

Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Stranger:
    """A port where nobody has any business.

    Attributes:
        port: Its number, on 127.0.0.1.
        visits: How often somebody connected.
    """

    def __init__(self) -> None:
        self.port = 0
        self.visits = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@contextlib.asynccontextmanager
async def stranger() -> AsyncIterator[Stranger]:
    """Listen where no client may connect; that nobody did is checked in the end."""
    somewhere = Stranger()
    listener = await asyncio.start_server(somewhere.connected, "127.0.0.1", 0)
    somewhere.port = listener.sockets[0].getsockname()[1]
    try:
        yield somewhere
        assert somewhere.visits == 0
    finally:
        listener.close()
        await listener.wait_closed()


async def carry_whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()


class Wire:
    """What lies between a client and a server: it can be slow, chop what it carries, or be cut.

    Attributes:
        port: Where the client's end is, on 127.0.0.1.
        connections: How many there were.
        cuts: How many of those to come are cut when the client has sent its first bytes.
        last_words: What the client is told before.
        sent: What clients sent, in the order in which it came.
    """

    def __init__(self, to_port: int, carry: Carry) -> None:
        self.port = 0
        self.connections = 0
        self.cuts = 0
        self.last_words = b""
        self.sent = b""
        self._to_port = to_port
        self._carry = carry

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        first = await reader.read(2**16)
        self.sent += first
        if self.cuts:
            self.cuts -= 1
            writer.write(self.last_words)
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        from_client, from_server = asyncio.StreamReader(), there
        from_client.feed_data(first)
        await asyncio.gather(
            self._listen(reader, from_client), self._one_way(from_client, back), self._one_way(from_server, writer)
        )

    async def _listen(self, reader: asyncio.StreamReader, to: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(2**16):
                self.sent += data
                to.feed_data(data)
        to.feed_eof()

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                await self._carry(reader, writer)
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def wire(to: str, carry: Carry = carry_whole, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """Put a wire before the server at a URL of 127.0.0.1; with TLS it ends there."""
    line = Wire(URL(to).port or 0, carry)
    async with listening(line.connect, tls) as line.port:
        yield line


@contextlib.contextmanager
def blackhole(host: str = "127.0.0.1") -> Iterator[int]:
    """Give a port that answers no attempt to connect, because nobody takes what waits there already."""
    if sys.platform != "linux":
        pytest.skip("elsewhere a full backlog is answered")
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"{host} is not to be had")
        listener.listen(0)
        connected = True
        while connected:
            waiting = sockets.enter_context(socket.socket(listener.family))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
            connected = bool(select.select([], [waiting], [], 0.02)[1])
        yield listener.getsockname()[1]


def tls_server(certificate: str = "here") -> ssl.SSLContext:
    """Return what a server needs for TLS with one of the certificates in `data`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / f"{certificate}.pem", DATA / "key.pem")
    return context


def tls_client(certificate: str = "here") -> ssl.SSLContext:
    """Return what a client needs that trusts one of them."""
    return ssl.create_default_context(cafile=DATA / f"{certificate}.pem")
