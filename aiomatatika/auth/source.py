"""The token and its source: one fetch for any number of callers, ahead of time, remembered when it fails.

What callers share is one frozen `Token`, swapped in one assignment, and one task per event loop that fetches the
next. No lock is held while somebody waits, so no caller's cancellation can hurt another; nothing here belongs to a loop
but the task itself, so the token lives on from one `asyncio.run` to the next.

Where each caller stands in the life of a token: `token`. What a fetch that fails means for the next: `failure`.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Final

from aiomatatika.auth.failure import FetchFailure
from aiomatatika.auth.raised import refusal
from aiomatatika.auth.shared import SharedToken
from aiomatatika.auth.token import Grant, Granted, Instant, Refused, Token
from aiomatatika.errors import AuthenticationError
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock
from aiomatatika.transport.lifetime import Lifetime
from aiomatatika.transport.message import error_log_fields

__all__ = ["TokenSource"]

_logger = logging.getLogger(__name__)

_REFRESH_WAIT: Final = 5.0
_FIRST_FETCH_ATTEMPTS: Final = 3
# A refused token may be replaced once in this many seconds, and four times in a row if each replacement was good.
_REPLACEMENT_INTERVAL: Final = 30.0
_REPLACEMENTS_IN_A_ROW: Final = 4


class TokenSource:
    """Hands out the current token and sees to the next one.

    Args:
        grant: Brings a token, in at most that many requests, or returns why there is none. What it raises is
            remembered like a refusal.
        clock: Time and chance.
        lifetime: Says whether the session is still open.
        shared: The token store that is asked before the grant and told after it.
    """

    def __init__(self, grant: Grant, clock: Clock, lifetime: Lifetime, shared: SharedToken | None = None) -> None:
        self._grant = grant
        self._clock = clock
        self._lifetime = lifetime
        self._shared = shared
        self._token: Token | None = None
        self._token_lifetime = math.inf
        self._good: Token | None = None
        self._refused: Secret | None = None
        self._failure: FetchFailure | None = None
        self._replacements: deque[Instant] = deque(maxlen=_REPLACEMENTS_IN_A_ROW)
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
        if self._failure is not None and self._failure.wait_to_refresh(self._clock) > 0:
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
        waited = False
        while True:
            self._lifetime.check_open()
            failure = self._failure
            if (token := self._current()) is not None:
                return token
            if failure is not None and (wait := failure.wait_to_fetch(self._clock)) > 0:
                if waited or wait > failure.longest_wait or wait >= time_left():
                    raise failure.error(self._clock)
                waited = True
                # Some come later than others, but none so late that its call has no time left.
                late = min(wait, 1.0) * self._clock.random()
                await self._clock.sleep(min(wait + late, (wait + time_left()) / 2))
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
            # In an empty context: the caller's would live as long as the task. Neither it nor the name is an argument
            # of create_task, because other people's task factories do not know these.
            empty = contextvars.Context()
            fetch = empty.run(loop.create_task, self._fetch(attempts))
            if isinstance(fetch, asyncio.Task):  # theirs may make something else
                fetch.set_name("aiomatatika token")
            self._fetches[loop] = fetch
            self._fetch_began = self._clock.monotonic()
            fetch.add_done_callback(lambda done: self._fetch_ended(loop, done), context=empty)
        return fetch

    def _fetch_ended(self, loop: asyncio.AbstractEventLoop, fetch: asyncio.Task[None]) -> None:
        if self._fetches.get(loop) is fetch:
            del self._fetches[loop]

    async def _fetch(self, attempts: int) -> None:
        outcome = await self._outcome(attempts)
        if isinstance(outcome, Granted):
            token = Token.of(outcome, self._clock.random())
            if token.is_good(self._clock):
                self._token, self._failure = token, None
                self._token_lifetime = math.inf if outcome.lifetime is None else outcome.lifetime
                return
            outcome = Refused(AuthenticationError("the token is already expired as it comes from its issuer"))
        self._failed(outcome)

    async def _outcome(self, attempts: int) -> Granted | Refused:
        """Return what the store or the grant brings. Without an outcome the fetch would be started again for ever."""
        task = asyncio.current_task()
        assert task is not None
        try:
            if self._shared is None:
                return await self._grant(attempts)
            last = self._token  # another loop may fetch the next one meanwhile, and store it
            return await self._shared.fetch(lambda: self._grant(attempts), lambda stored: self._helps(stored, last))
        except asyncio.CancelledError:
            if task.cancelling():
                raise
            # Nobody cancels this task: the user's callable waited for something that was cancelled.
            return Refused(AuthenticationError("fetching a token was cancelled by the token callable itself"))
        except Exception as error:  # noqa: BLE001  # raised from here it would start the fetch again for ever
            return refusal(error)

    def _helps(self, stored: Granted, last: Token | None) -> bool:
        """Tell whether a token from the store is good, and neither refused nor older than the last one."""
        if last is not None:
            older = last.is_good(self._clock) and stored.asked_at.wall < last.asked_at.wall
            if older or stored.value == last.value:
                return False
        return stored.value != self._refused and Token.of(stored, 0.0).is_good(self._clock)

    def _failed(self, refused: Refused) -> None:
        token = self._current()
        self._failure = failure = FetchFailure(
            refused=refused,
            at=Instant.now(self._clock),
            streak=self._failure.streak + 1 if self._failure else 1,
            lifetime=self._token_lifetime,
            ahead_of_time=token is not None,
        )
        if token is not None:
            _logger.warning(
                "refreshing the token failed (%s); the old one is good for %.0f s more, next attempt in %.0f s",
                refused.error,
                token.end_age - token.asked_at.age(self._clock),
                failure.wait_to_refresh(self._clock),
                extra=error_log_fields(refused.error),
            )

    def confirm(self, token: Token) -> None:
        """Note that the API has accepted a token."""
        self._good = token

    def replace(self, refused: Token) -> bool:
        """Drop a token that the API refused with a 401, if it still is the current one.

        Returns:
            Whether another attempt can help: False where tokens that were just fetched are refused again and again, so
            that a broken API does not become a storm of token requests.
        """
        if self._token is not refused:
            return True
        done, clock = self._replacements, self._clock
        if done and self._good is not refused and done[-1].age(clock) < _REPLACEMENT_INTERVAL:
            return False
        if len(done) == _REPLACEMENTS_IN_A_ROW and done[0].age(clock) < _REPLACEMENT_INTERVAL * _REPLACEMENTS_IN_A_ROW:
            return False
        done.append(Instant.now(clock))
        self._token, self._refused = None, refused.value
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
