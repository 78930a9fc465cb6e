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
from aiomatatika.options import Retries, Timeouts
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.exchange import NoReply, exchange
from aiomatatika.transport.message import Reply, Request
from aiomatatika.transport.problem import api_error, challenge_code
from aiomatatika.transport.retry import Failure, Repeat, server_retry_after, wait_before_repeat
from aiomatatika.transport.state import SharedState
from aiomatatika.transport.tokens import Token

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
        timeouts: Limits in seconds.
        retries: How often an attempt may be repeated.
        request: What is asked for; a redirect puts another in its place.
        deadline: When the call ends at the latest.
    """

    __slots__ = (
        "_attempts",
        "_deadline",
        "_lost",
        "_may_have_acted",
        "_redirects",
        "_request",
        "_retries",
        "_state",
        "_timeouts",
        "_token_replaced",
        "_tries",
    )

    def __init__(
        self, state: SharedState, timeouts: Timeouts, retries: Retries, request: Request, deadline: Deadline
    ) -> None:
        self._state = state
        self._timeouts = timeouts
        self._retries = retries
        self._request = request
        self._deadline = deadline
        self._attempts = 0  # requests put on the wire
        self._tries = 0  # those that `Retries.attempts` counts: all but the one that a refused token cost
        self._lost = 0  # attempts without a whole answer
        self._may_have_acted = False
        self._redirects = 0
        self._token_replaced = False

    async def run(self) -> Reply:
        """Return the answer; every error says which call it ended, and after how many attempts."""
        request, left = self._request, self._deadline.left()
        try:
            if left <= 0:
                raise TransportTimeoutError("the deadline had passed before anything was sent", sent="no")
            seconds = left if request.within is None else min(left, request.within)
            async with asyncio.timeout(seconds) as limit:
                with self._state.in_flight(limit, protected=request.protected):
                    await asyncio.sleep(0)  # where the user's own timeout has run out, nothing is sent
                    return await self._until_answered()
        except MatatikaError as failed:
            self._describe(failed, request)
            raise
        except TimeoutError:
            pass
        error: MatatikaError = (
            SessionClosedError("the session was closed during the call")
            if self._state.closed
            else TransportTimeoutError("the call did not end by its deadline", sent=self._sent)
        )
        self._describe(error, request)
        raise error

    def _describe(self, error: MatatikaError, request: Request) -> None:
        if error.method is None:
            error.method, error.path, error.attempts = request.method, request.url.raw_path, self._attempts

    async def _until_answered(self) -> Reply:
        state = self._state
        while True:
            token = await state.tokens.get(self._deadline.left)
            answer = await self._attempt(token)
            if isinstance(answer, NoReply):
                await self._after_no_reply(answer)
            elif answer.status == 401:
                self._replace(token, answer)
            else:
                state.tokens.confirm(token)
                if 200 <= answer.status < 300:
                    state.budget.give_back(self._tries - 1)
                    answer.attempts = self._attempts
                    return answer
                if answer.status == 404 and self._request.absence_is_success and self._may_have_acted:
                    return answer
                if answer.status in _REDIRECTS:
                    self._redirect(answer)
                else:
                    await self._after_error(answer, token)

    async def _attempt(self, token: Token) -> Reply | NoReply:
        """Put the request on the wire once."""
        self._attempts += 1
        self._tries += 1
        http = await self._state.pool.http()
        before, self._may_have_acted = self._may_have_acted, True  # while it is under way; a cancellation ends it there
        answer = await exchange(http, self._request, token.authorization, self._state.user_agent, self._limits())
        if isinstance(answer, NoReply):
            acted = answer.failure in {Failure.LOST, Failure.DAMAGED}
        else:
            acted = answer.status >= 500
        self._may_have_acted = before or acted
        if _logger.isEnabledFor(logging.DEBUG):
            what = answer.reason if isinstance(answer, NoReply) else answer.status
            _logger.debug(
                "%s %s: %s (attempt %d)", self._request.method, self._request.url.raw_path, what, self._attempts
            )
        return answer

    def _limits(self) -> ClientTimeout:
        left, timeouts = self._deadline.left(), self._timeouts
        # Below the deadline, so that a connection that did not come about is told from an answer that did not: 5 %, and
        # 0.1 s for a loop that is busy.
        connect = min(0.95 * left, max(left - 0.1, left / 2))
        if connect >= timeouts.connect:
            return _usual_limits(timeouts)
        # To the point: aiohttp rounds limits above its threshold up to a whole second.
        return ClientTimeout(total=None, connect=connect, sock_read=timeouts.read, ceil_threshold=timeouts.connect)

    # What follows an attempt: each of these returns where another attempt is to be made, and raises where none is.

    async def _after_no_reply(self, answer: NoReply) -> None:
        self._state.check_open()
        if answer.failure in {Failure.LOST, Failure.DAMAGED}:
            self._lost += 1
        if not answer.too_large and await self._wait_to_repeat(answer.failure):
            return
        # Without a status (aiohttp keeps it back) it is not known whether what must not be repeated was carried out.
        if answer.failure is Failure.DAMAGED and (answer.status or self._request.repeat is not Repeat.ONCE):
            error = ResponseError(f"status {answer.status or 'unknown'}: {answer.reason}")
            error.status = answer.status
            raise error
        kind = TransportTimeoutError if answer.timed_out else TransportError
        raise kind(answer.reason, sent=self._sent)

    async def _after_error(self, reply: Reply, token: Token) -> None:
        status = reply.status
        if not 400 <= status < 600:
            raise ResponseError(f"the API answered with status {status}")
        retry_after = server_retry_after(reply.headers, self._state.clock.wall())
        failure = Failure.FAILED if status >= 500 else Failure.THROTTLED if status == 429 else None
        if failure is None or not await self._wait_to_repeat(failure, retry_after):
            raise api_error(reply, (token.value, *self._state.secrets), retry_after)

    def _replace(self, token: Token, reply: Reply) -> None:
        if self._token_replaced or not self._state.tokens.replace(token):
            code = challenge_code(reply)
            raise AuthenticationError(
                f"the API refuses the token (401 {code or 'without a code'}): "
                "it has expired, was revoked, or is for another audience",
                status=401,
                code=code,
            )
        self._token_replaced = True
        self._tries -= 1

    def _redirect(self, reply: Reply) -> None:
        request = self._request
        location = reply.headers.get("Location")
        if location is None:
            raise ResponseError(f"the API answered {reply.status} without saying where to")
        try:
            url = self._state.root.resolve(location, request.url)
        except UnsafeLinkError:
            url = None
        if url is None:
            raise UnsafeLinkError(
                f"the API redirects ({reply.status}) to another origin or above its root: not followed"
            )
        if request.repeat is not Repeat.SAFE:
            raise ResponseError(f"the API redirects a {request.method} ({reply.status}): not followed")
        self._redirects += 1
        if self._redirects > _MAX_REDIRECTS or url == request.url:
            raise ResponseError("the API redirects without end")
        self._request = msgspec.structs.replace(request, url=url)

    async def _wait_to_repeat(self, failure: Failure, retry_after: float | None = None) -> bool:
        """Wait as `wait_before_repeat` says; False: the attempt is not to be repeated."""
        state, request = self._state, self._request
        wait = wait_before_repeat(
            failure,
            request.repeat,
            attempt=self._tries,
            lost=self._lost,
            retries=self._retries,
            retry_after=retry_after,
            time_left=self._deadline.left(),
            chance=state.clock.random(),
        )
        if wait is None or not state.budget.take():
            return False
        _logger.debug("%s %s: %s, again in %.2f s", request.method, request.url.raw_path, failure.value, wait)
        await state.clock.sleep(wait)
        return True

    @property
    def _sent(self) -> Literal["no", "maybe"]:
        return "maybe" if self._may_have_acted else "no"
