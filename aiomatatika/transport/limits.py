"""The time limits of one attempt, for aiohttp."""

from __future__ import annotations

from functools import lru_cache

from aiohttp import ClientTimeout

from aiomatatika.options import Timeouts

__all__ = ["attempt_limits"]

# From here on aiohttp's rounding to whole seconds stays below the deadline, and one object serves many attempts.
_COARSE = 20.0


def attempt_limits(
    timeouts: Timeouts, time_left: float, *, enforced: bool = False, reads: bool = True
) -> ClientTimeout:
    """Return the limits of an attempt that has to end within ``time_left`` seconds.

    ``Timeouts.connect`` bounds each connection that is being opened. Waiting for a free place among the connections,
    and for the host's name, is bounded by ``time_left``, less 5 % and at least 0.1 s: a connection that did not come
    about is told apart from a response that did not.

    Args:
        timeouts: The session's limits.
        time_left: Seconds until the attempt has to end.
        enforced: Whether aiohttp ends the attempt, where the caller does not.
        reads: Whether aiohttp limits the waits for bytes, where the caller does not.
    """
    if time_left >= _COARSE and not enforced:
        return _coarse_limits(timeouts.connect, timeouts.read if reads else None, int(0.95 * time_left))
    connect = min(0.95 * time_left, max(time_left - 0.1, time_left / 2))
    return ClientTimeout(
        total=time_left if enforced else None,
        connect=connect,
        sock_connect=min(timeouts.connect, connect),
        sock_read=timeouts.read if reads else None,
        ceil_threshold=_COARSE,
    )


@lru_cache
def _coarse_limits(sock_connect: float, sock_read: float | None, connect: int) -> ClientTimeout:
    return ClientTimeout(total=None, connect=connect, sock_connect=sock_connect, sock_read=sock_read)
