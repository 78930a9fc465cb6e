"""A clock that a test moves by hand, and the server's own view of it."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from aiomatatika.transport.clock import Clock, clock_of_new_sessions

__all__ = ["ControlledClock", "ServerTime"]


class ControlledClock(Clock):
    """A clock that runs in real time or stands still, and goes forward when it is told to, by any thread.

    Args:
        frozen: Stand still between moves, instead of running on in real time. It begins at a whole second, so that
            whole seconds add up to the same whenever a test runs.

    Attributes:
        sleeps: The seconds of every sleep, in the order in which they began. None of them took real time.
        randomness: What `random` returns.
    """

    sleeps: list[float]
    randomness: float

    def __init__(self, *, frozen: bool = False) -> None:
        self.sleeps = []
        self.randomness = 0.5
        self._frozen_wall = float(math.floor(super().wall())) if frozen else None
        self._frozen_monotonic = float(math.floor(super().monotonic())) if frozen else None
        self._advanced = 0.0
        self._jumped = 0.0
        self._moving = threading.Lock()

    def wall(self) -> float:
        """Return the time of day, moves and jumps included."""
        base = super().wall() if self._frozen_wall is None else self._frozen_wall
        return base + self._advanced + self._jumped

    def monotonic(self) -> float:
        """Return the time that has passed, moves included and jumps not."""
        base = super().monotonic() if self._frozen_monotonic is None else self._frozen_monotonic
        return base + self._advanced

    def random(self) -> float:
        """Return `randomness`."""
        return self.randomness

    def advance(self, seconds: float) -> None:
        """Let time pass: both clocks go forward.

        Raises:
            ValueError: The seconds are negative or not a finite number; `jump` is what sets a clock back.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError("time passes forward only: advance() takes a finite number of seconds, 0 or more")
        with self._moving:
            self._advanced += seconds

    def jump(self, seconds: float) -> None:
        """Set the time of day forward or back, as NTP or a person does; no time passes."""
        with self._moving:
            self._jumped += seconds

    async def sleep(self, seconds: float) -> None:
        """Record the seconds, let other tasks run, and move the clock to the end of the sleep, without really waiting.

        Sleeps at the same time overlap, as real ones do: two of 3 s move the clock by 3 s.
        """
        self.sleeps.append(seconds)
        end = self.monotonic() + seconds
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        while (missing := end - self.monotonic()) > 0:
            self.advance(max(missing, math.ulp(end)))  # a smaller step would be rounded away

    @contextmanager
    def installed(self) -> Generator[Self]:
        """Make the sessions that are built in this block, in this context, run by this clock."""
        token = clock_of_new_sessions.set(self)
        try:
            yield self
        finally:
            clock_of_new_sessions.reset(token)


class ServerTime:
    """The time at the server: it passes with the clock, and ignores its jumps, which are the client's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._epoch = clock.wall() - clock.monotonic()
        self._last_stamp = 0
        self._stamping = threading.Lock()

    def elapsed(self) -> float:
        """Return seconds since an arbitrary moment."""
        return self.clock.monotonic()

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return self._epoch + self.clock.monotonic()

    def stamp(self) -> int:
        """Return nanoseconds since 1970 for a record: each later than the one before, also when rounded to µs."""
        # A float holds today's time to about 0.2 µs: the last digit is made up, and never the 0 that would be dropped.
        with self._stamping:
            stamp = max(int(self.now() * 1e9), self._last_stamp + 1_000) // 10 * 10 + 3
            self._last_stamp = stamp
        return stamp
