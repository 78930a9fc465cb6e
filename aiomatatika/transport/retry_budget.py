"""What a session may spend on repeats, so that a dead API is asked about once a call. No I/O; time is handed in."""

from __future__ import annotations

from typing import Final

__all__ = ["RetryBudget"]


class RetryBudget:
    """Pays for the repeats of all calls of a session; successes earn it back.

    Full, it pays for 75 repeats. Empty, it lets a single one through now and then, as a probe: every 0.5 s at first,
    then after a fifth of the time that it has been empty, at most 8 s apart. Calls that get nothing keep waiting
    through their own schedule. The first success of a repeat ends the outage and fills the budget up.
    """

    capacity: Final = 375
    cost: Final = 5
    _first_interval: Final = 0.5
    _growth: Final = 0.2
    _longest_interval: Final = 8.0

    __slots__ = ("_empty_since", "_left", "_next_probe")

    def __init__(self) -> None:
        self._left = self.capacity
        self._empty_since: float | None = None
        self._next_probe = 0.0

    def take(self, now: float) -> bool:
        """Pay for one repeat; False: there is nothing left to pay with, and a probe is not due.

        Args:
            now: Seconds on a monotonic clock.
        """
        if self._left >= self.cost:
            self._left -= self.cost
            if self._left < self.cost:
                self._empty_since = now
                self._next_probe = now + self._first_interval
            return True
        if self._empty_since is None or now < self._next_probe:
            return False
        interval = max(self._first_interval, self._growth * (now - self._empty_since))
        self._next_probe = now + min(interval, self._longest_interval)
        return True

    def give_back(self, repeats: int) -> None:
        """Note a call that succeeded after some repeats that the budget had paid for."""
        if self._left == self.capacity:
            return
        if repeats and self._empty_since is not None:
            self._left = self.capacity
        else:
            self._left = min(self.capacity, self._left + max(1, repeats * self.cost))
        if self._left >= self.cost:
            self._empty_since = None
