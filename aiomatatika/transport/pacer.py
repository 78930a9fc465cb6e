"""How often a session asks about what goes on at the server, whatever the number of its waits. No I/O."""

from __future__ import annotations

from typing import Final

__all__ = ["Pacer"]


class Pacer:
    """Gives each question a turn of its own, at most 20 a second, in the order in which they come."""

    interval: Final = 0.05

    __slots__ = ("_next_turn",)

    def __init__(self) -> None:
        self._next_turn = 0.0

    def turn(self, now: float, latest: float) -> float | None:
        """Return the seconds until the next turn, which is then taken; None: it would come too late, and is left.

        Args:
            now: Seconds on a monotonic clock.
            latest: The seconds after which the question is of no use.
        """
        wait = max(0.0, self._next_turn - now)
        if wait > latest:
            return None
        self._next_turn = now + wait + self.interval
        return wait
