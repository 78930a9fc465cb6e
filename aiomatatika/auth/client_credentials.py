"""The ``client_credentials`` grant: from an API key to a token, over the deployment's token endpoint."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from yarl import URL

from aiomatatika.auth.token import Granted, Instant, Refused
from aiomatatika.credentials import ClientCredentials, is_token68
from aiomatatika.decoding.json_text import Mismatch, decode_json, member
from aiomatatika.decoding.request_bodies import Body
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
from aiomatatika.options import Options
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock, Deadline
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.error_responses import error_code
from aiomatatika.transport.failure import Failure, NoResponse
from aiomatatika.transport.limits import attempt_limits
from aiomatatika.transport.message import CallFacts, Request, Response
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.retry import FailedAttempt, wait_before_repeat
from aiomatatika.transport.retry_after import server_retry_after, server_time

__all__ = ["ClientCredentialsGrant"]

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


def _retry_after(response: Response, clock: Clock) -> float | None:
    wait = server_retry_after(response.headers, clock.wall())
    reset = response.headers.get("X-RateLimit-Reset", "")
    if wait is None and _DIGITS.fullmatch(reset):
        return min(max(float(reset) - server_time(response.headers, clock.wall()), 0.0), _LONGEST_RESET)
    return wait


def _lifetime(value: Any) -> float | None:
    """Read ``expires_in``: many servers send a string (RFC 6749 erratum 5379). None: it says nothing."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(float(value), _LONGEST_LIFETIME)


def _document(response: Response) -> Any:
    """Decode an answer. Numbers that JSON has no form for pass here: a lifetime of NaN must not cost a good token."""
    document = decode_json(response.body, response.media_type)
    if isinstance(document, Mismatch):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(response.body.decode(), object_pairs_hook=_unambiguous)
    return document


def _unambiguous(members: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(members)
    if len(named) < len(members):
        raise ValueError
    return named


def _granted(response: Response, asked_at: Instant) -> tuple[Granted, bool] | MatatikaError:
    """Read the answer 200; the flag tells whether the lifetime is a guess."""
    document = _document(response)
    if isinstance(document, Mismatch):
        return ResponseError(f"the token endpoint's answer is not what was promised: {document.text}")
    token, kind = member(document, "access_token"), member(document, "token_type")
    if token is None and (code := error_code(response)):
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
        connections: Connections,
        clock: Clock,
        options: Options,
    ) -> None:
        if deployment.token_url is None:
            raise ConfigurationError(
                f"no token_url is known for {deployment.api_url}: give Deployment(…, token_url=…) "
                "(MATATIKA_TOKEN_URL); it is never guessed, because the client secret is sent there"
            )
        self._credentials = credentials
        self._deployment = deployment
        self._token_url = URL(deployment.token_url)
        self._connections = connections
        self._clock = clock
        self._timeouts = options.timeouts
        self._retries = options.retries

    def _request(self) -> Request:
        return Request(
            method="POST",
            url=self._token_url,
            repeat=Repeat.SAFE,
            content_type="application/x-www-form-urlencoded",
            accept="application/json",
            body=Body(
                urlencode(
                    {
                        "grant_type": "client_credentials",
                        "client_id": self._credentials.client_id,
                        "client_secret": self._credentials.client_secret.reveal(),
                        "audience": self._deployment.audience,
                    }
                ).encode()
            ),
        )

    async def __call__(self, attempts: int) -> Granted | Refused:
        """Ask for a token, in at most ``attempts`` requests; a refusal or a rate limit is never repeated here."""
        deadline = Deadline(self._clock, self._timeouts.total)
        attempt = 0
        while True:
            attempt += 1
            asked_at = Instant.now(self._clock)
            outcome = await self._ask(deadline.left())
            if isinstance(outcome, Response):
                refused: Granted | Refused = self._judge(outcome, asked_at)
                failure = Failure.FAILED
            else:
                refused, failure = Refused(self._lost(outcome)), outcome.failure
            if isinstance(refused, Granted):
                return refused
            failed = FailedAttempt(failure=failure, repeat=Repeat.SAFE, number=attempt)
            wait = wait_before_repeat(failed, self._retries, time_left=deadline.left(), chance=self._clock.random())
            if wait is None or attempt == attempts or not isinstance(refused.error, TransportError):
                CallFacts("POST", self._token_url.raw_path, attempts=attempt).describe(refused.error)
                return refused
            await self._clock.sleep(wait)

    async def _ask(self, time_left: float) -> Response | NoResponse:
        limits = attempt_limits(self._timeouts, time_left, enforced=True)
        return await self._connections.exchange(self._request(), None, limits)

    def _lost(self, failed: NoResponse) -> MatatikaError:
        if failed.failure is Failure.DAMAGED:
            return ResponseError(f"the token endpoint's answer: {failed.reason}")
        kind = TransportTimeoutError if failed.timed_out else TransportError
        # "no" for the call that wanted a token: that was not sent. Asking for a token changes nothing.
        return kind(f"no answer from the token endpoint: {failed.reason}", sent="no")

    def _judge(self, response: Response, asked_at: Instant) -> Granted | Refused:
        status = response.status
        if status == 200:
            outcome = _granted(response, asked_at)
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
            limited.retry_after = _retry_after(response, self._clock)
            return Refused(limited)
        if 300 <= status < 400:
            return Refused(ResponseError(f"the token endpoint redirects{_origin(response)}; it is not followed"))
        if 400 <= status < 500:
            code = error_code(response)
            hint = (
                _UNKNOWN_CLIENT if status == 401 else _HINTS.get(code or "", "check the credentials and the audience")
            )
            text = f"the identity provider refuses the credentials ({status} {code or 'without a code'}): {hint}"
            return Refused(AuthenticationError(text, status=status, code=code), final=True)
        if 500 <= status < 600:
            return Refused(TransportError(f"the token endpoint answered {status}", sent="no"))
        return Refused(ResponseError(f"the token endpoint answered with status {status}"))


def _origin(response: Response) -> str:
    try:
        return f" to {URL(response.headers['Location']).origin()}"
    except (KeyError, ValueError):
        return ""
