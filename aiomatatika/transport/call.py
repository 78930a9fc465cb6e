"""One logical call: a token, an attempt, and again, until there is a response or another attempt cannot help."""

from __future__ import annotations

import asyncio
from typing import Literal, NoReturn

import msgspec

from aiomatatika.errors import (
    AuthenticationError,
    MatatikaError,
    ResponseError,
    SessionClosedError,
    TransportError,
    TransportTimeoutError,
    UnsafeLinkError,
)
from aiomatatika.options import Options
from aiomatatika.secret import Secret
from aiomatatika.transport.attempt_log import is_logged, log_attempt
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.exchange import Attempt
from aiomatatika.transport.failure import Failure, NoResponse, damaged_response, failure_of
from aiomatatika.transport.limits import attempt_limits
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.retry import FailedAttempt, wait_before_repeat
from aiomatatika.transport.state import BearerToken, SharedState
from aiomatatika.transport.streamed_body import StreamedBody
from aiomatatika.transport.work import Work

__all__ = ["Call"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
# What a load balancer may have left on an idle connection, for whichever request comes next.
_STALE = frozenset({408})


class Call:
    """One call on its way: what is asked for, and how far it has come.

    Args:
        state: What the session shares.
        options: Limits, and how often an attempt may be repeated.
        request: What is asked for; a redirect puts another in its place.
        deadline: When the call ends at the latest.
    """

    __slots__ = (
        "_deadline",
        "_facts",
        "_fresh",
        "_lost_attempts",
        "_options",
        "_paid_repeats",
        "_redirects",
        "_request",
        "_state",
        "_token_replaced",
        "_turns",
        "_work",
    )

    _work: Work

    def __init__(self, state: SharedState, options: Options, request: Request, deadline: Deadline) -> None:
        if request.within is not None and request.within < deadline.left():
            deadline = Deadline(state.clock, request.within)
        self._state = state
        self._options = options
        self._request = request
        self._deadline = deadline
        self._facts = request.facts()
        # A connection that sat idle can be dead, and what is sent ONCE would be lost on it.
        self._fresh = request.repeat is Repeat.ONCE
        self._turns = 0  # of `Retries.attempts`, used or passed; a redirect and a refused token cost none
        self._paid_repeats = 0  # by the retry budget
        self._lost_attempts = 0  # without a whole response
        self._redirects = 0
        self._token_replaced = False

    async def run(self) -> Response:
        """Return the response; every error says which call it ended, and after how many attempts."""
        state = self._state
        work: Work | None = None
        try:
            left = self._deadline.left()
            if left <= 0:
                raise TransportTimeoutError("the deadline had passed before anything was sent", sent="no")
            state.connections.check_loop()
            self._work = work = state.lifetime.in_flight(left, secret=self._request.secret)
            with work:
                if self._request.repeat is not Repeat.SAFE:
                    await asyncio.sleep(0)  # where the user's own timeout has run out, nothing is sent
                if isinstance(self._request.body, StreamedBody):
                    async with self._request.body.opened():
                        pass  # what cannot be read is told before anything is sent
                while True:
                    token = await state.tokens.get(self._deadline.left)
                    response = await self._attempt(token)
                    if isinstance(response, Response) and self._is_done(response, token):
                        return response
                    await self._after_failure(response, token)
        except MatatikaError as error:
            self._facts.describe(error)
            raise
        except TimeoutError:
            if work is None or not work.is_ended:
                raise  # a file or an iterator of the caller's, which the body is read from, has limits of its own
        ended = self._ended_by_its_limit()
        self._facts.describe(ended)
        raise ended

    def _ended_by_its_limit(self) -> MatatikaError:
        try:
            self._state.lifetime.check_open()  # `close` ends a call by its limit
        except SessionClosedError as closed:
            return closed
        return TransportTimeoutError("the call did not end by its deadline", sent=self._sent)

    def _is_done(self, response: Response, token: BearerToken) -> bool:
        if response.status == 401:
            return False
        state, request = self._state, self._request
        state.tokens.confirm(token)
        if 200 <= response.status < 300:
            state.budget.give_back(self._paid_repeats)
            return request.promised is None or response.status in request.promised or self._refuse(response)
        return response.status in request.done_already and self._facts.maybe_done

    def _refuse(self, response: Response) -> NoReturn:
        expected = " or ".join(map(str, sorted(self._request.promised or ())))
        error = ResponseError(f"the API answered with status {response.status}, where {expected} is expected")
        error.status = response.status
        raise error

    async def _attempt(self, token: BearerToken) -> Response | NoResponse:
        """Put the request on the wire once."""
        facts, state = self._facts, self._state
        opened = state.connections.opened() or await state.connections.open()
        places = opened.places
        if places is not None and not places.take_free():
            await places.wait()
        facts.attempts += 1
        self._turns += 1
        # While it is under way it may be carried out; a cancellation ends the call there.
        maybe_done_before, facts.maybe_done = facts.maybe_done, True
        logged = is_logged()
        began = state.clock.monotonic() if logged else 0.0
        timeouts, has_body = self._options.timeouts, self._request.body is not None
        # When a body has gone out shows to aiohttp alone: it limits the wait for the head after it.
        limits = attempt_limits(timeouts, self._deadline.left(), reads=has_body)
        head_wait = None if has_body else self._work.await_head(timeouts.read)
        attempt = Attempt(self._request, token.authorization, limits, self._fresh, facts, head_wait)
        try:
            response = await opened.exchange(attempt)
        finally:
            if head_wait is not None:
                head_wait.end()
            if places is not None:
                places.give_back()
        failure: Failure | None = None
        facts.request_id = None
        if isinstance(response, NoResponse):
            failure = response.failure
            state.connections.check_open(opened)
        elif response.status >= 400:
            failure = failure_of(response.status)
            from aiomatatika.transport.error_responses import request_id  # late, as below

            facts.request_id = request_id(response, self._secrets(token))
        facts.maybe_done = maybe_done_before or (failure is not None and failure.may_have_acted)
        if logged:
            log_attempt(facts, self._request.url.raw_path, response, state.clock.monotonic() - began)
        return response

    def _secrets(self, token: BearerToken) -> tuple[Secret, ...]:
        return (token.value, *self._state.secrets)

    # What follows an attempt: each of these returns for another attempt, or raises what ends the call.

    async def _after_failure(self, response: Response | NoResponse, token: BearerToken) -> None:
        if isinstance(response, NoResponse):
            await self._after_no_response(response)
        elif response.status == 401:
            self._replace_token(token, response)
        elif response.status in _REDIRECTS:
            self._redirect(response)
        else:
            await self._after_error(response, token)

    async def _after_no_response(self, response: NoResponse) -> None:
        if response.failure in {Failure.LOST, Failure.DAMAGED}:
            self._lost_attempts += 1
            self._fresh = True
        is_final = response.too_large or response.status in self._request.not_repeated_after
        if not is_final and await self._wait_to_repeat(response.failure):
            return
        # Without a status (aiohttp keeps it back) it stays open whether what is sent ONCE was carried out.
        if response.failure is Failure.DAMAGED and (response.status or self._request.repeat is not Repeat.ONCE):
            raise damaged_response(response)
        kind = TransportTimeoutError if response.timed_out else TransportError
        raise kind(response.reason, sent=self._sent)

    async def _after_error(self, response: Response, token: BearerToken) -> None:
        # Late: what reads errors takes a tenth of the time to import that the whole library takes.
        from aiomatatika.transport.error_responses import api_error
        from aiomatatika.transport.retry_after import server_retry_after

        status = response.status
        if not 400 <= status < 600:
            raise ResponseError(f"the API answered with status {status}")
        retry_after = server_retry_after(response.headers, self._state.clock.wall())
        failure = failure_of(status)
        self._fresh = self._fresh or status in _STALE
        if failure is None or not await self._wait_to_repeat(failure, retry_after):
            raise api_error(response, self._secrets(token), retry_after, self._state.audience)

    def _replace_token(self, token: BearerToken, response: Response) -> None:
        is_replaced = not self._token_replaced and self._state.tokens.replace(token)
        if is_replaced and not self._request.is_spent:
            self._token_replaced = True
            self._turns -= 1
            return
        from aiomatatika.transport.error_responses import challenge_code

        if is_replaced:
            raise AuthenticationError(
                "the API refuses the token (401), and the body, an iterator, is sent once: "
                "make the call again, and it goes out with a new token",
                status=401,
                code=challenge_code(response),
            )
        code = challenge_code(response)
        raise AuthenticationError(
            f"the API refuses the token (401 {code or 'without a code'}): "
            "it has expired, was revoked, or is for another audience",
            status=401,
            code=code,
        )

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
        self._turns -= 1
        if url == request.url:
            raise ResponseError("the API redirects a request to itself")
        if self._redirects > _MAX_REDIRECTS:
            raise ResponseError("the API redirects more than five times")
        self._request = msgspec.structs.replace(request, url=url)

    async def _wait_to_repeat(self, failure: Failure, retry_after: float | None = None) -> bool:
        """Wait for the turn of the next attempt; False: the call ends with this failure.

        A turn that the retry budget cannot pay for passes, and the call waits for the one after it. A wait that the
        server asks for is not charged: it is the server that spreads the load then.
        """
        state = self._state
        if self._request.is_spent:
            return False
        while True:
            failed = FailedAttempt(
                failure=failure,
                repeat=self._request.repeat,
                number=self._turns,
                lost=self._lost_attempts,
                retry_after=retry_after,
            )
            wait = wait_before_repeat(
                failed, self._options.retries, time_left=self._deadline.left(), chance=state.clock.random()
            )
            if wait is None:
                return False
            await state.clock.sleep(wait)
            if retry_after:
                return True
            if state.budget.take(state.clock.monotonic()):
                self._paid_repeats += 1
                return True
            self._turns += 1

    @property
    def _sent(self) -> Literal["no", "maybe"]:
        return "maybe" if self._facts.maybe_done else "no"
