"""Connections in memory. Of TCP they have order, FIN, RST and half-open ends; not the window: writers never pause."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import zlib
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .loop import VirtualLoop

__all__ = ["Kind", "Listener", "Transport", "UnrealSocket", "Weather", "connect"]

Kind = Literal["open", "data", "fin", "rst"]


@dataclass
class Weather:
    """What the network does. Shares are of the connections or of the segments."""

    delay: float = 0.02  # mean seconds of one way
    slow: float = 0.0  # share that takes up to 20 s: a proxy's queue, a kernel's retransmissions
    cut: float = 0.2  # share of the writes that arrive in pieces
    refuse: float = 0.0
    hang: float = 0.0  # share of the connections that are neither accepted nor refused
    reset: float = 0.0
    stall: float = 0.0  # share after which nothing arrives any more, in one direction or both


class UnrealSocket:
    """What aiohttp and the server ask of a socket."""

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, 0

    def __init__(self, name: tuple[str, int]) -> None:
        self._name = name
        self.lingers = False

    def getsockname(self) -> tuple[str, int]:
        return self._name

    def setsockopt(self, level: int, option: int, value: object) -> None:
        self.lingers |= (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)

    def close(self) -> None:
        pass


class Listener:
    """The server's port."""

    def __init__(self, loop: VirtualLoop, factory: Any, name: tuple[str, int]) -> None:
        self._listeners, self.factory, self.name = loop.listeners, factory, name
        self._listeners[name] = self

    def close(self) -> None:
        del self._listeners[self.name]

    def is_open(self) -> bool:
        return self._listeners.get(self.name) is self


class _Way:
    """One direction of a connection. What arrives, arrives in order; after a fault perhaps nothing does."""

    def __init__(self, loop: VirtualLoop, name: str, seed: int) -> None:
        self._loop, self.name, self._rng = loop, name, random.Random(f"{seed}/{name}")
        self._queue: deque[tuple[Kind, bytes]] = deque()
        self._last = 0.0
        self.is_dead = False
        self.end: Transport

    def write(self, data: bytes) -> None:
        cuts = [0, len(data)]
        if len(data) > 1 and self._rng.random() < self._loop.weather.cut:
            cuts += [self._rng.randrange(1, len(data)) for _ in range(self._rng.choice((1, 1, 2, 5)))]
        cuts.sort()
        for start, end in pairwise(cuts):
            if start < end:
                self.send("data", data[start:end])

    def send(self, kind: Kind, data: bytes = b"") -> None:
        if kind == "rst":  # overtakes what is under way, and whoever gets it drops that
            self._queue.clear()
        weather, rng = self._loop.weather, self._rng
        wait = rng.uniform(0, 20) if rng.random() < weather.slow else rng.expovariate(1 / weather.delay)
        self._last = max(self._last, self._loop.time() + wait)
        self._queue.append((kind, data))
        self._loop.call_at(self._last, self._arrive)

    def _arrive(self) -> None:
        if self.is_dead or not self._queue:
            return
        weather, chance = self._loop.weather, self._rng.random()
        if chance < weather.reset:
            self._loop.note(f"{self.name} is reset")
            self.is_dead = self.end.way.is_dead = True
            self.end.reset()
            self.end.other.reset()
        elif chance < weather.reset + weather.stall:
            self.is_dead = True
            self.end.way.is_dead |= (both := self._rng.random() < 0.5)
            self._loop.note(f"{self.name} falls silent{', both ways' if both else ''}")
        else:
            kind, data = self._queue.popleft()
            self._loop.note_segment(f"{self.name} {kind} {len(data)} {zlib.crc32(data):08x}")
            self.end.take(kind, data)


class Transport(asyncio.Transport):
    """One end of a connection, which writes to a way."""

    other: Transport

    def __init__(self, loop: VirtualLoop, way: _Way, listener: Listener | None, extra: dict[str, Any]) -> None:
        super().__init__(extra)
        self._loop, self.way, self._listener = loop, way, listener
        self._protocol: Any = None
        self._is_closing = self._is_lost = self._is_paused = False
        self._unread: deque[tuple[Kind, bytes]] = deque()

    def begin(self, factory: Any) -> Any:
        self._loop.transports[self.way.name] = self
        self._protocol = factory()
        self._protocol.connection_made(self)
        return self._protocol

    def take(self, kind: Kind, data: bytes) -> None:
        if kind == "open":
            assert self._listener is not None
            if self._listener.is_open():
                self.begin(self._listener.factory)
            else:
                self.way.send("rst")
                self.reset()
        elif kind == "rst":
            self.reset()
        elif self._is_closing:
            if kind == "data":
                self.way.send("rst")
        elif self._is_paused:
            self._unread.append((kind, data))
        elif kind == "data":
            self._protocol.data_received(data)
        elif not self._protocol.eof_received():
            self.close()

    def reset(self) -> None:
        if not self._is_lost:
            self._is_closing = True
            self._loop.call_soon(self._lose, ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))

    def _lose(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        self._loop.transports.pop(self.way.name, None)
        if self._protocol is not None:
            self._protocol.connection_lost(error)
        self.get_extra_info("socket").close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._is_closing:
            self._loop.on_write(self.way.name, bytes(data))
            self.way.write(bytes(data))

    def close(self) -> None:
        self._end("fin")

    def abort(self) -> None:
        self._end("rst" if getattr(self.get_extra_info("socket"), "lingers", False) else "fin")

    def _end(self, kind: Kind) -> None:
        if not self._is_closing:
            self._is_closing = True
            self.way.send("rst" if self._unread else kind)
            self._loop.call_soon(self._lose, None)

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._loop.call_soon(self._catch_up)

    def _catch_up(self) -> None:
        while self._unread and not self._is_paused and not self._is_closing:
            self.take(*self._unread.popleft())


def connect(loop: VirtualLoop, sock: Any, listener: Listener) -> Transport:
    """Return the client's end of a new connection; the server's end learns of it when its first segment arrives."""
    number = loop.next_connection()
    there, here = listener.name, ("127.0.0.1", 50_000 + number)
    up, down = (_Way(loop, f"n{number}{sign}", loop.seed) for sign in "><")
    client = Transport(loop, up, None, {"socket": sock, "peername": there, "sockname": here})
    server = Transport(loop, down, listener, {"socket": UnrealSocket(there), "peername": here, "sockname": there})
    client.other, server.other, up.end, down.end = server, client, server, client
    up.send("open")
    return client
