"""The token endpoint as it is asked, what it can answer, and tokens from a user's callable."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from typing import Any

import pytest

from aiomatatika import (
    AuthenticationError,
    ConfigurationError,
    Deployment,
    MatatikaError,
    RateLimitError,
    ResponseError,
    Retries,
    Secret,
    Timeouts,
    TransportError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.auth.client_credentials import ClientCredentialsGrant
from aiomatatika.transport.connections import Connections
from aiomatatika.auth.token import Granted, Refused

from ..servers import TOKEN, bomb, everything_shown, raw_server

WEEK = 7 * 86_400.0
Ask = Callable[..., Awaitable[Granted | Refused]]


@pytest.fixture
async def ask(server: MatatikaServer, clock: ControlledClock) -> AsyncIterator[Ask]:
    """Ask for a token, at the embedded server or where the test says, with up to three requests."""
    pool = Connections()

    async def ask(
        attempts: int = 3,
        token_url: str | None = None,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  # frozen
        retries: Retries = Retries(),  # noqa: B008  # frozen
    ) -> Granted | Refused:
        deployment = server.deployment
        if token_url:
            deployment = Deployment(deployment.api_url, token_url=token_url)
        grant = ClientCredentialsGrant(server.credentials, deployment, pool, clock, "agent/1", timeouts, retries)
        return await grant(attempts)

    yield ask
    await pool.close()


def granted(outcome: Granted | Refused) -> Granted:
    assert isinstance(outcome, Granted)
    return outcome


def refusal(outcome: Granted | Refused) -> MatatikaError:
    """Return why there is no token; what an error always has is looked at here."""
    assert isinstance(outcome, Refused)
    assert (outcome.error.method, outcome.error.path) == ("POST", TOKEN)
    return outcome.error


# Asking


async def test_a_token_is_asked_for_with_a_form_and_nothing_else(server: MatatikaServer, ask: Ask) -> None:
    token = granted(await ask())
    assert token.lifetime == 86_400
    (request,) = server.requests
    assert (request.method, request.path, request.query) == ("POST", TOKEN, {})
    assert request.form() == {
        "grant_type": "client_credentials",
        "client_id": server.credentials.client_id,
        "client_secret": server.credentials.client_secret.reveal(),
        "audience": server.deployment.api_url,
    }
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"] == "agent/1"
    assert "Authorization" not in request.headers


def test_without_a_token_endpoint_there_is_no_grant(clock: ControlledClock) -> None:
    with pytest.raises(ConfigurationError, match="never guessed"):
        ClientCredentialsGrant(
            MatatikaServer().credentials,
            Deployment("https://api.test/api"),
            Connections(),
            clock,
            "",
            Timeouts(),
            Retries(),
        )


async def test_the_lifetime_counts_from_the_moment_of_asking(
    server: MatatikaServer, ask: Ask, clock: ControlledClock
) -> None:
    answer = asyncio.Event()
    fault = server.faults.add(delay=answer)
    asking = asyncio.ensure_future(ask())
    await fault.wait()
    clock.advance(20)
    answer.set()
    assert granted(await asking).asked_at.age(clock) == 20


# A token


@pytest.mark.parametrize(
    "expires_in, lifetime",
    [
        (86_400, 86_400.0),
        ("86400", 86_400.0),
        ("86400.0", 86_400.0),
        (7_200.0, 7_200.0),
        (0, 0.0),
        (-1, -1.0),
        ("0", 0.0),
        (10**30, WEEK),
        ("999999999999", WEEK),
    ],
)
async def test_a_lifetime(server: MatatikaServer, ask: Ask, expires_in: object, lifetime: float) -> None:
    server.faults.add(edit=lambda token: token | {"expires_in": expires_in})
    assert granted(await ask()).lifetime == lifetime


@pytest.mark.parametrize(
    "expires_in",
    [
        *(None, "null", "true", "[]", "{}", "1e400", "-1e400", "NaN", "Infinity"),
        *('"P1D"', '"86400s"', '"\u0668\u0666"', '"-1"', '"9999999999999"'),
    ],
)
async def test_a_lifetime_that_is_none_is_taken_as_ten_minutes_with_a_warning(
    server: MatatikaServer, ask: Ask, expires_in: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    member = f', "expires_in": {expires_in}' if expires_in else ""
    server.faults.add(body=f'{{"access_token": "a.b.c"{member}}}')
    assert granted(await ask()).lifetime == 600
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("expires_in", ["60", "NaN"])
async def test_an_answer_with_two_tokens_is_none(server: MatatikaServer, ask: Ask, expires_in: str) -> None:
    server.faults.add(body=f'{{"access_token": "a", "access_token": "b", "expires_in": {expires_in}}}')
    assert isinstance(refusal(await ask()), ResponseError)


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", None])
async def test_a_bearer_token(server: MatatikaServer, ask: Ask, kind: str | None) -> None:
    server.faults.add(json={"access_token": "a.b-c_d~e+f/g==", "token_type": kind, "expires_in": 5})
    assert granted(await ask()).value == Secret("a.b-c_d~e+f/g==")


@pytest.mark.parametrize(
    "document, says",
    [
        ({}, "access_token: expected a bearer token"),
        ({"access_token": None}, "access_token: expected a bearer token"),
        ({"access_token": ""}, "access_token: expected a bearer token"),
        ({"access_token": 5}, "access_token: expected a bearer token"),
        ({"access_token": ["canary"]}, "access_token: expected a bearer token"),
        *(({"access_token": f"canary{bad}"}, "access_token: expected") for bad in "\r\n\0 \t\u00e9\u2028\"'"),
        ({"access_token": "canary", "token_type": "mac"}, "token_type: expected Bearer"),
        ({"access_token": "canary", "token_type": 1}, "token_type: expected Bearer"),
        ({"error": "server_error", "error_description": "canary"}, "answered 200 with the error server_error"),
        ([], "expected"),
        ("canary", "expected"),
    ],
)
async def test_what_is_no_token(server: MatatikaServer, ask: Ask, document: object, says: str) -> None:
    server.faults.add(json=document)
    error = refusal(await ask())
    assert isinstance(error, ResponseError)
    assert says in str(error)
    assert "canary" not in str(error)
    assert len(server.requests) == 1


async def test_a_captive_portal_is_named_and_not_quoted(server: MatatikaServer, ask: Ask) -> None:
    server.faults.add(headers={"Content-Type": "text/html; charset=utf-8"}, body="<html>canary</html>")
    error = refusal(await ask())
    assert isinstance(error, ResponseError)
    assert "text/html" in str(error)
    assert "canary" not in str(error)


# A refusal


@pytest.mark.parametrize(
    "status, code, hint",
    [
        (401, "access_denied", "can take up to 30 s to work"),
        (401, "invalid_client", "can take up to 30 s to work"),
        (400, "invalid_client", "check the client secret"),
        (403, "unauthorized_client", "use the credentials of an API key"),
        (403, "access_denied", "check the audience"),
        (403, "something_new", "check the credentials and the audience"),
        (400, None, "check the credentials and the audience"),
        (404, "<b>Not a code</b>", "check the credentials and the audience"),
    ],
)
async def test_a_refusal_says_what_to_change_and_is_final(
    server: MatatikaServer, ask: Ask, status: int, code: str | None, hint: str
) -> None:
    server.faults.add(status=status, json={"error": code, "error_description": "canary"})
    outcome = await ask()
    error = refusal(outcome)
    assert isinstance(error, AuthenticationError)
    assert isinstance(outcome, Refused)
    assert outcome.final
    well_formed = code if code and "<" not in code else None
    assert (error.status, error.code) == (status, well_formed)
    assert hint in str(error)
    assert "canary" not in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "headers, retry_after",
    [
        ({"Retry-After": "3540"}, 3_540),
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1_000"}, None),
        ({"X-RateLimit-Reset": "{now}"}, 0),
        ({"X-RateLimit-Reset": "{now+30}"}, 30),
        ({"X-RateLimit-Reset": "{now+3000}"}, 60),
        ({"X-RateLimit-Reset": "{now-3000}"}, 0),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Reset": "{now+30}", "Retry-After": "5"}, 5),
    ],
)
@pytest.mark.parametrize("wrong", [0, 600, -600], ids=["right clock", "fast clock", "slow clock"])
async def test_a_rate_limit_is_never_repeated_and_reckoned_by_the_servers_clock(
    server: MatatikaServer, ask: Ask, clock: ControlledClock, headers: dict[str, str], retry_after: float, wrong: float
) -> None:
    now = int(clock.wall())
    clock.jump(wrong)
    headers = {
        name: str(now + int(value.strip("{now}") or 0)) if value.startswith("{") else value
        for name, value in headers.items()
    }
    server.faults.add(status=429, headers={"Date": formatdate(now, usegmt=True), **headers})
    error = refusal(await ask())
    assert isinstance(error, RateLimitError)
    assert error.retry_after == retry_after
    assert len(server.requests) == 1


async def test_a_server_without_a_date_is_reckoned_with_by_our_clock(ask: Ask, clock: ControlledClock) -> None:
    reset = int(clock.wall()) + 31
    head = f"HTTP/1.1 429 Too Many Requests\r\nX-RateLimit-Reset: {reset}\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(head.encode()) as raw:
        error = refusal(await ask(token_url=raw.url + TOKEN))
    assert isinstance(error, RateLimitError)
    assert error.retry_after is not None
    assert 30 < error.retry_after <= 31


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_named_by_its_origin(
    server: MatatikaServer, ask: Ask, status: int
) -> None:
    async with raw_server(b"") as other:
        server.faults.add(status=status, headers={"Location": f"{other.url}/canary?token=canary"})
        error = refusal(await ask())
        assert other.requests == []
    assert isinstance(error, ResponseError)
    assert f"redirects to {other.url};" in str(error)
    assert "canary" not in str(error)


@pytest.mark.parametrize("location", [None, "/elsewhere", "http://[", "mailto:canary"])
async def test_a_redirect_to_nowhere(server: MatatikaServer, ask: Ask, location: str | None) -> None:
    server.faults.add(status=302, headers={"Location": location})
    error = refusal(await ask())
    assert isinstance(error, ResponseError)
    assert "redirects; it is not followed" in str(error)


@pytest.mark.parametrize("status", [201, 204, 299, 600, 999])
async def test_a_status_that_means_nothing_here(server: MatatikaServer, ask: Ask, status: int) -> None:
    server.faults.add(status=status)
    error = refusal(await ask())
    assert isinstance(error, ResponseError)
    assert f"status {status}" in str(error)


# No usable answer


@pytest.mark.parametrize("attempts, asked", [(1, 1), (2, 2), (3, 3), (5, 3)])
async def test_an_endpoint_that_is_down_is_asked_again_within_both_limits(
    server: MatatikaServer, ask: Ask, clock: ControlledClock, attempts: int, asked: int
) -> None:
    server.faults.add(status=503, times=None)
    outcome = await ask(attempts, retries=Retries(attempts=3))
    error = refusal(outcome)
    assert isinstance(error, TransportError)
    assert (error.sent, error.attempts) == ("no", asked)
    assert len(server.requests) == asked
    assert clock.sleeps == [0.25, 0.5][: asked - 1]


async def test_an_endpoint_that_comes_back_grants(server: MatatikaServer, ask: Ask) -> None:
    server.faults.add(status=500)
    server.faults.add(drop="before")
    granted(await ask())
    assert len(server.requests) == 3


async def test_an_endpoint_that_is_down_is_not_asked_beyond_the_deadline(
    server: MatatikaServer, ask: Ask, clock: ControlledClock
) -> None:
    server.faults.add(status=503, times=None)
    assert refusal(await ask(timeouts=Timeouts(total=0.5))).attempts == 2


@pytest.mark.parametrize(
    "fault, kind",
    [
        ({"drop": "after"}, TransportError),
        ({"raw": b"\x16\x03\x01"}, TransportError),
        ({"cut_after": 5}, ResponseError),
        ({"headers": {"Content-Encoding": "gzip"}, "body": b"no gzip"}, ResponseError),
        ({"headers": {"Content-Encoding": "gzip"}, "body": bomb(20)}, ResponseError),
    ],
)
async def test_a_damaged_answer(server: MatatikaServer, ask: Ask, fault: dict[str, Any], kind: type[Exception]) -> None:
    server.faults.add(**fault, times=None)
    error = refusal(await ask())
    assert type(error) is kind
    assert server.credentials.client_secret.reveal() not in everything_shown(error)


async def test_an_endpoint_that_hangs_is_given_up(server: MatatikaServer, ask: Ask) -> None:
    server.faults.add(delay=asyncio.Event())
    began = time.monotonic()
    error = refusal(await ask(1, timeouts=Timeouts(total=0.1)))
    assert time.monotonic() - began < 0.35
    assert isinstance(error, TransportError)
    assert isinstance(error, TimeoutError)
    assert error.sent == "no"
