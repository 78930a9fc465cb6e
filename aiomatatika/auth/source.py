"""The token and its source: one fetch for any number of callers, ahead of time, remembered when it fails.

What callers share is one frozen `Token`, swapped in one assignment, and one task per event loop that fetches the
next. No lock is held while somebody waits, so no caller's cancellation can hurt another; nothing here belongs to a loop
but the task itself, so the token lives on from one `asyncio.run` to the next.

Where each caller stands in the life of a token: `token`. A refresh ahead of time that fails is logged and tried again
after 30, 60, 120, then every 300 seconds.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import logging
import math
from collections import deque
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb
from typing import Final

import msgspec

from aiomatatika.auth.token import Grant, Granted, Instant, Refused, Token
from aiomatatika.errors import AuthenticationError, MatatikaError, RateLimitError
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock
from aiomatatika.transport.lifetime import Lifetime

__all__ = ["TokenSource"]

_logger = logging.getLogger(__name__)

_REFRESH_BACKOFF: Final = (30.0, 60.0, 120.0, 300.0)
_PAUSE_AFTER_REFUSAL: Final = 60.0
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 30.0
_LONGEST_SLEEP: Final = 60.0
_SHORTEST_SLEEP: Final = 1.0
_REFRESH_WAIT: Final = 5.0
_FIRST_FETCH_ATTEMPTS: Final = 3
# A refused token may be replaced once in this many seconds, and four times in a row if each replacement was good.
_REPLACEMENT_INTERVAL: Final = 30.0
_REPLACEMENTS_IN_A_ROW: Final = 4


def _raised_at(error: BaseException) -> str:
    """Name an exception that was caught and the line that raised it: its text may hold what must not be seen."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{type(error).__name__} at {Path(frame.f_code.co_filename).name}:{line}"


class _Failure(msgspec.Struct, frozen=True):
    """The last fetch, which failed, as the calls after it need to know it."""

    refused: Refused
    at: float
    streak: int

    @property
    def retry_after(self) -> float:
        """The seconds that the issuer asked to wait, at least one; 0: it did not say."""
        error = self.refused.error
        if isinstance(error, RateLimitError) and error.retry_after is not None:
            return max(error.retry_after, _SHORTEST_SLEEP)
        return 0.0

    def next_attempt(self, *, early: bool) -> float:
        """Return the moment (monotonic) before which nothing is asked again."""
        if early:
            pause = _REFRESH_BACKOFF[min(self.streak, len(_REFRESH_BACKOFF)) - 1]
        elif self.refused.final:
            pause = _PAUSE_AFTER_REFUSAL
        elif self.retry_after:
            pause = 0.0
        else:
            pause = min(_FIRST_PAUSE * 2 ** min(self.streak - 1, 9), _LONGEST_PAUSE)
        return self.at + max(pause, self.retry_after)

    def as_error(self, now: float) -> MatatikaError:
        """Return an error of its own for each caller: traceback and notes are not shared."""
        error = copy.copy(self.refused.error)
        if isinstance(error, RateLimitError) and self.retry_after:
            # In whole seconds, as the server said it: what is left of 60 s some moments later is 60 s.
            error.retry_after = float(max(0, math.ceil(self.at + self.retry_after - now - 1e-3)))
        return error


class TokenSource:
    """Hands out the current token and sees to the next one.

    Args:
        grant: Brings a token, in at most that many requests, or returns why there is none. What it raises is
            remembered like a refusal. None: there is only ``fixed``.
        clock: Time and chance.
        lifetime: Says whether the session is still open.
        fixed: A token that the user holds; nothing can replace it.
    """

    def __init__(self, grant: Grant | None, clock: Clock, lifetime: Lifetime, *, fixed: Secret | None = None) -> None:
        self._grant = grant
        self._clock = clock
        self._lifetime = lifetime
        self._token: Token | None = None
        if fixed is not None:
            self._token = Token.of(Granted(fixed, None, Instant.now(clock)), 0.0)
        self._good: Token | None = None
        self._failure: _Failure | None = None
        self._replacements: deque[float] = deque(maxlen=_REPLACEMENTS_IN_A_ROW)
        self._fetches: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}
        self._fetch_began = 0.0

    async def get(self, time_left: Callable[[], float]) -> Token:
        """Return a token that is good by both clocks, fetching one if need be.

        Args:
            time_left: Tells the seconds until the caller's deadline: a wait that the issuer asks for and that does not
                fit raises at once. The caller itself ends the call at its deadline.

        Raises:
            AuthenticationError, RateLimitError, TransportError, ResponseError: There is none to be had for now; each
                caller gets an error object of its own.
            SessionClosedError: The session was closed.
        """
        token = self._token
        if token is not None:
            age = token.asked_at.age(self._clock)
            if token.refresh_age is None or age < token.refresh_age:
                return token
            if age < token.end_age:
                return await self._ahead_of_time(token, age, time_left)
        return await self._fetched(time_left)

    async def _ahead_of_time(self, token: Token, age: float, time_left: Callable[[], float]) -> Token:
        """Return the valid token, or the next one if it comes in time; nobody sees a failure."""
        failure = self._failure
        if failure is not None and self._clock.monotonic() < failure.next_attempt(early=True):
            return token
        fetch = self._current_fetch(1)
        if age >= token.mandatory_age:
            # All callers together wait so long for one fetch, and each at most half of what it has: the call has to fit
            # into the rest, with the old token if need be.
            wait = min(self._fetch_began + _REFRESH_WAIT - self._clock.monotonic(), time_left() / 2)
            if wait > 0:
                await asyncio.wait({fetch}, timeout=wait)
                self._lifetime.check_open()
            return self._token or token
        return token

    async def _fetched(self, time_left: Callable[[], float]) -> Token:
        """Return a token that has to be fetched first."""
        slept = False
        while True:
            self._lifetime.check_open()
            failure, now = self._failure, self._clock.monotonic()
            if failure is not None and now < failure.next_attempt(early=False):
                wait = failure.next_attempt(early=False) - now
                if slept or not failure.retry_after or wait > _LONGEST_SLEEP or wait >= time_left():
                    raise failure.as_error(now)
                slept = True
                await self._clock.sleep(min(wait + self._clock.random(), (wait + time_left()) / 2))
            elif (token := self._current()) is not None:
                return token
            else:
                await asyncio.wait({self._current_fetch(1 if failure else _FIRST_FETCH_ATTEMPTS)})

    def _current(self) -> Token | None:
        token = self._token
        return token if token is not None and token.is_good(self._clock) else None

    def _current_fetch(self, attempts: int) -> asyncio.Task[None]:
        """Return the running fetch of this loop, or start one. It never raises, and no caller can cancel it."""
        self._lifetime.check_open()
        loop = asyncio.get_running_loop()
        fetch = self._fetches.get(loop)
        if fetch is None or fetch.done():
            # In an empty context: the caller's would live as long as the task. Not as an argument of create_task, which
            # other people's task factories do not know.
            empty = contextvars.Context()
            fetch = empty.run(loop.create_task, self._fetch(attempts))
            self._fetches[loop] = fetch
            self._fetch_began = self._clock.monotonic()
            fetch.add_done_callback(lambda done: self._fetch_ended(loop, done), context=empty)
        return fetch

    def _fetch_ended(self, loop: asyncio.AbstractEventLoop, fetch: asyncio.Task[None]) -> None:
        if self._fetches.get(loop) is fetch:
            del self._fetches[loop]

    async def _fetch(self, attempts: int) -> None:
        outcome: Granted | Refused
        task = asyncio.current_task()
        assert self._grant is not None  # a fixed token has no end
        assert task is not None
        try:
            outcome = await self._grant(attempts)
        except asyncio.CancelledError:
            if task.cancelling():
                raise
            # Nobody cancels this task: the user's callable waited for something that was cancelled.
            outcome = Refused(AuthenticationError("fetching a token was cancelled by the token callable itself"))
        except MatatikaError as error:
            outcome = Refused(copy.copy(error))
        except Exception as error:  # noqa: BLE001  # a fetch without an outcome would be started again for ever
            outcome = Refused(AuthenticationError(f"fetching a token failed with {_raised_at(error)}"))
        if isinstance(outcome, Granted):
            token = Token.of(outcome, self._clock.random())
            if token.is_good(self._clock):
                self._token, self._failure = token, None
                return
            outcome = Refused(AuthenticationError("the token is already expired as it comes from its issuer"))
        self._failed(outcome)

    def _failed(self, refused: Refused) -> None:
        now = self._clock.monotonic()
        self._failure = failure = _Failure(refused, now, self._failure.streak + 1 if self._failure else 1)
        if (token := self._current()) is not None and token.refresh_age is not None:
            _logger.warning(
                "refreshing the token failed (%s); the old one is good for %.0f s more, next attempt in %.0f s",
                refused.error,
                token.end_age - token.asked_at.age(self._clock),
                failure.next_attempt(early=True) - now,
            )

    def confirm(self, token: Token) -> None:
        """Note that the API has accepted a token."""
        self._good = token

    def replace(self, refused: Token) -> bool:
        """Drop a token that the API refused with a 401, if it still is the current one.

        Returns:
            Whether another attempt can help: False for a fixed token, and where tokens that were just fetched are
            refused again and again, so that a broken API does not become a storm of token requests.
        """
        if self._grant is None:
            return False
        if self._token is not refused:
            return True
        now, done = self._clock.monotonic(), self._replacements
        wait = _REPLACEMENT_INTERVAL
        if done and self._good is not refused and now - done[-1] < wait:
            return False
        if len(done) == _REPLACEMENTS_IN_A_ROW and now - done[0] < wait * _REPLACEMENTS_IN_A_ROW:
            return False
        done.append(now)
        self._token = None
        return True

    async def close(self) -> None:
        """Cancel what is being fetched; callers that wait for it get `SessionClosedError`."""
        fetches, self._fetches = self._fetches, {}
        for loop, fetch in fetches.items():
            if loop is not asyncio.get_running_loop():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(fetch.cancel)
            elif fetch is not asyncio.current_task():
                fetch.cancel()
                await asyncio.wait({fetch})
