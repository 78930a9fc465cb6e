"""How long a call may take and how often it is tried."""

from __future__ import annotations

from typing import Any

import attrs

from aiomatatika.errors import ConfigurationError

__all__ = ["Options", "Retries", "Timeouts"]

_LONGEST = 86_400.0
_MOST_ATTEMPTS = 20


def _seconds(_instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST:
        raise ConfigurationError(f"{attribute.name} must be seconds: a number above 0, at most {_LONGEST:.0f}")


def _count(_instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_ATTEMPTS:
        raise ConfigurationError(f"{attribute.name} must be a whole number from 1 to {_MOST_ATTEMPTS}")


@attrs.frozen
class Timeouts:
    """Limits in seconds.

    Args:
        connect: To get a connection: a free place in the pool, the name, TCP and TLS.
        read: Between two pieces of an answer, and until its first.
        total: The deadline of a whole call (of each page, in a walk): token, waits and retries included.

    Raises:
        ConfigurationError: One of them is no number above 0 and at most 86,400.
    """

    connect: float = attrs.field(default=10, validator=_seconds)
    read: float = attrs.field(default=30, validator=_seconds)
    total: float = attrs.field(default=60, validator=_seconds)


@attrs.frozen
class Retries:
    """When a failed request is repeated; whether it may be at all is declared by each operation (`Repeat`).

    The wait before the n-th repeat is drawn from 0 to ``min(first_delay * 2**(n-1), longest_delay)``, on top of a
    ``Retry-After`` of the server.

    Args:
        attempts: Requests in all, the first included; 1 switches repeats off.
        first_delay: The longest wait before the first repeat, in seconds.
        longest_delay: The longest wait before any repeat, in seconds.

    Raises:
        ConfigurationError: An argument is out of range.
    """

    attempts: int = attrs.field(default=3, validator=_count)
    first_delay: float = attrs.field(default=0.5, validator=_seconds)
    longest_delay: float = attrs.field(default=8.0, validator=_seconds)


@attrs.frozen
class Options:
    """Both, as a session hands them down to its calls."""

    timeouts: Timeouts
    retries: Retries
