"""Time and chance: what the rest of the transport may know of them.

Everything that waits, measures or draws goes through a `Clock`, so that a test can put another in its place.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextvars import ContextVar

__all__ = ["Clock", "Deadline", "clock_of_new_sessions"]


class Clock:
    """The machine's own clocks, its sleep and its dice."""

    def wall(self) -> float:
        """Return the time of day: seconds since 1970, UTC. It can jump."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since some moment. It never goes back, and may stand still while the machine is suspended."""
        return time.monotonic()

    def random(self) -> float:
        """Return a number in [0, 1) for jitter."""
        return random.random()

    async def sleep(self, seconds: float) -> None:
        """Wait, in the running event loop."""
        await asyncio.sleep(seconds)


class Deadline:
    """The moment by which something has to end."""

    __slots__ = ("_clock", "_end")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds until then, at least 0."""
        left = self._end - self._clock.monotonic()
        return left if left > 0 else 0.0  # 0.1 us less than `max`


clock_of_new_sessions: ContextVar[Clock] = ContextVar("clock_of_new_sessions", default=Clock())
