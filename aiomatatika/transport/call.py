"""One logical call: a token, an attempt, and again, until there is an answer or no sense in another attempt."""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache
from typing import Literal

import msgspec
from aiohttp import ClientTimeout

from aiomatatika.errors import (
    AuthenticationError,
    MatatikaError,
    ResponseError,
    SessionClosedError,
    TransportError,
    TransportTimeoutError,
    UnsafeLinkError,
)
from aiomatatika.options import Options, Timeouts
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.error_responses import api_error, challenge_code
from aiomatatika.transport.exchange import NoResponse
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.retry import FailedAttempt, Failure, Repeat, server_retry_after, wait_before_repeat
from aiomatatika.transport.state import BearerToken, SharedState

__all__ = ["Call"]

_logger = logging.getLogger("aiomatatika")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5


@lru_cache
def _usual_limits(timeouts: Timeouts) -> ClientTimeout:
    return ClientTimeout(total=None, connect=timeouts.connect, sock_read=timeouts.read)


class Call:
    """One call on its way: what is asked for, and how far it has come.

    Args:
        state: What the session shares.
        options: Limits, and how often an attempt may be repeated.
        request: What is asked for; a redirect puts another in its place.
        deadline: When the call ends at the latest.
    """

    __slots__ = (
        "_counted_attempts",
        "_deadline",
        "_facts",
        "_lost_attempts",
        "_options",
        "_redirects",
        "_request",
        "_state",
        "_token_replaced",
    )

    def __init__(self, state: SharedState, options: Options, request: Request, deadline: Deadline) -> None:
        self._state = state
        self._options = options
        self._request = request
        self._deadline = deadline
        self._facts = request.facts()
        self._counted_attempts = 0  # by `Retries.attempts`: all but the one that a refused token cost
        self._lost_attempts = 0  # without a whole response
        self._redirects = 0
        self._token_replaced = False

    async def run(self) -> Response:
        """Return the response; every error says which call it ended, and after how many attempts."""
        request, left = self._request, self._deadline.left()
        try:
            if left <= 0:
                raise TransportTimeoutError("the deadline had passed before anything was sent", sent="no")
            seconds = left if request.within is None else min(left, request.within)
            async with asyncio.timeout(seconds) as limit:
                with self._state.lifetime.in_flight(limit, secret=request.secret):
                    if request.repeat is not Repeat.SAFE:
                        await asyncio.sleep(0)  # where the user's own timeout has run out, nothing is sent
                    return await self._until_answered()
        except MatatikaError as error:
            self._facts.describe(error)
            raise
        except TimeoutError:
            pass
        ended = self._ended_by_its_limit()
        self._facts.describe(ended)
        raise ended

    def _ended_by_its_limit(self) -> MatatikaError:
        try:
            self._state.lifetime.check_open()  # `close` ends a call by its limit
        except SessionClosedError as closed:
            return closed
        return TransportTimeoutError("the call did not end by its deadline", sent=self._sent)

    async def _until_answered(self) -> Response:
        state = self._state
        while True:
            token = await state.tokens.get(self._deadline.left)
            response = await self._attempt(token)
            if isinstance(response, NoResponse):
                await self._after_no_response(response)
            elif response.status == 401:
                self._replace(token, response)
            else:
                state.tokens.confirm(token)
                if 200 <= response.status < 300:
                    state.budget.give_back(self._counted_attempts - 1)
                    return self._promised(response)
                if response.status in self._request.done_already and self._facts.maybe_done:
                    return response
                if response.status in _REDIRECTS:
                    self._redirect(response)
                else:
                    await self._after_error(response, token)

    def _promised(self, response: Response) -> Response:
        promised = self._request.promised
        if promised is None or response.status in promised:
            return response
        expected = " or ".join(map(str, sorted(promised)))
        error = ResponseError(f"the API answered with status {response.status}, where {expected} was promised")
        error.status = response.status
        raise error

    async def _attempt(self, token: BearerToken) -> Response | NoResponse:
        """Put the request on the wire once."""
        facts = self._facts
        facts.attempts += 1
        self._counted_attempts += 1
        # While it is under way it may be carried out; a cancellation ends the call there.
        maybe_done_before, facts.maybe_done = facts.maybe_done, True
        response = await self._state.connections.exchange(self._request, token.authorization, self._limits())
        if isinstance(response, NoResponse):
            may_have_acted = response.failure in {Failure.LOST, Failure.DAMAGED}
        else:
            may_have_acted = response.status >= 500
            response.call = facts
        facts.maybe_done = maybe_done_before or may_have_acted
        if _logger.isEnabledFor(logging.DEBUG):
            what = response.reason if isinstance(response, NoResponse) else response.status
            _logger.debug("%s %s: %s (attempt %d)", facts.method, self._request.url.raw_path, what, facts.attempts)
        return response

    def _limits(self) -> ClientTimeout:
        left, timeouts = self._deadline.left(), self._options.timeouts
        # Below the deadline, so that a connection that did not come about is told from an answer that did not: 5 %, and
        # 0.1 s for a loop that is busy.
        connect = min(0.95 * left, max(left - 0.1, left / 2))
        if connect >= timeouts.connect:
            return _usual_limits(timeouts)
        # To the point: aiohttp rounds limits above its threshold up to a whole second.
        return ClientTimeout(total=None, connect=connect, sock_read=timeouts.read, ceil_threshold=timeouts.connect)

    # What follows an attempt: each of these returns where another attempt is to be made, and raises where none is.

    async def _after_no_response(self, response: NoResponse) -> None:
        self._state.lifetime.check_open()
        if response.failure in {Failure.LOST, Failure.DAMAGED}:
            self._lost_attempts += 1
        is_final = response.too_large or response.status in self._request.not_repeated_after
        if not is_final and await self._wait_to_repeat(response.failure):
            return
        # Without a status (aiohttp keeps it back) it is not known whether what must not be repeated was carried out.
        if response.failure is Failure.DAMAGED and (response.status or self._request.repeat is not Repeat.ONCE):
            error = ResponseError(f"status {response.status or 'unknown'}: {response.reason}")
            error.status = response.status
            raise error
        kind = TransportTimeoutError if response.timed_out else TransportError
        raise kind(response.reason, sent=self._sent)

    async def _after_error(self, response: Response, token: BearerToken) -> None:
        status = response.status
        if not 400 <= status < 600:
            raise ResponseError(f"the API answered with status {status}")
        retry_after = server_retry_after(response.headers, self._state.clock.wall())
        failure = Failure.FAILED if status >= 500 else Failure.THROTTLED if status == 429 else None
        if failure is None or not await self._wait_to_repeat(failure, retry_after):
            raise api_error(response, (token.value, *self._state.secrets), retry_after)

    def _replace(self, token: BearerToken, response: Response) -> None:
        if self._token_replaced or not self._state.tokens.replace(token):
            code = challenge_code(response)
            raise AuthenticationError(
                f"the API refuses the token (401 {code or 'without a code'}): "
                "it has expired, was revoked, or is for another audience",
                status=401,
                code=code,
            )
        self._token_replaced = True
        self._counted_attempts -= 1

    def _redirect(self, response: Response) -> None:
        request = self._request
        location = response.headers.get("Location")
        if location is None:
            raise ResponseError(f"the API answered {response.status} without saying where to")
        try:
            url = self._state.root.resolve(location, request.url)
        except UnsafeLinkError:
            url = None
        if url is None:
            raise UnsafeLinkError(
                f"the API redirects ({response.status}) to another origin or above its root: not followed"
            )
        if request.repeat is not Repeat.SAFE:
            raise ResponseError(f"the API redirects a {request.method} ({response.status}): not followed")
        self._redirects += 1
        if self._redirects > _MAX_REDIRECTS or url == request.url:
            raise ResponseError("the API redirects without end")
        self._request = msgspec.structs.replace(request, url=url)

    async def _wait_to_repeat(self, failure: Failure, retry_after: float | None = None) -> bool:
        """Wait as `wait_before_repeat` says; False: the attempt is not to be repeated."""
        state, request = self._state, self._request
        failed = FailedAttempt(
            failure=failure,
            repeat=request.repeat,
            number=self._counted_attempts,
            lost=self._lost_attempts,
            retry_after=retry_after,
        )
        wait = wait_before_repeat(
            failed, self._options.retries, time_left=self._deadline.left(), chance=state.clock.random()
        )
        if wait is None or not state.budget.take():
            return False
        _logger.debug("%s %s: %s, again in %.2f s", request.method, request.url.raw_path, failure.value, wait)
        await state.clock.sleep(wait)
        return True

    @property
    def _sent(self) -> Literal["no", "maybe"]:
        return "maybe" if self._facts.maybe_done else "no"
