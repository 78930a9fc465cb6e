"""Time and chance: what the rest of the transport may know of them.

Everything that waits, measures or draws goes through a `Clock`, so that a test can put another in its place.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextvars import ContextVar

__all__ = ["Clock", "clock_of_new_sessions"]


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


clock_of_new_sessions: ContextVar[Clock] = ContextVar("clock_of_new_sessions", default=Clock())
