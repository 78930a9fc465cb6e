"""What a failed fetch means for the calls after it: when the issuer is asked again, and who waits so long. No I/O."""

from __future__ import annotations

import copy
import math
from typing import Final

import msgspec

from aiomatatika.auth.token import Instant, Refused
from aiomatatika.errors import MatatikaError, RateLimitError
from aiomatatika.transport.clock import Clock

__all__ = ["FetchFailure"]

_REFRESH_BACKOFF: Final = (30.0, 60.0, 120.0, 300.0)
_PAUSE_AFTER_REFUSAL: Final = 60.0
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 30.0
_SHORTEST_RETRY_AFTER: Final = 1.0
# A token that lives for seconds has no time for such pauses: they begin at a tenth of its lifetime.
_PART_OF_LIFETIME: Final = 0.1
_LONGEST_WAIT: Final = 60.0
_PATIENCE: Final = 5.0


class FetchFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The last fetch, which failed, as the calls after it need to know it.

    Attributes:
        refused: Why there was no token.
        at: When it failed, by both clocks: a machine that was suspended since has waited long enough.
        streak: How many fetches in a row have failed.
        lifetime: The seconds that the last token lived; infinite where there was none.
        ahead_of_time: The old token was still good, so no call has seen the failure yet.
    """

    refused: Refused
    at: Instant
    streak: int
    lifetime: float
    ahead_of_time: bool

    @property
    def _retry_after(self) -> float:
        """The seconds that the issuer asked to wait, at least one; 0: it did not say."""
        error = self.refused.error
        if isinstance(error, RateLimitError) and error.retry_after is not None:
            return max(error.retry_after, _SHORTEST_RETRY_AFTER)
        return 0.0

    def wait_to_refresh(self, clock: Clock) -> float:
        """Return the seconds until the next refresh ahead of time; 0 or less: now."""
        pause = _REFRESH_BACKOFF[min(self.streak, len(_REFRESH_BACKOFF)) - 1]
        return max(min(pause, _PART_OF_LIFETIME * self.lifetime), self._retry_after) - self.at.age(clock)

    def wait_to_fetch(self, clock: Clock) -> float:
        """Return the seconds until the next fetch where there is no token; 0 or less: now."""
        if self.refused.final:
            pause = _PAUSE_AFTER_REFUSAL
        elif self._retry_after:
            pause = self._retry_after
        else:
            first = min(_FIRST_PAUSE, _PART_OF_LIFETIME * self.lifetime)
            pause = min(first * 2 ** min(self.streak - 1, 30), _LONGEST_PAUSE)
        return pause - self.at.age(clock)

    @property
    def longest_wait(self) -> float:
        """The seconds that a call may wait for the next fetch; beyond, it fails at once.

        A limit of the issuer's is waited for up to a minute. A refresh that has just failed is no reason yet to fail
        the first call after the old token's end.
        """
        if self._retry_after:
            return _LONGEST_WAIT
        return _PATIENCE if self.ahead_of_time else 0.0

    def error(self, clock: Clock) -> MatatikaError:
        """Return an error of its own for each caller: traceback, notes and attributes are not shared."""
        error = copy.copy(self.refused.error)
        if isinstance(error, RateLimitError) and self._retry_after:
            # In whole seconds, as the server said it: what is left of 60 s some moments later is 60 s.
            error.retry_after = float(max(0, math.ceil(self._retry_after - self.at.age(clock) - 1e-3)))
        return error
