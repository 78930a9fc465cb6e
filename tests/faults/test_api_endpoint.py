"""A: what the API can answer in place of what was asked for. `test_api_endpoint_token` has the 401."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from aiomatatika import (
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    RateLimitError,
    ResponseError,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
    TransportTimeoutError,
    UnsafeLinkError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..canary import assert_hidden, shown_by
from ..servers import OrderedClock, caught
from .conftest import Witness, call, failure
from .wires import raw_server, session_at, stranger

API = "/api/profiles"
KEYS = "/api/apikeys"
KEY = "/api/apikeys/*"
METHODS = ["GET", "POST", "PUT", "DELETE"]
ID = UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")


# Refusals


async def test_A07_403(server: MatatikaServer, witness: Witness) -> None:
    challenge = 'Bearer error="insufficient_scope", scope="a b"'
    server.faults.add(path=API, status=403, headers={"WWW-Authenticate": challenge})
    error = await failure(server.session(), witness, ForbiddenError)
    assert (error.code, error.audience) == ("insufficient_scope", server.deployment.audience)
    assert str(error).endswith(f"(GET {API}); the token was requested for the audience {error.audience}")
    assert len(server.requests.token) == 1
    assert server.requests.methods() == ["GET"]


async def test_A09_409(server: MatatikaServer, witness: Witness) -> None:
    conflict = {"status": 409, "error": "Conflict", "message": "The key is being deleted"}
    server.faults.add(method="PUT", status=409, json=conflict)
    async with server.session() as session:
        with witness.raises(ConflictError, match="The key is being deleted"):
            await session.apikeys.update(server.default_key_id, name="robot")
    assert server.requests.methods() == ["PUT"]


async def test_A10_validation_error_body(server: MatatikaServer, witness: Witness) -> None:
    field = {"field": "name", "code": "Size", "defaultMessage": "size must be between 1 and 255"}
    refusal = {"status": 400, "error": "Bad Request", "errors": [field], "message": "Validation failed"}
    server.faults.add(method="PUT", status=400, json=refusal)
    async with server.session(user_agent="agent-in-a-header") as session:
        with witness.raises(BadRequestError, match="Validation failed") as caught:
            await session.apikeys.update(ID, name="name-in-the-request")
    assert caught.value.errors == (field,)
    assert_hidden(shown_by(caught.value), {"name-in-the-request", "agent-in-a-header"})
    assert server.requests.methods() == ["PUT"]


# Limits


@pytest.mark.parametrize("method, sent", [("GET", ["GET"] * 3), ("PUT", ["POST", *["PUT"] * 3])])
async def test_A11_429_with_retry_after_seconds(
    server: MatatikaServer, clock: ControlledClock, method: str, sent: list[str]
) -> None:
    server.faults.add(method=method, path="/api/*", status=429, headers={"Retry-After": "2"}, times=2)
    async with server.session() as session:
        if method == "GET":
            await call(session)
        else:
            key = await session.apikeys.create("robot")
            assert key.client_secret == server.api_keys[key.id].client_secret
    assert server.requests.methods() == sent
    first, second = clock.sleeps
    assert 2 <= first <= 2.5
    assert 2 <= second <= 3


@pytest.mark.parametrize(
    "retry_after, seconds",
    [
        *((ignored, 0.375) for ignored in ("-5", "1e3", "\u0663", "1.5", "", "0", "Fri, 31 Dec 1999 23:59:59 GMT")),
        *((too_long, None) for too_long in ("99999999999999999999", "9" * 5_000, "Thu, 31 Dec 2099 23:59:59 GMT")),
    ],
)
async def test_A12_hostile_retry_after(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, retry_after: str, seconds: float | None
) -> None:
    server.faults.add(path=API, status=429, headers={"Retry-After": retry_after})
    async with server.session() as session:
        if seconds is not None:
            await call(session)
            assert clock.sleeps == [seconds]
            return
        with witness.raises(RateLimitError, within=0.1) as caught:
            await call(session)
    assert caught.value.retry_after is not None
    assert 60 < caught.value.retry_after < float("inf")
    assert clock.sleeps == []


# Failures


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
async def test_A13_503_on_a_safe_call(server: MatatikaServer, clock: ControlledClock, chance: float) -> None:
    clock.randomness = chance
    async with server.session() as session:
        server.faults.add(path=API, status=503, times=2)
        await call(session)
        assert server.requests.methods() == ["GET"] * 3
        server.faults.add(path=API, status=503, times=7)
        await call(session.with_options(retries=Retries(attempts=8)))
    assert clock.sleeps == pytest.approx([(1 + chance) / 2 * longest for longest in (0.5, 1, 0.5, 1, 2, 4, 8, 8, 8)])


async def test_A14_API_dead_many_calls(witness: Witness) -> None:
    clock = OrderedClock()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        witness.servers.append(server)
        server.faults.add(path=API, status=503, times=None)
        began = clock.monotonic()
        errors = await clock.gather(*(call(session) for _ in range(1_000)))
    assert clock.monotonic() - began <= 60
    assert {type(error) for error in errors} == {ServerError}
    witness.saw(errors[-1])
    assert 1_000 <= len(server.requests.api) <= 1_100


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_A16_DELETE_lost(server: MatatikaServer, reset: bool) -> None:
    (key_id,) = server.add_api_keys(1)
    server.faults.add(method="DELETE", drop="after", reset=reset)
    async with server.session() as session:
        await session.apikeys.delete(key_id)
    assert key_id not in server.api_keys
    assert server.requests.methods() == ["DELETE", "DELETE"]


@pytest.mark.parametrize("path, sent", [("/oauth/token", "no"), (API, "maybe")], ids=["token endpoint", "API"])
async def test_A17_deadline(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, path: str, sent: str
) -> None:
    hangs = server.faults.add(path=path, delay=asyncio.Event())
    hasty = server.session(timeouts=Timeouts(total=0.3))
    assert (await failure(hasty, witness, TransportTimeoutError, within=0.3)).sent == sent
    assert hangs.hits == 1

    server.faults.add(path=path, status=503, times=None)
    began = clock.monotonic()
    patient = server.session(timeouts=Timeouts(total=5), retries=Retries(attempts=20))
    await failure(patient, witness, ServerError if path == API else TransportError)
    assert clock.monotonic() - began <= 5.25


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_A19_cross_origin_redirect(server: MatatikaServer, witness: Witness, status: int) -> None:
    async with stranger() as elsewhere, server.session() as session:
        other, secure = elsewhere.url, server.url.replace("http", "https")
        for place in (other, other.replace("127.0.0.1", "localhost"), other.removeprefix("http:"), secure):
            server.faults.clear()
            server.faults.add(status=status, path="/api/*", headers={"Location": place + KEYS}, times=None)
            for method in METHODS:
                with witness.raises(UnsafeLinkError):
                    await session.request(method, "/apikeys", json={"name": "robot"})
    assert server.requests.methods() == METHODS * 4


# Damage


async def test_A20_204_with_body_bytes() -> None:
    odd = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(odd, gone) as raw, session_at(raw.url) as session:
        await session.apikeys.delete(ID)
    assert raw.methods == ["DELETE", "DELETE"]


@pytest.mark.parametrize("method, sent", [("GET", 2), ("DELETE", 2), ("POST", 1)])
@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
    ids=["garbage status line", "bad chunk size", "two Content-Length"],
)
async def test_A21_aiohttps_own_400(witness: Witness, answer: bytes, method: str, sent: int) -> None:
    async with raw_server(answer) as raw, session_at(raw.url) as session:
        with witness.raises(TransportError) as caught:
            await session.request(method, "/apikeys")
        assert raw.methods == [method] * sent
    assert caught.value.sent == "maybe"


@pytest.mark.parametrize(
    "kind, sent, statuses",
    [
        (None, 1, [299]),
        (ApiError, 1, [418]),
        (ServerError, 5, [599]),
        (ServerError, 1, [501, 505]),  # what the server cannot do it cannot do the next time
        (ResponseError, 1, [300, 304, 399, 600, 999]),
    ],
)
async def test_A23_unheard_of_status(
    server: MatatikaServer, witness: Witness, kind: type[Exception] | None, sent: int, statuses: list[int]
) -> None:
    async with server.session() as session:
        for status in statuses:
            server.faults.clear()
            server.faults.add(path=API, status=status, times=None)
            for method in ("GET", "POST"):
                if kind is None:
                    assert (await session.request(method, "/profiles")).status == status
                else:
                    error = await caught(session.request(method, "/profiles"), kind)
                    assert type(error) is kind
                    witness.saw(error)
    assert server.requests.methods() == (["GET"] * sent + ["POST"]) * len(statuses)


@pytest.mark.parametrize("size", [2_000, 200_000, 2_000_000])
async def test_A24_proxy_error_page(server: MatatikaServer, witness: Witness, size: int) -> None:
    page = "<!DOCTYPE html><html><!-- <hr> --><h1>Bad gateway</h1>" + "<p class='x'>It is down.</p>" * (size // 28)
    server.faults.add(path=API, status=502, headers={"Content-Type": "text/html"}, body=page, times=None)
    error = await failure(server.session(), witness, ServerError, match="Bad gateway It is down")
    assert len(str(error)) <= 600
    assert not {"<", ">"} & set(str(error))
