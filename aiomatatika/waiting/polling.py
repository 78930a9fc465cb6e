"""When to ask again, what a change is, and when the time is up. No I/O; time and chance are handed in."""

from __future__ import annotations

from math import inf
from typing import Final

from aiomatatika.errors import InvalidArgumentError

__all__ = ["Polling", "seconds"]

_FIRST: Final = 1.0
_LAST: Final = 10.0
_GROWTH: Final = 1.5
_JITTER: Final = 0.5
_FOR_THE_LAST: Final = 0.25
_NOTHING_SEEN: Final = object()


def seconds(within: object) -> float:
    """Return the limit of a wait, where None is infinity: as long as it takes.

    Raises:
        InvalidArgumentError: It is not a number of seconds.
    """
    if within is None:
        return inf
    if isinstance(within, bool) or not isinstance(within, int | float) or not 0 <= within < inf:
        raise InvalidArgumentError("within must be seconds: a number from 0, or None for as long as it takes")
    return within


class Polling:
    """The schedule of one wait.

    The pauses grow from 1 to 10 s, and each is drawn from itself to half as much again: 1 to 15 s. A change sets them
    back. The last question is asked 0.25 s before the time is up, so that an end that late is still seen.

    Args:
        now: Seconds on a monotonic clock.
        within: The seconds that the wait may take; infinity: as long as it takes.
    """

    __slots__ = ("_asked", "_at_least", "_end", "_pause", "_state")

    def __init__(self, now: float, within: float) -> None:
        self._end = now + within
        self._state: object = _NOTHING_SEEN
        self._pause = _FIRST
        self._at_least = 0.0
        self._asked = False

    def left(self, now: float) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - now)

    def next(self, now: float, chance: float) -> float | None:
        """Return the seconds until the next question; None: the time is up.

        Args:
            now: Seconds on a monotonic clock.
            chance: A number in [0, 1), the jitter.
        """
        left = self.left(now)
        if not self._asked:
            self._asked = True
            return 0.0 if left else None
        last = left - _FOR_THE_LAST
        pause = max(self._pause * (1 + _JITTER * chance), self._at_least)
        if last <= 0 or self._at_least > last:
            return None
        self._pause = min(self._pause * _GROWTH, _LAST)
        self._at_least = 0.0
        return min(pause, last)

    def has_changed(self, state: object) -> bool:
        """Note what was seen, and tell whether it differs from what was seen before."""
        if state == self._state:
            return False
        self._state, self._pause = state, _FIRST
        return True

    def put_off(self, seconds: float | None) -> None:
        """Note the seconds that the server asked to wait before the next question."""
        self._at_least = seconds or 0.0
