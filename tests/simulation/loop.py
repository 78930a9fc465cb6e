"""The event loop of a simulation: virtual time, connections in memory, and a trace of what happens."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import random
from collections.abc import Callable
from typing import Any

from .network import Listener, Transport, Weather, connect
from .private_parts import TurningLoop

__all__ = ["DeadlockError", "VirtualLoop"]

_LONGEST_RUN = 36_000.0  # virtual seconds
_MOST_TURNS = 1_000_000


class DeadlockError(RuntimeError):
    """Something is awaited that nothing can bring, or the run has no end."""


class VirtualLoop(TurningLoop):
    """Jumps to the next timer when nothing is ready. All chance comes from the seed.

    Attributes:
        weather: What the network does.
        shuffles: Whether tasks that are ready in the same turn go on in any order, or in that of asyncio.
        seconds_a_turn: What a turn of the loop takes.
        trace: What has happened: the story, and with ``keeps_segments`` every segment.
        on_write: Called with the name of a connection's way and what is written to it.
    """

    def __init__(self, seed: int, *, keeps_segments: bool = False) -> None:
        super().__init__()
        self.seed, self.weather, self.shuffles, self.seconds_a_turn = seed, Weather(), False, 0.0
        self.trace: list[str] = []
        self.on_write: Callable[[str, bytes], None] = lambda way, data: None
        self.listeners: dict[tuple[str, int], Listener] = {}
        self.transports: dict[str, Transport] = {}
        self._dialled: dict[Any, Listener] = {}
        self._now = self._began = 1_000.0
        self._limits = _LONGEST_RUN, _MOST_TURNS
        self._turns = self._dials = self._connections = 0
        self._order = random.Random(f"{seed}/order")
        self._keeps_segments, self._digest = keeps_segments, hashlib.sha256()

    def note(self, text: str) -> None:
        self._digest.update(line := f"{self.elapsed:10.3f}  {text}".encode())
        self.trace.append(line.decode())

    def note_segment(self, text: str) -> None:
        self._digest.update(line := f"{self.elapsed:10.3f}      {text}".encode())
        if self._keeps_segments:
            self.trace.append(line.decode())

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()[:16]

    # Time and order

    @property
    def elapsed(self) -> float:
        return self._now - self._began

    def time(self) -> float:
        return self._now

    def wait(self, timeout: float | None) -> None:
        self._turns += 1
        if timeout is None or self.elapsed > self._limits[0] or self._turns > self._limits[1]:
            self._limits = self.elapsed + 1, self._turns + 1_000  # for the end of the tasks that are left
            raise DeadlockError(f"after {self.elapsed:.3f} s and {self._turns} turns")
        if timeout > 0:
            self._now = max(self._now, self.next_timer())
        else:
            self._now += self.seconds_a_turn

    def reorder(self, steps: list[Any]) -> None:
        if self.shuffles:
            self._order.shuffle(steps)

    # Connections: what aiohappyeyeballs, aiohttp's connector and the server call

    async def sock_connect(self, sock: Any, address: Any) -> None:
        self._dials += 1
        rng, weather, number = random.Random(f"{self.seed}/dial {self._dials}"), self.weather, self._dials
        fate = rng.random()
        await asyncio.sleep(rng.expovariate(1 / weather.delay))
        if fate < weather.hang:
            self.note(f"dial {number} hangs")
            await self.create_future()
        listener = self.listeners.get(address)
        if listener is None or fate < weather.hang + weather.refuse:
            self.note(f"dial {number} is refused")
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        self._dialled[sock] = listener

    def next_connection(self) -> int:
        self._connections += 1
        return self._connections

    async def create_connection(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        sock = options["sock"]
        transport = connect(self, sock, self._dialled.pop(sock))
        protocol = transport.begin(protocol_factory)
        try:
            await asyncio.sleep(0)
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        return Listener(self, protocol_factory, options["sock"].getsockname())
