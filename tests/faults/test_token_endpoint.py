"""T: what the token endpoint can do wrong; `test_token_endpoint_refresh` has what it can while a token is in hand."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from aiomatatika import AuthenticationError, MatatikaSession, RateLimitError, ResponseError, Timeouts, TransportError
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, call, fetched
from .wires import stranger

TOKEN = "/oauth/token"
API = "/api/profiles"
DAY = 86_400
WEEK = 7 * DAY


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno == logging.WARNING]


# A token


async def test_T01_normal_token(server: MatatikaServer) -> None:
    async with server.session() as session:
        await asyncio.gather(*(call(session) for _ in range(1_000)))
    (post,) = server.requests.token
    assert post.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in post.headers
    assert post.form() == {
        "grant_type": "client_credentials",
        "client_id": server.credentials.client_id,
        "client_secret": server.credentials.client_secret.reveal(),
        "audience": server.deployment.api_url,
    }
    assert [request.status for request in server.requests.api] == [200] * 1_000
    assert len({request.headers["Authorization"] for request in server.requests.api}) == 1


async def test_T02_expires_in_is_a_string(server: MatatikaServer, clock: ControlledClock) -> None:
    server.faults.add(path=TOKEN, edit=lambda token: token | {"expires_in": str(DAY)})
    async with server.session() as session:
        await call(session)
        clock.advance(0.74 * DAY)
        await call(session)
        await fetched()
        assert len(server.requests.token) == 1
        clock.advance(0.05 * DAY)  # now it is time for the next one
        await call(session)
        await fetched()
        assert len(server.requests.token) == 2


@pytest.mark.parametrize("expires_in", [{}, {"expires_in": None}], ids=["missing", "null"])
async def test_T03_expires_in_missing_or_null(
    server: MatatikaServer, clock: ControlledClock, expires_in: dict[str, None], caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(
        path=TOKEN, edit=lambda token: {name: token[name] for name in ("access_token", "token_type")} | expires_in
    )
    async with server.session() as session:
        await call(session)
        clock.advance(440)
        await call(session)
        await fetched()
        assert len(server.requests.token) == 1
        (warning,) = warnings_in(caplog)
        assert "600 s" in warning
        clock.advance(160)
        await call(session)
        assert len(server.requests.token) == 2


@pytest.mark.parametrize("expires_in", [0, -1, -DAY])
async def test_T04_expires_in_is_0_negative_or_already_past(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, expires_in: int
) -> None:
    server.faults.add(path=TOKEN, edit=lambda token: token | {"expires_in": expires_in})
    async with server.session() as session:
        for _ in range(3):
            with witness.raises(AuthenticationError) as caught:
                await call(session)
            assert "the token is already expired" in str(caught.value)
        assert len(server.requests.token) == 1
        clock.advance(5)
        await call(session)
        assert len(server.requests.token) == 2


@pytest.mark.parametrize(
    "expires_in, lifetime",
    [
        *((nonsense, 600) for nonsense in ("true", "1e400", "NaN", "Infinity", '"P1D"', '"86400s"', "[]", "{}")),
        (str(10**30), WEEK),
    ],
)
async def test_T05_expires_in_is_nonsense(
    server: MatatikaServer, clock: ControlledClock, expires_in: str, lifetime: int
) -> None:
    token = f'{{"access_token": "the-canary-of-the-mine", "token_type": "Bearer", "expires_in": {expires_in}}}'
    server.faults.add(path=TOKEN, body=token, times=2)
    server.faults.add(path=API, status=200, json={}, times=None)
    async with server.session() as session:
        await call(session)
        clock.advance(0.74 * lifetime)
        await call(session)
        await fetched()
        assert len(server.requests.token) == 1
        clock.advance(0.26 * lifetime)
        await call(session)
        assert len(server.requests.token) == 2


# No token


@pytest.mark.parametrize("token", [{}, {"access_token": None}, *({"access_token": bad} for bad in ("", 5, ["x"]))])
async def test_T09_access_token_missing_or_of_wrong_type(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, token: dict[str, Any]
) -> None:
    server.faults.add(path=TOKEN, json=token | {"token_type": "Bearer", "expires_in": DAY, "note": "see-the-canary"})
    witness.secrets.add("see-the-canary")
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await call(session)
        assert "access_token" in str(caught.value)
        assert len(server.requests.token) == 1
        assert server.requests.api == []
        clock.advance(5)
        await call(session)
        assert len(server.requests.token) == 2


@pytest.mark.parametrize("character", ["\r\n", "\0", " ", "\t", "\u00e9", "\u2028"])
async def test_T10_token_with_forbidden_characters(server: MatatikaServer, witness: Witness, character: str) -> None:
    witness.secrets.add("see-the-canary-in-the-mine")
    token = f"see-the-canary-in-the-mine{character}x"
    server.faults.add(path=TOKEN, json={"access_token": token, "token_type": "Bearer", "expires_in": DAY})
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await call(session)
    assert "access_token" in str(caught.value)
    assert server.requests.api == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_T23_redirect_of_the_token_request(server: MatatikaServer, witness: Witness, status: int) -> None:
    async with stranger() as other, server.session() as session:
        server.faults.add(path=TOKEN, status=status, headers={"Location": f"{other.url}/login?next=somewhere"})
        with witness.raises(ResponseError) as caught:
            await call(session)
    assert other.url in str(caught.value)
    assert "login" not in str(caught.value)
    assert len(server.requests.token) == 1


async def test_T24_captive_portal(server: MatatikaServer, witness: Witness) -> None:
    page = "<html><h1>Welcome to the airport</h1></html>"
    server.faults.add(path=TOKEN, status=200, headers={"Content-Type": "text/html; charset=utf-8"}, body=page)
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await call(session)
    assert "not JSON (text/html)" in str(caught.value)
    assert "<" not in str(caught.value)
    assert "airport" not in str(caught.value)
    assert len(server.requests.token) == 1


async def test_T25_200_with_an_error_body(server: MatatikaServer, clock: ControlledClock, witness: Witness) -> None:
    server.faults.add(path=TOKEN, status=200, json={"error": "server_error"})
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await call(session)
        assert "server_error" in str(caught.value)
        assert server.requests.api == []
        clock.advance(5)
        await call(session)


# A refusal


async def test_T12_wrong_secret(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(path=TOKEN, status=401, json={"error": "access_denied"}, times=None)
    async with server.session() as session:
        for _ in range(1_001):
            with witness.raises(AuthenticationError) as caught:
                await session.apikeys.list().first()
            assert isinstance(caught.value, AuthenticationError)
            assert (caught.value.status, caught.value.code) == (401, "access_denied")
            del witness.errors[1:]
    assert len(server.requests.token) == 1
    assert server.requests.api == []


@pytest.mark.parametrize(
    "status, code, hint",
    [
        (401, "invalid_client", "check client ID and secret"),
        (403, "access_denied", "check the audience, and that the client is granted access to it"),
        (403, "unauthorized_client", "use the credentials of an API key"),
    ],
)
async def test_T13_other_Auth0_refusals(
    server: MatatikaServer, witness: Witness, status: int, code: str, hint: str
) -> None:
    texts = set()
    for words in (
        "Unauthorized",
        "Service not enabled within domain: https://app.matatika.com/api",
        "Grant type 'client_credentials' not allowed for the client.",
        'Client "a1" is not authorized to access resource server "https://app.matatika.com/api".',
    ):
        server.faults.add(path=TOKEN, status=status, json={"error": code, "error_description": words})
        async with server.session() as session:
            with witness.raises(AuthenticationError) as caught:
                await call(session)
        assert isinstance(caught.value, AuthenticationError)
        assert (caught.value.status, caught.value.code) == (status, code)
        texts.add(str(caught.value))
    (text,) = texts  # the wording decides nothing
    assert hint in text
    assert len(server.requests.token) == 4  # one each
    assert server.requests.api == []


@pytest.mark.parametrize("seconds", [10, 30])
async def test_T34_brand_new_credentials(witness: Witness, seconds: float) -> None:
    async with MatatikaServer(new_key_delay=seconds) as server, server.session() as session:
        witness.servers.append(server)
        clock = server.clock
        assert isinstance(clock, ControlledClock)

        key = await session.apikeys.create("impatient")
        with clock.installed():
            impatient = MatatikaSession(key.credentials, deployment=server.deployment)
        async with impatient:
            with witness.raises(AuthenticationError) as caught:
                await call(impatient)
            assert "can take up to 30 s to work" in str(caught.value)
            clock.advance(61)
            await call(impatient)

        key = await session.apikeys.create("patient", ready_within=45)
        with clock.installed():
            patient = MatatikaSession(key.credentials, deployment=server.deployment)
        async with patient:
            await call(patient)


# A limit


async def test_T14_quota_exceeded_no_token_in_hand(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    quota = {"error": "too_many_requests", "error_description": "Client quota exceeded"}
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3540"}, json=quota)
    async with server.session() as session:
        for passed in (0, 1_000, 2_400):
            clock.advance(passed)
            with witness.raises(RateLimitError, within=0.1) as caught:
                await call(session)
            assert isinstance(caught.value, RateLimitError)
            assert caught.value.retry_after is not None
            assert 0 < caught.value.retry_after <= 3_540 - passed
        assert clock.sleeps == []
        assert len(server.requests.token) == 1
        assert server.requests.api == []
        clock.advance(140)
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


# No answer


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
    assert clock.sleeps == [pytest.approx(0.4995), pytest.approx(0.999)]  # full jitter
    assert len(server.requests.token) == 3
    assert server.requests.api == []
