"""One exchange: sent once, never redirected, read up to a cap, and its failures sorted."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from aiomatatika.decoding.request_bodies import Body
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.exchange import Attempt, exchange
from aiomatatika.transport.failure import Failure, NoResponse
from aiomatatika.transport.message import HAL_JSON, MAX_BODY, Request, Response
from aiomatatika.transport.repeat import Repeat

from ..servers import LIMITS, Send, answer, raw_server

SHORT = aiohttp.ClientTimeout(sock_read=0.05)


def failed(outcome: Response | NoResponse) -> NoResponse:
    assert isinstance(outcome, NoResponse)
    return outcome


def connections(server: MatatikaServer) -> list[int | None]:
    return [request.connection for request in server.requests]


# What is sent


async def test_a_request_as_it_is_sent(server: MatatikaServer, send: Send) -> None:
    url = f"{server.url}/x%7Cy?z=%26"
    response = await send(url, "PUT", body=Body(b"{}"), accept="text/csv", content_type="text/x")
    assert isinstance(response, Response)
    assert (response.status, response.body, str(response.url)) == (404, b"Not Found", url)
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


async def test_a_body_of_several_mebibytes_arrives_as_it_is(server: MatatikaServer, send: Send) -> None:
    # Without the warning that aiohttp gives for bytes: warnings are errors here.
    await send(f"{server.url}/x", "POST", body=Body(b"0123456789abcdef" * 2**17))
    (request,) = server.requests
    assert request.body == b"0123456789abcdef" * 2**17
    assert (request.headers["Content-Length"], request.headers["Content-Type"]) == (str(2**21), "application/json")


async def test_a_request_without_a_body_has_no_content_type(server: MatatikaServer, send: Send) -> None:
    await send(server.url)
    (request,) = server.requests
    assert "Content-Type" not in request.headers
    assert request.headers["Accept"] == HAL_JSON


async def test_a_fresh_connection_is_nobody_elses(server: MatatikaServer, send: Send) -> None:
    for fresh in (False, True, True, False):
        await send(server.url, fresh=fresh)
    first, *fresh_ones, last = connections(server)
    assert first == last
    assert len({first, *fresh_ones}) == 3


LONG = random.Random(1).randbytes(600_000)  # it does not compress, so that its gzip stream is longer


@pytest.mark.parametrize("status, most", [(200, None), (500, 2**20)])
@pytest.mark.parametrize(
    "content, encoded",
    [(LONG, False), (LONG * 5, False), (LONG, True), (bytes(600_000), True), (LONG + bytes(2_000_000), True)],
)
async def test_a_body_in_many_chunks_arrives_whole_whatever_its_length_was_said_to_be(
    server: MatatikaServer, send: Send, content: bytes, encoded: bool, status: int, most: int | None
) -> None:
    body, headers = (zlib.compress(content, wbits=31), {"Content-Encoding": "gzip"}) if encoded else (content, {})
    server.faults.add(path="/x", status=status, headers=headers, body=body)
    response = await send(f"{server.url}/x")
    assert isinstance(response, Response)
    assert response.body[:most] == content[:most]
    assert len(response.body) >= min(len(content), most or len(content))


# Connections that do not come about


async def test_what_was_not_sent(send: Send) -> None:
    unknown = await send("http://nowhere.invalid/")
    assert unknown == NoResponse(Failure.NOT_SENT, "the host's name does not resolve")
    unusable = await send("ftp://127.0.0.1/")
    assert unusable == NoResponse(Failure.NEVER, "aiohttp cannot send to this URL")


# What is no response


CHUNKED = "200 OK; Transfer-Encoding: chunked"
DAMAGE = {
    "nothing": (b"", "the connection broke"),
    "half": (b"HTTP/1.1 201 Crea", "the connection broke"),
    "garbage": (b"garbage\r\n\r\n", "not valid HTTP"),
    "TLS": (b"\x16\x03\x01\x00\x00", "not valid HTTP"),
    "two lengths": (answer("200 OK; Content-Length: 1; Content-Length: 2", b"x"), "not valid HTTP"),
    "odd length": (answer("200 OK; Content-Length: x"), "not valid HTTP"),
    "two framings": (answer(f"{CHUNKED}; Content-Length: 5"), "not valid HTTP"),
    "odd status": (answer("20x OK"), "not valid HTTP"),
    "long header": (answer("200 OK; X-Long: " + "x" * 100_000), "longer than 64 KiB"),
    "odd chunk": (answer(CHUNKED, b"xyz\r\n"), "not valid HTTP"),
    "short body": (answer("200 OK; Content-Length: 10", b"short"), "incomplete or damaged"),
    "short chunk in body": (answer(CHUNKED, b"5\r\nhel"), "incomplete or damaged"),
    "no gzip in body": (answer("200 OK; Content-Length: 5; Content-Encoding: gzip", b"plain"), ""),
    "brotli in body": (answer("200 OK; Content-Length: 5; Content-Encoding: br", b"plain"), ""),
}


@pytest.mark.parametrize("name", DAMAGE)
async def test_what_is_no_http_is_a_failure_and_not_a_400(send: Send, name: str) -> None:
    damage, reason = DAMAGE[name]
    async with raw_server(damage) as raw:
        outcome = failed(await send(raw.url))
        assert len(raw.requests) == 1
    in_body = name.endswith("body")
    assert outcome.failure is (Failure.DAMAGED if in_body else Failure.LOST)
    assert (outcome.timed_out, outcome.too_large) == (False, False)
    assert reason in outcome.reason
    assert outcome.status in ({200, None} if in_body else {None})


async def test_of_an_error_with_a_damaged_body_the_status_is_enough(send: Send) -> None:
    async with raw_server(answer("503 Service Unavailable; Retry-After: 7; Content-Length: 10", b"short")) as raw:
        response = await send(raw.url)
    assert isinstance(response, Response)
    assert (response.status, response.headers["Retry-After"], response.body) == (503, "7", b"")


async def test_a_server_that_says_nothing_or_stops_in_the_middle(server: MatatikaServer, send: Send) -> None:
    async with raw_server(None) as raw:
        silent = await send(raw.url, limits=SHORT)
    assert silent == NoResponse(Failure.LOST, "no response in time", timed_out=True)

    async def begun() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.Event().wait()

    server.faults.add(status=200, body=lambda _: begun())
    stopped = await send(server.url, limits=SHORT)
    assert stopped == NoResponse(Failure.DAMAGED, "the body stopped coming", timed_out=True, status=200)


# The cap


@pytest.mark.parametrize("cap, says", [(MAX_BODY, "16 MiB"), (2**16, "64 KiB"), (2**20 - 1, "1023 KiB")])
async def test_a_body_is_whole_up_to_its_cap(server: MatatikaServer, send: Send, cap: int, says: str) -> None:
    server.faults.add(status=200, body=bytes(cap))
    server.faults.add(status=200, body=bytes(cap + 1))
    whole = await send(server.url, max_body=cap)
    assert isinstance(whole, Response)
    assert len(whole.body) == cap
    reason = f"the body is larger than {says}"
    assert await send(server.url, max_body=cap) == NoResponse(Failure.DAMAGED, reason, status=200, too_large=True)


@pytest.mark.parametrize("cap, most", [(MAX_BODY, 2**20), (2**16, 2**16)])
async def test_of_the_body_of_an_error_the_first_mebibyte_is_read_and_no_more(
    server: MatatikaServer, send: Send, cap: int, most: int
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"gone " * 2**12

    server.faults.add(status=502, body=lambda _: endless())
    response = await send(server.url, max_body=cap)
    assert isinstance(response, Response)
    assert (response.status, response.body[:5]) == (502, b"gone ")
    assert most < len(response.body) < 2 * most + 2**19
    await send(server.url)
    first, second = connections(server)
    assert first != second, "the rest of the body is nobody's response"


# What never gets out


async def test_what_a_trace_hook_of_the_user_raises_is_a_lost_response(server: MatatikaServer) -> None:
    trace = aiohttp.TraceConfig()

    async def broken(*_: object) -> None:
        raise LookupError("canary")

    trace.on_request_end.append(broken)
    request = Request(method="GET", url=URL(server.url), repeat=Repeat.SAFE)
    async with aiohttp.ClientSession(trace_configs=[trace]) as http:
        outcome = await exchange(http, Attempt(request, None, LIMITS), {})
    assert outcome == NoResponse(Failure.LOST, "aiohttp failed with LookupError")
