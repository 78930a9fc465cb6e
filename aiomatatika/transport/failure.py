"""How an attempt fails, and what the server may have done by then. No I/O."""

from __future__ import annotations

import enum

import msgspec

from aiomatatika.errors import ResponseError

__all__ = ["Failure", "NoResponse", "damaged_response", "failure_of"]


class Failure(enum.Enum):
    """How an attempt ended short of success."""

    NOT_SENT = "not sent"
    """No connection came about: the server did nothing."""
    NEVER = "cannot be sent"
    """Nor will another attempt get through: the certificate is refused, or the URL is unusable."""
    LOST = "response lost"
    """The request went out and no response came back: the server may have acted."""
    DAMAGED = "response damaged"
    """The status arrived, the body did not: the server has acted."""
    THROTTLED = "throttled"
    """429: the server declined to act for now."""
    FAILED = "server failed"
    """A status that leaves open whether the server has acted: 408, 425, most of 500 to 599."""

    @property
    def may_have_acted(self) -> bool:
        """Whether the server may have done what it was asked to do."""
        return self in _MAY_HAVE_ACTED


_MAY_HAVE_ACTED = frozenset({Failure.LOST, Failure.DAMAGED, Failure.FAILED})
# 408 can be left over on an idle connection, and a load balancer sends it whatever the API behind it does.
_UNDECIDED = frozenset({408, 425})
# The server lacks what was asked for: another attempt ends the same way.
_DECLINED = frozenset({501, 505})


def failure_of(status: int) -> Failure | None:
    """Return the failure that an error status stands for; None where another attempt would end the same way."""
    if status == 429:
        return Failure.THROTTLED
    if status in _UNDECIDED or (500 <= status < 600 and status not in _DECLINED):
        return Failure.FAILED
    return None


class NoResponse(msgspec.Struct, frozen=True):
    """An exchange that brought no usable response.

    Attributes:
        failure: What the server may have done.
        reason: What happened, in words that quote nothing of the exchange.
        timed_out: Whether a time limit ran out.
        status: The status, where it arrived before the failure.
        too_large: Whether the body exceeded its cap.
    """

    failure: Failure
    reason: str
    timed_out: bool = False
    status: int | None = None
    too_large: bool = False


def damaged_response(response: NoResponse) -> ResponseError:
    """Return the error of a response whose status arrived and whose body did not."""
    error = ResponseError(f"status {response.status or 'unknown'}: {response.reason}")
    error.status = response.status
    error.incomplete = not response.too_large
    return error
