"""What passes between the issuer of a token and those who send it: frozen records, and their age by both clocks.

The life of a token, in parts of its lifetime:

- the first three quarters: it is used;
- the last quarter (advisory, begun a little later by chance so that a fleet spreads out): it is used while a background
  task fetches the next;
- the last tenth, at most 60 s (mandatory): callers wait for that task a few seconds, and use the old token if it fails;
- the last 10 s, at most a twentieth: it counts as expired.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from aiomatatika.errors import MatatikaError
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock

__all__ = ["FixedToken", "Grant", "Granted", "Instant", "Refused", "Token"]


class Instant(msgspec.Struct, frozen=True):
    """A moment on both clocks: the wall clock sees a suspended machine, the monotonic one is never set back."""

    wall: float
    monotonic: float

    @classmethod
    def now(cls, clock: Clock) -> Instant:
        """Return the present moment."""
        return cls(clock.wall(), clock.monotonic())

    def age(self, clock: Clock) -> float:
        """Return the seconds since then, by whichever clock says more."""
        return max(clock.wall() - self.wall, clock.monotonic() - self.monotonic)


class Granted(msgspec.Struct, frozen=True):
    """A token as its issuer gave it: the lifetime in seconds counts from the moment that it was asked for."""

    value: Secret
    lifetime: float | None
    asked_at: Instant


class Refused(msgspec.Struct, frozen=True):
    """Why there is no token. ``final``: the issuer refuses the credentials, and asking again soon will not help."""

    error: MatatikaError
    final: bool = False


Grant = Callable[[int], Awaitable[Granted | Refused]]
"""Asks the issuer for a token, in at most that many requests."""


class Token(msgspec.Struct, frozen=True, eq=False):
    """A snapshot that many calls share. The ages are in seconds; None: it lasts until it is refused."""

    value: Secret
    authorization: Secret
    asked_at: Instant
    refresh_age: float | None = None
    mandatory_age: float = 0.0
    end_age: float = 0.0

    @classmethod
    def of(cls, granted: Granted, chance: float) -> Token:
        """Return the snapshot of a granted token; ``chance`` in [0, 1) spreads its refresh."""
        authorization = Secret(f"Bearer {granted.value.reveal()}")
        lifetime = granted.lifetime
        if lifetime is None:
            return cls(granted.value, authorization, granted.asked_at)
        return cls(
            granted.value,
            authorization,
            granted.asked_at,
            refresh_age=lifetime * (0.75 + 0.025 * chance),
            mandatory_age=lifetime - min(60.0, 0.1 * lifetime),
            end_age=lifetime - min(10.0, 0.05 * lifetime),
        )

    def is_good(self, clock: Clock) -> bool:
        """Tell whether it can be sent, by both clocks."""
        return self.refresh_age is None or self.asked_at.age(clock) < self.end_age


class FixedToken:
    """The source of a token that the user holds: handed out as it is, and nothing can replace it."""

    def __init__(self, value: Secret, clock: Clock) -> None:
        self._token = Token.of(Granted(value, None, Instant.now(clock)), 0.0)

    async def get(self, _time_left: Callable[[], float]) -> Token:
        """Return the token."""
        return self._token

    def confirm(self, token: Token) -> None:
        """Note that the API has accepted it: that changes nothing."""

    def replace(self, refused: Token) -> bool:
        """Tell that no other attempt can help."""
        return False

    async def close(self) -> None:
        """End what is being fetched: nothing ever is."""
