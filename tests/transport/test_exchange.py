"""One exchange: sent once, never redirected, read up to a cap, and its failures sorted."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from aiomatatika import Secret, SessionClosedError
from aiomatatika.testing import MatatikaServer, RecordedRequest
from aiomatatika.transport.exchange import NoResponse, exchange
from aiomatatika.transport.message import HAL_JSON, MAX_BODY, Response, Request
from aiomatatika.transport.retry import Failure, Repeat

from ..servers import LIMITS, Send, answer, bomb, caught, everything_shown, raw_server

# What is sent and read


async def test_a_request_as_it_is_sent(server: MatatikaServer, send: Send) -> None:
    response = await send(f"{server.url}/x%7Cy?z=%26", "PUT", body=b"{}", accept="text/csv", content_type="text/x")
    assert isinstance(response, Response)
    assert (response.status, response.body, str(response.url)) == (404, b"Not Found", f"{server.url}/x%7Cy?z=%26")
    (request,) = server.requests
    assert (request.method, request.path, request.query, request.body) == ("PUT", "/x%7Cy", {"z": "&"}, b"{}")
    assert {name: value for name, value in request.headers.items() if name != "Host"} == {
        "Accept": "text/csv",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": "Bearer canary",
        "Content-Length": "2",
        "Content-Type": "text/x",
        "User-Agent": "agent/1",
    }


async def test_a_request_without_a_body_has_no_content_type(server: MatatikaServer, send: Send) -> None:
    await send(server.url)
    (request,) = server.requests
    assert "Content-Type" not in request.headers
    assert request.headers["Accept"] == HAL_JSON


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_answers(server: MatatikaServer, send: Send, status: int) -> None:
    async with raw_server(answer("200 OK")) as other:
        server.faults.add(status=status, headers={"Location": other.url})
        response = await send(server.url)
        assert isinstance(response, Response)
        assert response.status == status
        assert other.requests == []


@pytest.mark.parametrize("status", [200, 204, 299, 400, 401, 404, 418, 500, 599, 600, 999])
async def test_any_status_is_an_answer(server: MatatikaServer, send: Send, status: int) -> None:
    server.faults.add(status=status)
    response = await send(server.url)
    assert isinstance(response, Response)
    assert response.status == status


# aiohttp's own repeat


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_connection_that_dies_after_the_server_has_acted_sees_one_request(
    server: MatatikaServer, send: Send, method: str
) -> None:
    await send(server.url)  # aiohttp repeats on a connection that it used before
    server.faults.add(method=method, drop="after", times=None)
    failed = await send(server.url, method)
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.LOST
    assert [request.method for request in server.requests[1:]] == [method]


async def test_a_connection_that_died_while_idle_is_not_used_twice_either(server: MatatikaServer, send: Send) -> None:
    await send(server.url)
    server.drop_connections(reset=True)
    outcome = await send(server.url, "PUT", body=b"{}")
    sent = [request for request in server.requests if request.method == "PUT"]
    assert len(sent) == isinstance(outcome, Response)


# Answers that are none


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"HTTP/1.1 201 Crea",
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
        answer("200 OK; Content-Length: 1; Content-Length: 2", b"x"),
        answer("200 OK; Content-Length: x"),
        answer("200 OK; Transfer-Encoding: chunked; Content-Length: 5", b"hello"),
        answer("20x OK"),
        answer("200 OK; X-Long: " + "x" * 100_000),
        answer("200 OK; Transfer-Encoding: chunked", b"xyz\r\n"),
    ],
    ids=[
        "nothing",
        "half",
        "garbage",
        "TLS",
        "two lengths",
        "odd length",
        "two framings",
        "odd status",
        "long",
        "odd chunk",
    ],
)
async def test_what_is_no_http_is_a_lost_answer_and_not_a_400(send: Send, damage: bytes) -> None:
    async with raw_server(damage) as raw:
        failed = await send(raw.url)
        assert isinstance(failed, NoResponse)
        assert (failed.failure, failed.status) == (Failure.LOST, None)
        assert len(raw.requests) == 1


@pytest.mark.parametrize(
    "damage",
    [
        answer("200 OK; Content-Length: 10", b"short"),
        answer("200 OK; Transfer-Encoding: chunked", b"5\r\nhel"),
        answer("200 OK; Content-Length: 5; Content-Encoding: gzip", b"plain"),
    ],
    ids=["short", "short chunk", "no gzip"],
)
async def test_a_body_that_does_not_come_whole_is_damage_after_a_known_status(send: Send, damage: bytes) -> None:
    async with raw_server(damage) as raw:
        failed = await send(raw.url)
    assert isinstance(failed, NoResponse)
    assert (failed.failure, failed.timed_out, failed.too_large) == (Failure.DAMAGED, False, False)
    assert failed.status == 200


@pytest.mark.parametrize("encoding", ["br", "zstd"])
async def test_an_encoding_that_was_not_offered_is_damage(send: Send, encoding: str) -> None:
    async with raw_server(answer(f"200 OK; Content-Length: 5; Content-Encoding: {encoding}", b"plain")) as raw:
        failed = await send(raw.url)
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.DAMAGED


async def test_of_an_error_with_a_damaged_body_the_status_is_enough(send: Send) -> None:
    async with raw_server(answer("503 Service Unavailable; Retry-After: 7; Content-Length: 10", b"short")) as raw:
        response = await send(raw.url)
    assert isinstance(response, Response)
    assert (response.status, response.headers["Retry-After"], response.body) == (503, "7", b"")


async def test_a_204_with_a_body_is_not_reported_as_a_400(send: Send) -> None:
    async with raw_server(answer("204 No Content; Content-Length: 5", b"hello")) as raw:
        outcome = await send(raw.url, "DELETE")
    if isinstance(outcome, Response):  # the bytes can come after the head was read
        assert (outcome.status, outcome.body) == (204, b"")
    else:
        assert (outcome.failure, outcome.status) == (Failure.LOST, None)


# The cap


async def test_a_bomb_is_stopped_at_the_cap_and_costs_little_memory(server: MatatikaServer, send: Send) -> None:
    server.faults.add(status=200, headers={"Content-Encoding": "gzip"}, body=bomb(128))
    tracemalloc.start()
    try:
        failed = await send(server.url)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(failed, NoResponse)
    assert (failed.failure, failed.status) == (Failure.DAMAGED, 200)
    assert failed.too_large
    assert peak < 32 * 2**20


async def test_an_endless_body_is_stopped_at_the_cap_and_its_connection_dropped(
    server: MatatikaServer, send: Send, http: aiohttp.ClientSession
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(2**20)

    server.faults.add(status=200, body=lambda _: endless())
    failed = await send(server.url)
    assert isinstance(failed, NoResponse)
    assert failed.too_large
    await send(server.url)
    first, second = server.requests
    assert first.connection != second.connection


@pytest.mark.parametrize("size, whole", [(MAX_BODY, True), (MAX_BODY + 1, False)])
async def test_the_cap_is_sixteen_mebibytes(server: MatatikaServer, send: Send, size: int, whole: bool) -> None:
    server.faults.add(status=200, body=bytes(size))
    outcome = await send(server.url)
    assert (isinstance(outcome, Response) and len(outcome.body) == size) is whole


async def test_of_the_body_of_an_error_the_first_mebibyte_is_read_and_no_more(
    server: MatatikaServer, send: Send
) -> None:
    server.faults.add(status=502, body=b"gone " * 2**20)
    response = await send(server.url)
    assert isinstance(response, Response)
    assert (response.status, response.body[:5]) == (502, b"gone ")
    assert 2**20 < len(response.body) < 2 * 2**20
    await send(server.url)
    first, second = server.requests
    assert first.connection != second.connection


# Time


async def test_a_server_that_says_nothing_has_lost_the_answer(send: Send) -> None:
    async with raw_server(None) as raw:
        failed = await send(raw.url, limits=aiohttp.ClientTimeout(sock_read=0.05))
    assert isinstance(failed, NoResponse)
    assert (failed.failure, failed.timed_out) == (Failure.LOST, True)


async def test_a_body_that_stops_coming_is_damage(server: MatatikaServer, send: Send) -> None:
    async def begun() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.Event().wait()

    server.faults.add(status=200, body=lambda _: begun())
    failed = await send(server.url, limits=aiohttp.ClientTimeout(sock_read=0.05))
    assert isinstance(failed, NoResponse)
    assert (failed.failure, failed.timed_out, failed.status) == (Failure.DAMAGED, True, 200)


async def test_a_drip_ends_by_the_total(server: MatatikaServer, send: Send) -> None:
    server.faults.add(status=200, body=b"x" * 1_000, drip=0.01)
    began = time.monotonic()
    failed = await send(server.url, limits=aiohttp.ClientTimeout(total=0.1, sock_read=0.05))
    assert isinstance(failed, NoResponse)
    assert failed.timed_out
    assert time.monotonic() - began < 0.35


async def test_no_place_in_the_pool_is_no_connection_in_time(send: Send) -> None:
    async with raw_server(None) as raw, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http:
        request = Request(method="GET", url=URL(raw.url), repeat=Repeat.SAFE)
        hanging = asyncio.ensure_future(exchange(http, request, None, "", aiohttp.ClientTimeout()))
        while not raw.requests:
            await asyncio.sleep(0)
        failed = await exchange(http, request, None, "", aiohttp.ClientTimeout(connect=0.05))
        hanging.cancel()
        await asyncio.wait({hanging})
    assert isinstance(failed, NoResponse)
    assert (failed.failure, failed.timed_out) == (Failure.NOT_SENT, True)


# What never gets out


async def test_what_a_trace_hook_of_the_user_raises_is_a_lost_answer(server: MatatikaServer) -> None:
    trace = aiohttp.TraceConfig()

    async def broken(*_: object) -> None:
        raise LookupError("canary")

    trace.on_request_end.append(broken)
    request = Request(method="GET", url=URL(server.url), repeat=Repeat.SAFE)
    async with aiohttp.ClientSession(trace_configs=[trace]) as http:
        failed = await exchange(http, request, None, "", LIMITS)
    assert failed == NoResponse(Failure.LOST, "aiohttp failed with LookupError")


async def test_a_cancelled_exchange_shows_no_frame_that_holds_the_token(send: Send) -> None:
    async with raw_server(None) as raw:
        task = asyncio.ensure_future(send(raw.url))
        while not raw.requests:
            await asyncio.sleep(0)
        task.cancel()
        error = await caught(task)
    assert isinstance(error, asyncio.CancelledError)
    assert "canary" not in everything_shown(error)


async def test_a_session_that_is_closed_meanwhile_says_so(http: aiohttp.ClientSession, send: Send) -> None:
    async with raw_server(None) as raw:
        task = asyncio.ensure_future(send(raw.url))
        while not raw.requests:
            await asyncio.sleep(0)
        await http.close()
        error = await caught(task)
    assert isinstance(error, SessionClosedError)
    assert "canary" not in everything_shown(error)


async def test_an_authorization_of_the_sessions_own_is_put_aside(server: MatatikaServer) -> None:
    seen: list[RecordedRequest] = server.requests
    request = Request(method="GET", url=URL(server.url), repeat=Repeat.SAFE)
    async with aiohttp.ClientSession(headers={"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}) as http:
        await exchange(http, request, Secret("Bearer ours"), "", LIMITS)
        await exchange(http, request, None, "", LIMITS)
    assert [each.headers.get("Authorization") for each in seen] == ["Bearer ours", None]
