"""Where tokens come from: the token endpoint, or a callable of the user."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import ClientTimeout
from yarl import URL

from aiomatatika.credentials import AccessToken, ClientCredentials, is_token68
from aiomatatika.decoding import Mismatch, decode_json, member
from aiomatatika.deployment import Deployment
from aiomatatika.errors import (
    AuthenticationError,
    ConfigurationError,
    MatatikaError,
    RateLimitError,
    ResponseError,
    TransportError,
    TransportTimeoutError,
)
from aiomatatika.options import Retries, Timeouts
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock, Deadline
from aiomatatika.transport.exchange import NoReply, exchange
from aiomatatika.transport.message import Reply, Request
from aiomatatika.transport.pool import Pool
from aiomatatika.transport.problem import error_code
from aiomatatika.transport.retry import Failure, Repeat, server_retry_after, server_time, wait_before_repeat
from aiomatatika.transport.tokens import Granted, Instant, Refused

__all__ = ["ClientCredentialsGrant", "callable_grant"]

_logger = logging.getLogger(__name__)

_DIGITS = re.compile(r"[0-9]{1,12}(?:\.0*)?", re.ASCII)
# What an answer without `expires_in` is taken to mean; RFC 6749 section 5.1 only recommends the field.
_DEFAULT_LIFETIME: Final = 600.0
_LONGEST_LIFETIME: Final = 7 * 86_400.0
_LONGEST_RESET: Final = 60.0
_HINTS: Final[Mapping[str, str]] = {
    "invalid_client": "check the client secret; a new or rotated one can take up to 30 s to work",
    "unauthorized_client": "this client may not use this grant for this audience: use the credentials of an API key",
    "access_denied": "check the audience, and that the client is granted access to it",
}
_UNKNOWN_CLIENT = (
    "check client ID and secret; a new or rotated secret can take up to 30 s to work (create(…, ready_within=45) waits)"
)


def _retry_after(reply: Reply, clock: Clock) -> float | None:
    wait = server_retry_after(reply.headers, clock.wall())
    reset = reply.headers.get("X-RateLimit-Reset", "")
    if wait is None and _DIGITS.fullmatch(reset):
        return min(max(float(reset) - server_time(reply.headers, clock.wall()), 0.0), _LONGEST_RESET)
    return wait


def _lifetime(value: Any) -> float | None:
    """Read ``expires_in``: many servers send a string (RFC 6749 erratum 5379). None: it says nothing."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(float(value), _LONGEST_LIFETIME)


def _document(reply: Reply) -> Any:
    """Decode an answer. Numbers that JSON has no form for pass here: a lifetime of NaN must not cost a good token."""
    document = decode_json(reply.body, reply.media_type)
    if isinstance(document, Mismatch):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(reply.body.decode(), object_pairs_hook=_unambiguous)
    return document


def _unambiguous(members: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(members)
    if len(named) < len(members):
        raise ValueError
    return named


def _granted(reply: Reply, asked_at: Instant) -> tuple[Granted, bool] | MatatikaError:
    """Read the answer 200; the flag tells whether the lifetime is a guess."""
    document = _document(reply)
    if isinstance(document, Mismatch):
        return ResponseError(f"the token endpoint's answer is not what was promised: {document.text}")
    token, kind = member(document, "access_token"), member(document, "token_type")
    if token is None and (code := error_code(reply)):
        return ResponseError(f"the token endpoint answered 200 with the error {code}")
    if not isinstance(token, str) or not is_token68(Secret(token)):
        return ResponseError("the token endpoint's answer: access_token: expected a bearer token")
    if kind is not None and (not isinstance(kind, str) or kind.lower() != "bearer"):
        return ResponseError("the token endpoint's answer: token_type: expected Bearer")
    lifetime = _lifetime(member(document, "expires_in"))
    return Granted(Secret(token), _DEFAULT_LIFETIME if lifetime is None else lifetime, asked_at), lifetime is None


class ClientCredentialsGrant:
    """The ``client_credentials`` grant (RFC 6749 section 4.4): a form POST to the deployment's token endpoint."""

    def __init__(
        self,
        credentials: ClientCredentials,
        deployment: Deployment,
        pool: Pool,
        clock: Clock,
        user_agent: str,
        timeouts: Timeouts,
        retries: Retries,
    ) -> None:
        if deployment.token_url is None:
            raise ConfigurationError(
                f"no token_url is known for {deployment.api_url}: give Deployment(…, token_url=…) "
                "(MATATIKA_TOKEN_URL); it is never guessed, because the client secret is sent there"
            )
        self._credentials = credentials
        self._deployment = deployment
        self._token_url = URL(deployment.token_url)
        self._pool = pool
        self._clock = clock
        self._user_agent = user_agent
        self._timeouts = timeouts
        self._retries = retries

    def _request(self) -> Request:
        return Request(
            method="POST",
            url=self._token_url,
            repeat=Repeat.SAFE,
            content_type="application/x-www-form-urlencoded",
            accept="application/json",
            body=urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": self._credentials.client_id,
                    "client_secret": self._credentials.client_secret.reveal(),
                    "audience": self._deployment.audience,
                }
            ).encode(),
        )

    async def __call__(self, attempts: int) -> Granted | Refused:
        """Ask for a token, in at most ``attempts`` requests; a refusal or a rate limit is never repeated here."""
        deadline = Deadline(self._clock, self._timeouts.total)
        attempt = 0
        while True:
            attempt += 1
            asked_at = Instant.now(self._clock)
            outcome = await self._ask()
            if isinstance(outcome, Reply):
                refused: Granted | Refused = self._judge(outcome, asked_at)
                failure = Failure.FAILED
            else:
                refused, failure = Refused(self._lost(outcome)), outcome.failure
            if isinstance(refused, Granted):
                return refused
            wait = wait_before_repeat(
                failure,
                Repeat.SAFE,
                attempt=attempt,
                lost=1,
                retries=self._retries,
                retry_after=None,
                time_left=deadline.left(),
                chance=self._clock.random(),
            )
            if wait is None or attempt == attempts or not isinstance(refused.error, TransportError):
                refused.error.method, refused.error.path = "POST", self._token_url.raw_path
                refused.error.attempts = attempt
                return refused
            await self._clock.sleep(wait)

    async def _ask(self) -> Reply | NoReply:
        limits = ClientTimeout(
            total=self._timeouts.total, connect=self._timeouts.connect, sock_read=self._timeouts.read
        )
        return await exchange(await self._pool.http(), self._request(), None, self._user_agent, limits)

    def _lost(self, failed: NoReply) -> MatatikaError:
        if failed.failure is Failure.DAMAGED:
            return ResponseError(f"the token endpoint's answer: {failed.reason}")
        kind = TransportTimeoutError if failed.timed_out else TransportError
        # "no" for the call that wanted a token: that was not sent. Asking for a token changes nothing.
        return kind(f"no answer from the token endpoint: {failed.reason}", sent="no")

    def _judge(self, reply: Reply, asked_at: Instant) -> Granted | Refused:
        status = reply.status
        if status == 200:
            outcome = _granted(reply, asked_at)
            if isinstance(outcome, MatatikaError):
                return Refused(outcome)
            granted, guessed = outcome
            if guessed:
                _logger.warning("the token endpoint did not say how long its token lives: taken as 600 s")
            return granted
        if status == 429:
            limited = RateLimitError(
                429, error="Too Many Requests", message="the identity provider limits token requests"
            )
            limited.retry_after = _retry_after(reply, self._clock)
            return Refused(limited)
        if 300 <= status < 400:
            return Refused(ResponseError(f"the token endpoint redirects{_origin(reply)}; it is not followed"))
        if 400 <= status < 500:
            code = error_code(reply)
            hint = (
                _UNKNOWN_CLIENT if status == 401 else _HINTS.get(code or "", "check the credentials and the audience")
            )
            text = f"the identity provider refuses the credentials ({status} {code or 'without a code'}): {hint}"
            return Refused(AuthenticationError(text, status=status, code=code), final=True)
        if 500 <= status < 600:
            return Refused(TransportError(f"the token endpoint answered {status}", sent="no"))
        return Refused(ResponseError(f"the token endpoint answered with status {status}"))


def _origin(reply: Reply) -> str:
    try:
        return f" to {URL(reply.headers['Location']).origin()}"
    except (KeyError, ValueError):
        return ""


def callable_grant(
    bring: Callable[[], Awaitable[str | AccessToken]], clock: Clock, seconds: float
) -> Callable[[int], Awaitable[Granted | Refused]]:
    """Return the grant of a user's callable: a str lasts until it is refused, an `AccessToken` as long as it says."""

    async def grant(_attempts: int) -> Granted | Refused:
        asked_at = Instant.now(clock)
        async with asyncio.timeout(seconds):  # everybody waits for it, so it must not hang
            token = _as_access_token(await bring())
        if isinstance(token, MatatikaError):
            return Refused(token)
        return Granted(token.value, token.expires_in, asked_at)

    return grant


def _as_access_token(brought: object) -> AccessToken | MatatikaError:
    if isinstance(brought, AccessToken):
        return brought
    if not isinstance(brought, str | Secret):
        return AuthenticationError(f"the token callable returned {type(brought).__name__}: expected str or AccessToken")
    try:
        return AccessToken(brought)
    except ConfigurationError:
        pass
    return AuthenticationError(
        "the token callable returned what is no bearer token (give it bare: no Bearer, no quotes)"
    )
