"""Whether to repeat a request, and after how long. Pure: no I/O, no clock, no dice of its own."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from aiomatatika.options import Retries

__all__ = [
    "FailedAttempt",
    "Failure",
    "Repeat",
    "RetryBudget",
    "parse_http_date",
    "parse_retry_after",
    "repeat_by_method",
    "server_retry_after",
    "server_time",
    "wait_before_repeat",
]

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_MAX_WAIT = 10**9
# RFC 9110 section 5.6.7: the preferred form and the two obsolete ones. `email.utils` reads much more than these.
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:[A-Z][a-z]{2}) \d{4} \d\d:\d\d:\d\d GMT"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    re.ASCII,
)


class Repeat(enum.Enum):
    """What an operation declares about being sent twice."""

    SAFE = "safe"
    """It changes nothing: a GET."""
    IDEMPOTENT = "idempotent"
    """Twice has the effect of once: a DELETE, the PUT of an update."""
    ONCE = "once"
    """Twice is not the same as once, in effect or in answer: the PUT whose answer holds a one-time secret."""


_BY_METHOD = {
    "GET": Repeat.SAFE,
    "HEAD": Repeat.SAFE,
    "OPTIONS": Repeat.SAFE,
    "PUT": Repeat.IDEMPOTENT,
    "DELETE": Repeat.IDEMPOTENT,
}


def repeat_by_method(method: str) -> Repeat:
    """Return what a method says of itself (RFC 9110 section 9.2), for want of better: POST and PATCH are sent once."""
    return _BY_METHOD.get(method, Repeat.ONCE)


class Failure(enum.Enum):
    """How an attempt ended without the answer that was hoped for."""

    NOT_SENT = "not sent"
    """The server cannot have acted: no connection came about."""
    NEVER = "cannot be sent"
    """Nor will it: the server's certificate is refused, the request is not one."""
    LOST = "answer lost"
    """It went out and no answer came back: the server may have acted."""
    DAMAGED = "answer damaged"
    """The status came and the body did not: the server has acted."""
    THROTTLED = "throttled"
    """429: the server has refused to act for now."""
    FAILED = "server failed"
    """500 to 599: the server may have acted."""


class FailedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is over, as the decision about the next one needs to know it.

    Attributes:
        failure: How it ended.
        repeat: What the operation declared.
        number: Its number, from 1.
        lost: How many attempts of the call have ended without a whole response, this one included.
        retry_after: Seconds that the server asked to wait, if it did.
    """

    failure: Failure
    repeat: Repeat
    number: int
    lost: int = 0
    retry_after: float | None = None

    @property
    def may_be_repeated(self) -> bool:
        """Whether another attempt can do no harm and may help."""
        if self.failure is Failure.NEVER:
            return False
        if self.failure in {Failure.LOST, Failure.DAMAGED}:
            return self.repeat is not Repeat.ONCE and self.lost <= 1
        return self.failure is not Failure.FAILED or self.repeat is not Repeat.ONCE


def wait_before_repeat(failed: FailedAttempt, retries: Retries, *, time_left: float, chance: float) -> float | None:
    """Decide about a failed attempt.

    Args:
        failed: The attempt.
        retries: The session's limits.
        time_left: Seconds until the call's deadline.
        chance: A number in [0, 1), the jitter.

    Returns:
        Seconds to wait before the repeat; None: do not repeat.
    """
    if failed.number >= retries.attempts or not failed.may_be_repeated:
        return None
    jitter: float = chance * min(retries.first_delay * 2 ** (failed.number - 1), retries.longest_delay)
    at_least = failed.retry_after or 0.0
    if at_least + (0 if at_least else jitter) >= time_left:
        return None
    return at_least + min(jitter, (time_left - at_least) / 2)


class RetryBudget:
    """What a session may spend on repeats: a dead API is asked about once a call, not three times.

    The figures are botocore's standard mode: 500 tokens, 5 for a repeat, given back when the call succeeds.
    """

    capacity = 500
    cost = 5

    def __init__(self) -> None:
        self._left = self.capacity

    def take(self) -> bool:
        """Pay for one repeat; False: nothing is left."""
        if self._left < self.cost:
            return False
        self._left -= self.cost
        return True

    def give_back(self, repeats: int) -> None:
        """Note a call that succeeded after some repeats."""
        if self._left < self.capacity:
            self._left = min(self.capacity, self._left + max(1, repeats * self.cost))


def parse_http_date(text: str | None) -> float | None:
    """Return an HTTP-date (RFC 9110 section 5.6.7) in seconds since 1970; None where it is none."""
    if not text or not _HTTP_DATE.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC).timestamp()


def parse_retry_after(text: str | None, *, now: float) -> float | None:
    """Return the seconds of a Retry-After header: ASCII digits or an HTTP-date (RFC 9110 section 10.2.3).

    Args:
        text: The header's value.
        now: The server's time where it sent a Date header, else the local one; in seconds since 1970.

    Returns:
        Seconds from 0 to 10**9; None where the header is missing or is anything else.
    """
    text = (text or "").strip(" \t")
    if _DIGITS.fullmatch(text):
        return float(_MAX_WAIT if len(text) > 9 else int(text))  # `int` refuses thousands of digits
    moment = parse_http_date(text)
    return None if moment is None else min(max(moment - now, 0.0), float(_MAX_WAIT))


def server_time(headers: Mapping[str, str], local_time: float) -> float:
    """Return the time of day as the server has it (its Date header), else ours: a wrong local clock does no harm."""
    return parse_http_date(headers.get("Date")) or local_time


def server_retry_after(headers: Mapping[str, str], local_time: float) -> float | None:
    """Return the seconds that an answer asks to wait, by the server's own clock; None where it does not."""
    return parse_retry_after(headers.get("Retry-After"), now=server_time(headers, local_time))
