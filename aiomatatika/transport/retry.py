"""Whether to repeat a failed attempt, and after how long. No I/O, no clock, no dice of its own."""

from __future__ import annotations

import msgspec

from aiomatatika.options import Retries
from aiomatatika.transport.failure import Failure
from aiomatatika.transport.repeat import Repeat

__all__ = ["FailedAttempt", "wait_before_repeat"]


class FailedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is over, as far as the decision about the next one depends on it.

    Attributes:
        failure: How it ended.
        repeat: What the operation declared.
        number: Its place among the attempts that the call may make, from 1.
        lost: How many attempts of the call brought no whole response, this one included.
        retry_after: Seconds that the server asked to wait, if it did.
    """

    failure: Failure
    repeat: Repeat
    number: int
    lost: int = 0
    retry_after: float | None = None

    @property
    def may_be_repeated(self) -> bool:
        """Whether another attempt does no harm and may help."""
        if self.failure is Failure.NEVER:
            return False
        if self.failure in {Failure.LOST, Failure.DAMAGED}:
            return self.repeat is not Repeat.ONCE and self.lost <= 1
        return self.failure is not Failure.FAILED or self.repeat is not Repeat.ONCE


def wait_before_repeat(failed: FailedAttempt, retries: Retries, *, time_left: float, chance: float) -> float | None:
    """Decide about a failed attempt.

    The wait grows with each attempt and is drawn from its upper half, so that an outage of known length is bridged for
    certain and a fleet still spreads out. A wait that the server asks for comes first, with the whole range on top.

    Args:
        failed: The attempt.
        retries: The session's limits.
        time_left: Seconds until the call's deadline.
        chance: A number in [0, 1), the jitter.

    Returns:
        Seconds to wait before the repeat; None: give up.
    """
    if failed.number >= retries.attempts or not failed.may_be_repeated:
        return None
    longest: float = min(retries.first_delay * 2 ** (failed.number - 1), retries.longest_delay)
    if failed.retry_after:
        if failed.retry_after >= time_left:
            return None
        return failed.retry_after + min(chance * longest, (time_left - failed.retry_after) / 2)
    wait = (1 + chance) * longest / 2
    return wait if wait < time_left else None
