"""How long a call may take and how often it is tried."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from aiomatatika.errors import ConfigurationError

__all__ = ["Options", "Retries", "Timeouts"]

_MAX_SECONDS = 86_400.0
_MAX_ATTEMPTS = 20


def _seconds(_instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_SECONDS:
        raise ConfigurationError(f"{attribute.name} must be seconds: a number above 0, at most {_MAX_SECONDS:.0f}")


def _count(_instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_ATTEMPTS:
        raise ConfigurationError(f"{attribute.name} must be a whole number from 1 to {_MAX_ATTEMPTS}")


@attrs.frozen
class Timeouts:
    """Limits in seconds.

    Args:
        connect: To open a connection: TCP and TLS. Waiting for a free connection is bounded by ``total`` alone.
        read: From the moment in which a request is out until the head of its response, and between any two pieces of
            the body.
        total: The deadline of a whole call (of each page, in a walk; of the head, in a download): token, waits and
            repeats included, and the body that is sent.

    Raises:
        ConfigurationError: An argument is out of range: above 0 and at most 86,400.
    """

    connect: float = attrs.field(default=10, validator=_seconds)
    read: float = attrs.field(default=30, validator=_seconds)
    total: float = attrs.field(default=60, validator=_seconds)


@attrs.frozen
class Retries:
    """When a failed request is repeated; whether it may be at all, each operation declares (`Repeat`).

    The wait before the n-th repeat is drawn from the upper half of ``min(first_delay * 2**(n-1), longest_delay)``
    seconds: with the defaults every outage of up to 3 s is bridged. A ``Retry-After`` of the server comes first.

    All calls of a session share a budget of repeats: when the API is down, a call may let a turn pass.

    Args:
        attempts: Requests in all, the first included; 1 switches repeats off.
        first_delay: The longest wait before the first repeat, in seconds.
        longest_delay: The longest wait before any repeat, in seconds.

    Raises:
        ConfigurationError: An argument is out of range.
    """

    attempts: int = attrs.field(default=5, validator=_count)
    first_delay: float = attrs.field(default=0.5, validator=_seconds)
    longest_delay: float = attrs.field(default=8.0, validator=_seconds)


class Options(msgspec.Struct, frozen=True):
    """The limits of a session, as it hands them down to its calls."""

    timeouts: Timeouts
    retries: Retries
