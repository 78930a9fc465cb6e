"""Who may use the connections of a loop: as many calls as there are, the others in the order in which they came.

aiohttp has such a queue of its own, and gives each request in it a timer: 12 us of the 130 that a call takes where
1,000 go out at once. A call that waits here has not been sent, whatever ends it. Where bodies that are streamed keep
connections beyond their places, the rest waits in aiohttp's queue as well.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Places"]


class Places:
    """A number of places in one event loop.

    Args:
        number: How many.
    """

    __slots__ = ("_free", "_waiting")

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take_free(self) -> bool:
        """Take a place, if one is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Wait for a place and take it."""
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given in the same turn
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand a place to whoever has waited longest."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
