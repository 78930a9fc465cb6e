"""The ``client_credentials`` grant: from an API key to a token, over the deployment's token endpoint."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from yarl import URL

from aiomatatika.auth.token import Granted, Instant, Refused
from aiomatatika.credentials import ClientCredentials
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.deployment import Deployment
from aiomatatika.errors import ConfigurationError, ResponseError, TransportError, TransportTimeoutError
from aiomatatika.options import Options
from aiomatatika.transport.attempt_log import log_attempt
from aiomatatika.transport.clock import Clock, Deadline
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.exchange import Attempt
from aiomatatika.transport.failure import Failure, NoResponse
from aiomatatika.transport.limits import attempt_limits
from aiomatatika.transport.message import CallFacts, Request
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.retry import FailedAttempt, wait_before_repeat

__all__ = ["ClientCredentialsGrant"]

_MAX_RESPONSE: Final = 64 * 2**10


class ClientCredentialsGrant:
    """The ``client_credentials`` grant (RFC 6749 section 4.4): a form POST to the deployment's token endpoint."""

    def __init__(  # noqa: PLR0913, PLR0917  # these five meet nowhere else: an object of them would be made for this
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
        self._audience = deployment.audience
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
            max_body=_MAX_RESPONSE,
            body=Body(
                urlencode(
                    {
                        "grant_type": "client_credentials",
                        "client_id": self._credentials.client_id,
                        "client_secret": self._credentials.client_secret.reveal(),
                        "audience": self._audience,
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
            outcome, failure = await self._attempt(deadline.left(), attempt)
            if isinstance(outcome, Granted):
                return outcome
            failed = FailedAttempt(failure=failure, repeat=Repeat.SAFE, number=attempt)
            wait = wait_before_repeat(failed, self._retries, time_left=deadline.left(), chance=self._clock.random())
            if wait is None or attempt == attempts or not isinstance(outcome.error, TransportError):
                CallFacts("POST", self._token_url.raw_path, attempts=attempt).describe(outcome.error)
                return outcome
            await self._clock.sleep(wait)

    async def _attempt(self, time_left: float, number: int) -> tuple[Granted | Refused, Failure]:
        # Late: with what reads errors it takes a tenth of the time to import that the whole library takes.
        from aiomatatika.auth.token_response import read_token_response

        asked_at = Instant.now(self._clock)
        limits = attempt_limits(self._timeouts, time_left, enforced=True)
        opened = self._connections.opened() or await self._connections.open()
        facts = CallFacts("POST", self._token_url.raw_path, attempts=number)
        response = await opened.exchange(Attempt(self._request(), None, limits, call=facts))
        log_attempt(facts, facts.path, response, self._clock.monotonic() - asked_at.monotonic)
        if isinstance(response, NoResponse):
            self._connections.check_open(opened)
            return _lost(response), response.failure
        return read_token_response(response, asked_at), Failure.FAILED


def _lost(failed: NoResponse) -> Refused:
    if failed.failure is Failure.DAMAGED:
        return Refused(ResponseError(f"the token endpoint's response: {failed.reason}"))
    kind = TransportTimeoutError if failed.timed_out else TransportError
    # "no" for the call that wanted a token: that was not sent. Asking for a token changes nothing.
    return Refused(kind(f"no response from the token endpoint: {failed.reason}", sent="no"))
