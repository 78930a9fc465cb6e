"""The wait for the head of a response. No timer of its own: `work` looks at it.

aiohttp would set two timers for each response, to do the same: 17 us of 300.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from aiohttp import ClientRequest

__all__ = ["HeadWait"]

# Whether the request is out is looked up so many times in the limit, which therefore ends up to a twentieth late.
_LOOKS = 20


class HeadWait:
    """A wait that has a limit from the moment on in which a request without a body is out.

    Args:
        task: Waits for the head, and has so many requests to cancel it as now.
        seconds: The limit.

    Attributes:
        request: aiohttp's request; None before there is one.
        is_over: Whether nobody waits for the head any more.
    """

    __slots__ = ("_cancellations", "_end", "_task", "_was_cancelled", "is_over", "request", "seconds")

    def __init__(self, task: asyncio.Task[Any], seconds: float) -> None:
        self.seconds: float = seconds
        self.request: ClientRequest | None = None
        self.is_over: bool = False
        self._task = task
        self._cancellations = task.cancelling()
        self._was_cancelled = False
        self._end = math.inf

    @property
    def interval(self) -> float:
        """How many seconds may pass between two looks."""
        return self.seconds / _LOOKS

    def end(self) -> None:
        """Note that the head is there, or that nobody waits for it any more."""
        self.is_over = True
        self.request = None

    def cancel(self) -> None:
        """End it: the head is late."""
        self.end()
        self._was_cancelled = True
        self._task.cancel()

    def was_cancelled(self) -> bool:
        """Tell whether a cancellation that has just come is that of `cancel`, and nobody else's. To be asked once."""
        return self._was_cancelled and self._task.uncancel() <= self._cancellations

    def is_late(self, now: float) -> bool:
        """Tell whether the limit is reached."""
        # aiohttp gives a request its response in the moment in which it begins to send it.
        if self._end == math.inf and self.request is not None and self.request.response is not None:
            self._end = now + self.seconds
        return self._end <= now

    def next_look(self, now: float) -> float:
        """Return when to look again."""
        return min(self._end, now + self.interval)
