"""What an operation declares about being sent twice."""

from __future__ import annotations

import enum

__all__ = ["Repeat", "repeat_by_method"]


class Repeat(enum.Enum):
    """Whether sending a request twice has the effect of sending it once."""

    SAFE = "safe"
    """It changes nothing: a GET."""
    IDEMPOTENT = "idempotent"
    """Twice has the effect of once: a DELETE, the PUT of an update."""
    ONCE = "once"
    """Twice differs from once, in effect or in response: the PUT whose response holds a one-time secret."""


_BY_METHOD = {
    "GET": Repeat.SAFE,
    "HEAD": Repeat.SAFE,
    "OPTIONS": Repeat.SAFE,
    "PUT": Repeat.IDEMPOTENT,
    "DELETE": Repeat.IDEMPOTENT,
}


def repeat_by_method(method: str) -> Repeat:
    """Return what a method promises in general (RFC 9110 section 9.2): POST and PATCH are sent ONCE."""
    return _BY_METHOD.get(method, Repeat.ONCE)
