"""One logical call: its deadline, the token, the attempts, the 401 and the repeats.

`Caller` is what resource groups are given. Several callers, with options of their own, share one `Core`: connections,
token, retry budget and whether the session is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from aiohttp import ClientTimeout
from yarl import URL

from aiomatatika.credentials import ClientCredentials
from aiomatatika.deployment import Deployment
from aiomatatika.errors import (
    AuthenticationError,
    ConfigurationError,
    MatatikaError,
    ResponseError,
    SessionClosedError,
    TransportError,
    TransportTimeoutError,
    UnsafeLinkError,
)
from aiomatatika.options import Retries, Timeouts
from aiomatatika.secret import Secret
from aiomatatika.transport.attempt import Failed, exchange
from aiomatatika.transport.clock import Clock
from aiomatatika.transport.grants import ClientCredentialsGrant, server_time
from aiomatatika.transport.message import Reply, Request
from aiomatatika.transport.pool import Pool
from aiomatatika.transport.problem import api_error, challenge_code
from aiomatatika.transport.retry import Outcome, Repeat, RetryBudget, parse_retry_after, wait_before_repeat
from aiomatatika.transport.tokens import Token, TokenSource
from aiomatatika.transport.urls import ApiRoot

__all__ = ["Caller", "Core", "Deadline"]

_logger = logging.getLogger("aiomatatika")

T = TypeVar("T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_GRACE = 4.0
_PATIENCE = 0.5


class Deadline:
    """The moment by which a call has to end."""

    __slots__ = ("_clock", "_end")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds until then, at least 0."""
        return max(0.0, self._end - self._clock.monotonic())


class Core(msgspec.Struct, eq=False):
    """What the callers of one session share."""

    deployment: Deployment
    root: ApiRoot
    pool: Pool
    tokens: TokenSource
    clock: Clock
    user_agent: str
    grant_for: Callable[[ClientCredentials], ClientCredentialsGrant]
    client_id: str | None = None
    secrets: tuple[Secret, ...] = ()
    budget: RetryBudget = msgspec.field(default_factory=RetryBudget)
    closed: bool = False
    _running: dict[asyncio.Timeout, tuple[asyncio.AbstractEventLoop, bool]] = msgspec.field(default_factory=dict)

    def check_open(self) -> None:
        """Raise `SessionClosedError` after `close`."""
        if self.closed:
            raise SessionClosedError("the session is closed")

    def check_can_grant(self) -> None:
        """Raise `ConfigurationError` where no token can be asked for with an API key."""
        if self.deployment.token_url is None:
            raise ConfigurationError("no token_url is known: whether a new key is accepted yet cannot be found out")

    def enter(self, limit: asyncio.Timeout, *, protected: bool) -> None:
        """Note a call that runs under a limit, so that `close` can end it."""
        self.check_open()
        self._running[limit] = (asyncio.get_running_loop(), protected)

    def leave(self, limit: asyncio.Timeout) -> None:
        """Note that it has ended."""
        self._running.pop(limit, None)

    async def close(self) -> None:
        """End the calls in flight, but let one that brings a secret finish within 4 s; then close the connections."""
        self.closed = True
        try:
            self._end(protected=False)
            await self._wait_for_calls(_GRACE)
            self._end(protected=True)
            await self._wait_for_calls(_PATIENCE)
        finally:
            try:
                await self.tokens.close()
            finally:
                await self.pool.close()

    def _end(self, *, protected: bool) -> None:
        here = asyncio.get_running_loop()
        for limit, (loop, is_protected) in list(self._running.items()):
            if is_protected and not protected:
                continue
            if loop is here:
                _expire(limit)
            elif loop.is_running():
                loop.call_soon_threadsafe(_expire, limit)

    async def _wait_for_calls(self, seconds: float) -> None:
        here = asyncio.get_running_loop()
        end = here.time() + seconds
        # An event would cost each of a million calls to speed up one close.
        # A copy, because calls of other threads leave meanwhile.
        while any(loop is here for loop, _ in list(self._running.values())) and here.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def _expire(limit: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # it has expired by itself
        limit.reschedule(0.0)


class _Progress:
    """How far a call has come; its error tells."""

    __slots__ = ("attempts", "lost", "maybe_done")

    def __init__(self) -> None:
        self.attempts = 0
        self.lost = 0
        self.maybe_done = False


class Caller:
    """Makes calls with one set of options.

    Args:
        core: What it shares with others.
        timeouts: Its limits.
        retries: Its repeats.
    """

    def __init__(self, core: Core, timeouts: Timeouts, retries: Retries) -> None:
        self.core = core
        self.timeouts = timeouts
        self.retries = retries
        self._limits = ClientTimeout(total=None, connect=timeouts.connect, sock_read=timeouts.read)

    def deadline(self) -> Deadline:
        """Return the deadline of a call that begins now."""
        return Deadline(self.core.clock, self.timeouts.total)

    def at(self, path: str, query: Mapping[str, str] | None = None) -> URL:
        """Return the URL of an encoded path below the API's root."""
        return self.core.root.at(path, query)

    async def get(self, url: URL, as_type: type[T], deadline: Deadline | None = None) -> T:
        """GET an object."""
        request = Request(method="GET", url=url, repeat=Repeat.SAFE)
        return self.structured(request, await self.send(request, deadline), as_type)

    def structured(self, request: Request, reply: Reply, as_type: type[T]) -> T:
        """Return an answer's body as an attrs class; a `ResponseError` says which call brought it."""
        try:
            return reply.structured(as_type)
        except ResponseError as error:
            error.method, error.path, error.attempts = request.method, request.url.raw_path, reply.attempts
            error.status = reply.status
            raise

    async def send(self, request: Request, deadline: Deadline | None = None) -> Reply:
        """Make a call: everything between here and its answer of status 200 to 299 ends by the deadline.

        Raises:
            MatatikaError: As the tree in `errors` says; with method, path and attempts.
        """
        core = self.core
        deadline = deadline or self.deadline()
        progress = _Progress()
        left = deadline.left()
        limit = asyncio.timeout(left if request.within is None else min(left, request.within))
        try:
            if left <= 0:
                raise TransportTimeoutError("the deadline had passed before anything was sent", sent="no")
            async with limit:
                core.enter(limit, protected=request.protected)
                try:
                    # A limit of the caller's that has run out shows here, before anything is sent.
                    await asyncio.sleep(0)
                    return await self._attempts(request, progress, deadline)
                finally:
                    core.leave(limit)
        except MatatikaError as failed:
            self._describe(failed, request, progress)
            raise
        except TimeoutError:
            pass
        error: MatatikaError = (
            SessionClosedError("the session was closed during the call")
            if core.closed
            else TransportTimeoutError(
                "the call did not end by its deadline", sent="maybe" if progress.maybe_done else "no"
            )
        )
        self._describe(error, request, progress)
        raise error

    @staticmethod
    def _describe(error: MatatikaError, request: Request, progress: _Progress) -> None:
        if error.method is None:
            error.method, error.path, error.attempts = request.method, request.url.raw_path, progress.attempts

    async def _attempts(self, request: Request, progress: _Progress, deadline: Deadline) -> Reply:
        core = self.core
        tries = redirects = 0
        replaced = False
        while True:
            token = await core.tokens.get(deadline.left)
            progress.attempts += 1
            tries += 1
            was_maybe_done = progress.maybe_done
            outcome = await self._attempt(request, token, progress, deadline)
            if isinstance(outcome, Failed):
                await self._before_repeat(request, progress, deadline, tries, outcome)
                continue
            if outcome.status == 401:
                if replaced or not core.tokens.replace(token):
                    raise self._unauthorized(outcome)
                replaced = True
                tries -= 1
                continue
            core.tokens.confirm(token)
            if 200 <= outcome.status < 300:
                core.budget.give_back(tries - 1)
                outcome.attempts = progress.attempts
                return outcome
            if outcome.status in _REDIRECTS:
                redirects += 1
                request = self._redirected(request, outcome, redirects)
                continue
            if outcome.status == 404 and request.absence_is_success and was_maybe_done:
                return outcome
            await self._after_error(request, progress, deadline, tries, outcome, token)

    async def _attempt(self, request: Request, token: Token, progress: _Progress, deadline: Deadline) -> Reply | Failed:
        core = self.core
        left = deadline.left()
        limits = self._limits
        # Below the deadline, so that a connection that did not come about is told from an answer that did not: 5 %, and
        # 0.1 s for a loop that is busy.
        patience = min(0.95 * left, max(left - 0.1, left / 2))
        if patience < self.timeouts.connect:
            # To the point: aiohttp rounds limits above its threshold up to a whole second.
            limits = ClientTimeout(
                total=None, connect=patience, sock_read=self.timeouts.read, ceil_threshold=self.timeouts.connect
            )
        http = await core.pool.http()
        before, progress.maybe_done = progress.maybe_done, True
        outcome = await exchange(http, request, token.authorization, core.user_agent, limits)
        acted = outcome.outcome if isinstance(outcome, Failed) else Outcome.FAILED if outcome.status >= 500 else None
        progress.maybe_done = before or acted in {Outcome.LOST, Outcome.DAMAGED, Outcome.FAILED}
        if _logger.isEnabledFor(logging.DEBUG):
            what = outcome.reason if isinstance(outcome, Failed) else outcome.status
            _logger.debug("%s %s: %s (attempt %d)", request.method, request.url.raw_path, what, progress.attempts)
        return outcome

    async def _before_repeat(
        self, request: Request, progress: _Progress, deadline: Deadline, tries: int, failed: Failed
    ) -> None:
        """Wait, or raise what the failed attempt amounts to."""
        self.core.check_open()
        if failed.outcome in {Outcome.LOST, Outcome.DAMAGED}:
            progress.lost += 1
        if not failed.too_large and await self._waited(failed.outcome, request, progress, deadline, tries, None):
            return
        # Without a status (aiohttp keeps it back) it is not known whether what must not be repeated was carried out.
        if failed.outcome is Outcome.DAMAGED and (failed.status or request.repeat is not Repeat.ONCE):
            error = ResponseError(f"status {failed.status or 'unknown'}: {failed.reason}")
            error.status = failed.status
            raise error
        kind = TransportTimeoutError if failed.timed_out else TransportError
        raise kind(failed.reason, sent="maybe" if progress.maybe_done else "no")

    async def _after_error(
        self, request: Request, progress: _Progress, deadline: Deadline, tries: int, reply: Reply, token: Token
    ) -> None:
        """Wait, or raise the error that the API answered with."""
        status = reply.status
        if not 400 <= status < 600:
            raise ResponseError(f"the API answered with status {status}")
        retry_after = parse_retry_after(
            reply.headers.get("Retry-After"), now=server_time(reply.headers, self.core.clock)
        )
        if status >= 500:
            again = await self._waited(Outcome.FAILED, request, progress, deadline, tries, retry_after)
        else:
            again = status == 429 and await self._waited(
                Outcome.THROTTLED, request, progress, deadline, tries, retry_after
            )
        if not again:
            raise api_error(reply, (token.value, *self.core.secrets), retry_after)

    async def _waited(
        self,
        outcome: Outcome,
        request: Request,
        progress: _Progress,
        deadline: Deadline,
        tries: int,
        retry_after: float | None,
    ) -> bool:
        """Wait as `wait_before_repeat` says and tell whether to repeat."""
        core = self.core
        wait = wait_before_repeat(
            outcome,
            request.repeat,
            attempt=tries,
            lost=progress.lost,
            retries=self.retries,
            retry_after=retry_after,
            time_left=deadline.left(),
            chance=core.clock.random(),
        )
        if wait is None or not core.budget.take():
            return False
        _logger.debug("%s %s: %s, again in %.2f s", request.method, request.url.raw_path, outcome.value, wait)
        await core.clock.sleep(wait)
        return True

    def _redirected(self, request: Request, reply: Reply, redirects: int) -> Request:
        location = reply.headers.get("Location")
        if location is None:
            raise ResponseError(f"the API answered {reply.status} without saying where to")
        try:
            url = self.core.root.resolve(location, request.url)
        except UnsafeLinkError:
            url = None
        if url is None:
            raise UnsafeLinkError(
                f"the API redirects ({reply.status}) to another origin or above its root: not followed"
            )
        if request.repeat is not Repeat.SAFE:
            raise ResponseError(f"the API redirects a {request.method} ({reply.status}): not followed")
        if redirects > _MOST_REDIRECTS or url == request.url:
            raise ResponseError("the API redirects without end")
        return msgspec.structs.replace(request, url=url)

    def _unauthorized(self, reply: Reply) -> AuthenticationError:
        code = challenge_code(reply)
        return AuthenticationError(
            f"the API refuses the token (401 {code or 'without a code'}): "
            "it has expired, was revoked, or is for another audience",
            status=401,
            code=code,
        )
