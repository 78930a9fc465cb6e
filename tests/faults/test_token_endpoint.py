"""T: what the token endpoint can do wrong; `test_token_endpoint_refresh` has what it can while a token is in hand."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aiomatatika import (
    AuthenticationError,
    MatatikaSession,
    NewApiKey,
    RateLimitError,
    ResponseError,
    Timeouts,
    TransportError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, call, failure, fetched
from .wires import stranger

TOKEN = "/oauth/token"
API = "/api/profiles"
DAY = 86_400
WEEK = 7 * DAY
CANARY = "see-the-canary-in-the-mine"


def token_response(expires_in: str | None) -> str:
    member = "" if expires_in is None else f', "expires_in": {expires_in}'
    return f'{{"access_token": "{CANARY}", "token_type": "Bearer"{member}}}'


async def assert_lifetime(server: MatatikaServer, clock: ControlledClock, expires_in: str | None, days: float) -> None:
    """Check when the token that comes with an ``expires_in`` is replaced by the next."""
    server.faults.add(path=TOKEN, body=token_response(expires_in), times=2)
    server.faults.add(path=API, status=200, json={}, times=None)
    async with server.session() as session:
        for passed, posts in ((0, 1), (0.74 * days, 1), (0.26 * days, 2)):
            clock.advance(passed * DAY)
            await call(session)
            await fetched()
            assert len(server.requests.token) == posts


async def test_T01_normal_token(server: MatatikaServer) -> None:
    async with server.session() as session:
        await asyncio.gather(*(call(session) for _ in range(1_000)))
    (post,) = server.requests.token
    assert post.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert post.headers["Accept"] == "application/json"
    assert post.headers["User-Agent"].startswith("aiomatatika/")
    assert "Authorization" not in post.headers
    assert post.query == {}
    assert post.form() == {
        "grant_type": "client_credentials",
        "client_id": server.credentials.client_id,
        "client_secret": server.credentials.client_secret.reveal(),
        "audience": server.deployment.api_url,
    }
    assert [request.status for request in server.requests.api] == [200] * 1_000
    assert len({request.headers["Authorization"] for request in server.requests.api}) == 1


async def test_T02_expires_in_is_a_string(server: MatatikaServer, clock: ControlledClock) -> None:
    await assert_lifetime(server, clock, f'"{DAY}"', days=1)


@pytest.mark.parametrize("expires_in", [None, "null"], ids=["missing", "null"])
async def test_T03_expires_in_missing_or_null(
    server: MatatikaServer, clock: ControlledClock, expires_in: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    await assert_lifetime(server, clock, expires_in, days=600 / DAY)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["the token endpoint did not say how long its token lives: taken as 600 s"] * 2


@pytest.mark.parametrize("expires_in", ["0", "-1", f"-{DAY}"])
async def test_T04_expires_in_is_0_negative_or_already_past(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, expires_in: str
) -> None:
    server.faults.add(path=TOKEN, body=token_response(expires_in))
    async with server.session() as session:
        for _ in range(3):
            with witness.raises(AuthenticationError, match="the token is already expired"):
                await call(session)
        assert len(server.requests.token) == 1
        clock.advance(5)
        await call(session)
    assert len(server.requests.token) == 2


@pytest.mark.parametrize("expires_in", ["true", "1e400", "NaN", "Infinity", '"P1D"', '"86400s"', "[]", "{}"])
async def test_T05_expires_in_is_nonsense(server: MatatikaServer, clock: ControlledClock, expires_in: str) -> None:
    await assert_lifetime(server, clock, expires_in, days=600 / DAY)


@pytest.mark.parametrize("expires_in", [str(10**30), "9" * 400, f'"{"9" * 400}"', "9" * 5_000, "1e308"])
async def test_T37_a_lifetime_of_400_digits(server: MatatikaServer, clock: ControlledClock, expires_in: str) -> None:
    await assert_lifetime(server, clock, expires_in, days=7)


@pytest.mark.parametrize("expires_in", ["-0.0", f"-{'9' * 400}", f'"-{"9" * 400}"', f"-{'9' * 5_000}", "-1e308"])
async def test_T37_a_lifetime_that_was_over_long_ago(server: MatatikaServer, witness: Witness, expires_in: str) -> None:
    server.faults.add(path=TOKEN, body=token_response(expires_in))
    await failure(server.session(), witness, AuthenticationError, match="the token is already expired")
    assert len(server.requests.token) == 1


# No token

NoToken = Callable[..., Awaitable[None]]


@pytest.fixture
def no_token(server: MatatikaServer, clock: ControlledClock, witness: Witness) -> NoToken:
    """Check that a response brings no token, is not quoted, and is asked for again after five seconds."""

    async def check(says: str = "access_token: expected a bearer token", **fault: Any) -> None:
        witness.secrets.add(CANARY)
        server.faults.add(path=TOKEN, **fault)
        async with server.session() as session:
            for _ in range(2):
                with witness.raises(ResponseError, match=re.escape(says)):
                    await call(session)
            assert len(server.requests.token) == 1
            assert server.requests.api == []
            clock.advance(5)
            await call(session)

    return check


@pytest.mark.parametrize("token", [{}, *({"access_token": bad} for bad in (None, "", 5, ["x"]))])
async def test_T09_access_token_missing_or_of_wrong_type(no_token: NoToken, token: dict[str, Any]) -> None:
    await no_token(json=token | {"token_type": "Bearer", "expires_in": DAY, "note": CANARY})


@pytest.mark.parametrize("character", ["\r\n", "\0", " ", "\t", '"', "\u00e9", "\u2028"])
async def test_T10_token_with_forbidden_characters(no_token: NoToken, character: str) -> None:
    await no_token(json={"access_token": f"{CANARY}{character}x", "expires_in": DAY})


async def test_T24_captive_portal(no_token: NoToken) -> None:
    page, html = f"<html><h1>{CANARY}</h1></html>", {"Content-Type": "text/html; charset=utf-8"}
    await no_token("response: not JSON (text/html)", status=200, headers=html, body=page)


async def test_T25_200_with_an_error_body(no_token: NoToken) -> None:
    await no_token("the error server_error", status=200, json={"error": "server_error"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_T23_redirect_of_the_token_request(no_token: NoToken, status: int) -> None:
    async with stranger() as other:
        location = {"Location": f"{other.url}/login?next={CANARY}"}
        await no_token(f"redirects to {other.url}: not", status=status, headers=location)


# A refusal


async def test_T12_wrong_secret(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(path=TOKEN, status=401, json={"error": "access_denied"}, times=None)
    async with server.session() as session:
        for _ in range(1_001):
            with witness.raises(AuthenticationError) as caught:
                await session.apikeys.list().first()
            assert (caught.value.status, caught.value.code) == (401, "access_denied")
            del witness.errors[1:]
    assert len(server.requests.token) == 1
    assert server.requests.api == []


@pytest.mark.parametrize(
    "status, code, hint",
    [
        (401, "invalid_client", "check client ID and secret"),
        (400, "invalid_client", "check the client secret"),
        (403, "access_denied", "check the audience, and that the client is granted access to it"),
        (403, "unauthorized_client", "use the credentials of an API key"),
        (403, "something_new", "check the credentials and the audience"),
        (400, None, "check the credentials and the audience"),
        (404, "<b>No code</b>", "check the credentials and the audience"),
    ],
)
async def test_T13_other_Auth0_refusals(
    server: MatatikaServer, witness: Witness, status: int, code: str | None, hint: str
) -> None:
    texts = set()
    for words in (CANARY, "Service not enabled within domain", "Grant type 'client_credentials' not allowed"):
        server.faults.add(path=TOKEN, status=status, json={"error": code, "error_description": words})
        error = await failure(server.session(), witness, AuthenticationError, match=hint)
        assert (error.status, error.code) == (status, code if code and "<" not in code else None)
        texts.add(str(error))
    assert len(texts) == 1, "the wording decides nothing"
    assert len(server.requests.token) == 3, "one each"
    assert server.requests.api == []


@pytest.mark.parametrize("seconds", [10, 30])
async def test_T34_brand_new_credentials(witness: Witness, seconds: float) -> None:
    async with MatatikaServer(new_key_delay=seconds) as server, server.session() as session:
        witness.servers.append(server)
        clock = server.clock
        assert isinstance(clock, ControlledClock)
        impatient = await session.apikeys.create("impatient")
        async with with_key(impatient, server) as its_own:
            with witness.raises(AuthenticationError, match="can take up to 30 s to work"):
                await call(its_own)
            clock.advance(61)
            await call(its_own)
        async with with_key(await session.apikeys.create("patient", ready_within=45), server) as its_own:
            await call(its_own)


def with_key(key: NewApiKey, server: MatatikaServer) -> MatatikaSession:
    with server.clock.installed():  # type: ignore[attr-defined]  # a ControlledClock
        return MatatikaSession(key.credentials, deployment=server.deployment)


# A limit


async def test_T14_quota_exceeded_no_token_in_hand(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3540"}, json={"error": "too_many_requests"})
    async with server.session() as session:
        for passed, left in ((0, 3_540), (0.5, 3_540), (3_000, 540)):
            clock.advance(passed)
            with witness.raises(RateLimitError, within=0.1) as caught:
                await call(session)
            assert caught.value.retry_after == left
        assert clock.sleeps == []
        assert len(server.requests.token) == 1
        clock.advance(540)
        await call(session)


async def test_T15_short_rate_limit(server: MatatikaServer, clock: ControlledClock) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3"})
    async with server.session() as session:
        await asyncio.gather(*(call(session) for _ in range(100)))
    assert len(clock.sleeps) <= 100  # one each, and all at the same time
    assert all(2.9 <= slept <= 4 for slept in clock.sleeps)
    assert len(server.requests.token) == 2
    assert [request.status for request in server.requests.api] == [200] * 100


@pytest.mark.parametrize("wrong", [600, -600], ids=["fast clock", "slow clock"])
@pytest.mark.parametrize("reset_in, wait", [(30, 30), (3_000, 60), (-100, 1)])
async def test_T17_only_x_ratelimit_reset(
    server: MatatikaServer, clock: ControlledClock, wrong: int, reset_in: int, wait: int
) -> None:
    reset = int(clock.wall()) + reset_in
    clock.jump(wrong)
    server.faults.add(path=TOKEN, status=429, headers={"X-RateLimit-Reset": str(reset)})
    async with server.session(timeouts=Timeouts(total=120)) as session:
        await call(session)
    (slept,) = clock.sleeps
    assert wait - 1 <= slept <= wait + 1
    assert len(server.requests.token) == 2


# No response


async def test_T20_identity_provider_down_no_token(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    server.faults.add(path=TOKEN, status=503, times=None)
    clock.randomness = 0.999
    began = clock.monotonic()
    async with server.session() as session:
        errors = await asyncio.gather(*(call(session) for _ in range(100)), return_exceptions=True)
    assert clock.monotonic() - began <= 60
    assert {type(error) for error in errors} == {TransportError}
    assert len({id(error) for error in errors}) == 100
    witness.saw(errors[0])
    assert clock.sleeps == [pytest.approx(0.49975), pytest.approx(0.9995)]  # the upper half of 0.5 and of 1 s
    assert len(server.requests.token) == 3
    assert server.requests.api == []
