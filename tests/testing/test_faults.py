"""The fault plan: each kind of damage, as it is seen on the wire."""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from multidict import CIMultiDict

from aiomatatika.testing import MatatikaServer, RecordedRequest
from aiomatatika.testing.faults import Fault

from .conftest import PlainClient, complaints

KEYS = "/api/apikeys/"


def new_key() -> tuple[str, bytes]:
    return f"{KEYS}{uuid4()}", b'{"name":"x"}'


# Which requests


async def test_a_fault_is_used_once_unless_told_otherwise(server: MatatikaServer, client: PlainClient) -> None:
    fault = server.faults.add(status=503)
    assert [(await client.get(KEYS)).status for _ in range(3)] == [503, 200, 200]
    assert fault.hits == 1
    assert len(server.faults) == 0


async def test_times_and_skip(server: MatatikaServer, client: PlainClient) -> None:
    fault = server.faults.add(status=503, skip=1, times=2)
    assert [(await client.get(KEYS)).status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert fault.hits == 2


async def test_for_ever_is_until_clear(server: MatatikaServer, client: PlainClient) -> None:
    fault = server.faults.add(status=503, times=None)
    assert [(await client.get(KEYS)).status for _ in range(4)] == [503] * 4
    server.faults.clear()
    assert (await client.get(KEYS)).status == 200
    assert fault.hits == 4


async def test_the_first_that_matches_and_has_uses_left(server: MatatikaServer, client: PlainClient) -> None:
    first, second = server.faults.add(status=500), server.faults.add(status=502)
    passing = server.faults.add(status=504, skip=1)
    assert list(server.faults) == [first, second, passing]
    assert [(await client.get(KEYS)).status for _ in range(4)] == [500, 502, 200, 504]


@pytest.mark.parametrize(
    "which, hit",
    [
        ({"method": "GET"}, ["GET list", "GET one", "GET profiles"]),
        ({"method": "get", "path": "/api/apikeys/*"}, ["GET one"]),
        ({"path": "/api/apikeys/"}, ["GET list", "POST list"]),
        ({"path": "/api/*"}, ["GET list", "POST list", "GET one", "GET profiles"]),
        ({"path": re.compile(r".*/prof\w+")}, ["GET profiles"]),
        ({"path": "/oauth/token"}, ["POST token"]),
        ({"path": "/api"}, []),
        ({"query": {"page": "1"}}, ["GET list"]),
    ],
)
async def test_which_requests(
    server: MatatikaServer, client: PlainClient, which: dict[str, Any], hit: list[str]
) -> None:
    server.faults.add(status=418, times=None, **which)
    got = {
        "GET list": await client.get(f"{KEYS}?page=1&size=5"),
        "POST list": await client.post(KEYS),
        "GET one": await client.get(f"{KEYS}{server.default_key_id}"),
        "GET profiles": await client.get("/api/profiles"),
        "POST token": await client.ask_token(),
    }
    assert [name for name, answer in got.items() if answer.status == 418] == hit


async def test_a_fault_that_does_nothing_counts_and_can_be_waited_for(
    server: MatatikaServer, client: PlainClient
) -> None:
    fault = server.faults.add(times=3)
    waiting = [asyncio.create_task(fault.wait()), asyncio.create_task(fault.wait(2))]
    assert (await client.get(KEYS)).status == 200
    await waiting[0]
    assert not waiting[1].done()
    await client.get(KEYS)
    await waiting[1]
    await fault.wait(2)


# Another answer


@pytest.mark.parametrize("status", [299, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599, 999])
async def test_any_status(server: MatatikaServer, client: PlainClient, status: int) -> None:
    server.faults.add(status=status)
    got = await client.get(KEYS)
    assert got.status == status
    assert server.requests[-1].status == status


async def test_an_error_status_comes_with_the_body_that_the_api_gives_it(
    server: MatatikaServer, client: PlainClient
) -> None:
    server.faults.add(status=409)
    got = await client.get(KEYS)
    assert (got.document["status"], got.document["error"], got.document["path"]) == (409, "Conflict", KEYS)
    server.faults.add(status=401)
    got = await client.get(KEYS)
    assert (got.body, got.headers["WWW-Authenticate"]) == (b"", 'Bearer error="invalid_token"')


@pytest.mark.parametrize(
    "status, error", [(401, "access_denied"), (403, "access_denied"), (429, "too_many_requests"), (503, "server_error")]
)
async def test_at_the_token_endpoint_it_is_the_identity_providers(
    server: MatatikaServer, client: PlainClient, status: int, error: str
) -> None:
    server.faults.add(path="/oauth/token", status=status)
    got = await client.ask_token()
    assert (got.status, got.document["error"]) == (status, error)


async def test_outside_of_both_too(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=204)
    assert (await client.get("/elsewhere")).status == 204


async def test_a_replaced_status_does_not_act(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", status=500)
    path, _ = new_key()
    assert (await client.put(path, {"name": "x"})).status == 500
    assert len(server.api_keys) == 1


async def test_unless_it_is_told_to(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", status=500, act=True)
    path, _ = new_key()
    got = await client.put(path, {"name": "x"})
    assert (got.status, got.document["status"]) == (500, 500)
    assert len(server.api_keys) == 2


async def test_acting_with_another_success_keeps_the_real_body(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", status=200, act=True)
    path, _ = new_key()
    got = await client.put(path, {"name": "x"})
    assert (got.status, got.document["name"]) == (200, "x")


async def test_headers_are_added_and_replaced_and_taken_away(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=429, headers={"Retry-After": "2", "content-type": "text/html", "Date": "now"})
    got = await client.get(KEYS)
    assert (got.headers["Retry-After"], got.headers["Content-Type"], got.headers["Date"]) == ("2", "text/html", "now")
    assert got.headers.getall("Content-Type") == ["text/html"]
    server.faults.add(status=401, headers={"WWW-Authenticate": None})
    assert "WWW-Authenticate" not in (await client.get(KEYS)).headers


async def test_headers_alone_leave_the_answer_as_it_is(server: MatatikaServer, client: PlainClient) -> None:
    cookies = CIMultiDict[str | None]()
    for number in range(3):
        cookies.add("Set-Cookie", f"c{number}=1")
    server.faults.add(headers=cookies)
    got = await client.get(KEYS)
    assert (got.status, len(got.headers.getall("Set-Cookie"))) == (200, 3)
    assert got.document["_embedded"]


@pytest.mark.parametrize("body", [b"\xff\x00", "é", lambda request: b"\xff\x00", lambda request: "é"])
async def test_any_body(server: MatatikaServer, client: PlainClient, body: Any) -> None:
    server.faults.add(body=body)
    got = await client.get(KEYS)
    assert (got.status, got.headers["Content-Type"]) == (200, "application/hal+json")
    assert got.body in {b"\xff\x00", "é".encode()}


async def test_a_body_made_from_the_request(server: MatatikaServer, client: PlainClient) -> None:
    def echo(request: RecordedRequest) -> str:
        return f"{request.method} {request.path} {request.query['page']} {request.headers['Authorization']}"

    server.faults.add(status=500, body=echo)
    got = await client.get(f"{KEYS}?page=3")
    assert got.body.decode() == f"GET {KEYS} 3 Bearer {client.token}"
    assert got.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("document", [None, [], "x", 5, {"a": float("nan")}])
async def test_any_json(server: MatatikaServer, client: PlainClient, document: object) -> None:
    server.faults.add(json=document)
    got = await client.get(KEYS)
    assert (got.status, got.headers["Content-Type"]) == (200, "application/hal+json")
    assert repr(got.document) == repr(document)


async def test_an_empty_body(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(body=b"")
    got = await client.get(KEYS)
    assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", "0")


async def test_replacing_the_body_acts(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", json={"id": None})
    path, _ = new_key()
    got = await client.put(path, {"name": "x"})
    assert (got.status, got.document) == (201, {"id": None})
    assert len(server.api_keys) == 2


async def test_edit_changes_the_real_answer(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", edit=lambda document: document.pop("clientSecret") and None)
    path, _ = new_key()
    got = await client.put(path, {"name": "x"})
    assert got.status == 201
    assert "clientId" in got.document
    assert "clientSecret" not in got.document

    server.faults.add(edit=lambda document: [document])
    assert isinstance((await client.get(KEYS)).document, list)


async def test_edit_leaves_errors_alone(server: MatatikaServer, client: PlainClient) -> None:
    fault = server.faults.add(edit=lambda document: 1 / 0)
    assert (await client.get(f"{KEYS}{uuid4()}")).status == 404
    assert fault.hits == 1


async def test_a_redirect(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=307, headers={"Location": "https://evil.example/"})
    got = await client.get(KEYS)
    assert (got.status, got.headers["Location"]) == (307, "https://evil.example/")


async def test_damaged_gzip(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(body=gzip.compress(b"{}")[:-3], headers={"Content-Encoding": "gzip"})
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        client.http = http
        got = await client.get(KEYS)
    assert got.headers["Content-Encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(got.body)


# Late, slow and endless


async def test_late_by_seconds_and_acting_before(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(delay=0.2)
    path, _ = new_key()
    began = time.monotonic()
    call = asyncio.create_task(client.put(path, {"name": "x"}))
    while len(server.api_keys) < 2:
        await asyncio.sleep(0.005)
    assert not call.done()
    assert server.requests[-1].status is None
    assert (await call).status == 201
    assert time.monotonic() - began >= 0.19


async def test_late_until_the_test_says_so(server: MatatikaServer, client: PlainClient) -> None:
    go = asyncio.Event()
    fault = server.faults.add(status=503, delay=go)
    call = asyncio.create_task(client.get(KEYS))
    await fault.wait()
    await asyncio.sleep(0.02)
    assert not call.done()
    go.set()
    assert (await call).status == 503


async def test_byte_by_byte(server: MatatikaServer, client: PlainClient) -> None:
    expected = (await client.get("/api/profiles")).body
    server.faults.add(drip=0)
    got = await client.get("/api/profiles")
    assert got.body == expected
    assert got.headers["Content-Length"] == str(len(expected))
    server.faults.add(body=b"1234", drip=0.02)
    began = time.monotonic()
    assert (await client.get(KEYS)).body == b"1234"
    assert time.monotonic() - began >= 0.06


async def test_a_client_that_tires_of_a_dripping_body(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(drip=0.01, times=None)
    with pytest.raises(TimeoutError):
        await client.send("GET", KEYS, timeout=aiohttp.ClientTimeout(total=0.05))
    server.faults.clear()
    assert (await client.get(KEYS)).status == 200
    await asyncio.sleep(0.05)
    assert not complaints(caplog)


async def test_a_body_without_end(server: MatatikaServer, client: PlainClient) -> None:
    closed = []

    async def endless(request: RecordedRequest) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.append(request.path)

    server.faults.add(body=endless)
    headers = {"Authorization": f"Bearer {client.token}"}
    async with aiohttp.ClientSession() as http, http.get(server.url + KEYS, headers=headers) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000
    async with asyncio.timeout(5):
        while not closed:
            await asyncio.sleep(0.01)


async def test_a_body_in_pieces_that_ends(server: MatatikaServer, client: PlainClient) -> None:
    class Pieces:
        left = 3

        def __aiter__(self) -> Pieces:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return b"ab"

    server.faults.add(body=lambda request: Pieces())
    assert (await client.get(KEYS)).body == b"ababab"


# Connections that end


async def test_cut_after_so_many_bytes_of_the_body(server: MatatikaServer, client: PlainClient) -> None:
    whole = (await client.get(KEYS)).body
    server.faults.add(cut_after=10)
    head, _, body = (await client.raw("GET", KEYS)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert b"\r\nDate: " in head
    assert body == whole[:10]
    assert server.requests[-1].status == 200


async def test_cut_before_the_first_byte_of_the_body(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=502, json={"a": 1}, cut_after=0)
    assert (await client.raw("GET", KEYS)).endswith(b"Content-Length: 7\r\n\r\n")


async def test_cutting_acts(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", cut_after=300)
    assert (await client.raw("PUT", *new_key())).startswith(b"HTTP/1.1 201 Created")
    assert len(server.api_keys) == 2


async def test_cut_beyond_the_end_is_a_connection_that_closes_unannounced(
    server: MatatikaServer, client: PlainClient
) -> None:
    server.faults.add(cut_after=10**6)
    first = await client.get(KEYS)
    assert first.document["page"]
    assert "Connection" not in first.headers
    assert (await client.get(KEYS)).status == 200
    assert server.requests[0].connection != server.requests[1].connection


async def test_a_kept_connection_is_used_again(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=500)
    server.faults.add(drip=0)
    for _ in range(4):
        await client.get(KEYS)
    assert len({request.connection for request in server.requests}) == 1


@pytest.mark.parametrize("drop, keys", [("before", 1), ("after", 2)])
async def test_dropped_before_or_after_acting(
    server: MatatikaServer, client: PlainClient, drop: Any, keys: int
) -> None:
    server.faults.add(method="PUT", drop=drop)
    assert await client.raw("PUT", *new_key()) == b""
    assert len(server.api_keys) == keys
    assert server.requests[-1].status is None
    assert server.requests[-1].body == b'{"name":"x"}'


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_dropped_by_a_reset(server: MatatikaServer, client: PlainClient, drop: Any) -> None:
    server.faults.add(drop=drop, reset=True)
    with pytest.raises(ConnectionResetError):
        await client.raw("GET", KEYS)


async def test_cut_by_a_reset(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(cut_after=5, reset=True)
    with pytest.raises(ConnectionResetError):
        await client.raw("GET", KEYS)


@pytest.mark.parametrize("drip", [None, 0])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 201 Crea",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
)
async def test_exactly_these_bytes(server: MatatikaServer, client: PlainClient, raw: bytes, drip: float | None) -> None:
    server.faults.add(raw=raw, drip=drip)
    assert await client.raw("PUT", *new_key()) == raw
    assert server.requests[-1].status is None
    assert len(server.api_keys) == 2


async def test_raw_bytes_without_acting(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(raw=b"HTTP/1.1 200 OK\r\n\r\n", act=False)
    await client.raw("PUT", *new_key())
    assert len(server.api_keys) == 1


async def test_a_client_that_leaves_while_raw_bytes_drip(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"x" * 50, drip=0.002)
    with pytest.raises(TimeoutError):
        await client.send("GET", KEYS, timeout=aiohttp.ClientTimeout(total=0.03))
    await asyncio.sleep(0.05)
    assert not complaints(caplog)


# What makes no sense is refused at once


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": b"", "json": 1},
        {"drop": "after", "raw": b""},
        {"drop": "after", "status": 500},
        {"raw": b"", "headers": {}},
        {"raw": b"", "cut_after": 5},
        {"drop": "before", "drip": 0},
        {"drop": "before", "act": True},
        {"drop": "sometimes"},
        {"reset": True},
        {"edit": repr, "act": False},
        {"act": False},
        {"times": 0},
        {"skip": -1},
        {"cut_after": -1},
    ],
)
def test_contradictions(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MatatikaServer().faults.add(**wrong)


async def test_an_endless_body_cannot_be_cut(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def pieces(request: RecordedRequest) -> AsyncIterator[bytes]:
        yield b""

    server.faults.add(body=pieces, cut_after=1)
    assert (await client.get(KEYS)).status == 500
    assert "cut_after" in caplog.text  # a mistake of the test's author is to be seen


def test_reprs_hide_what_a_test_puts_in() -> None:
    plan = MatatikaServer().faults
    canary = "Bearer-canary"
    plan.add(path="/api/*", status=500, headers={"a": canary}, body=canary)
    plan.add(raw=canary.encode())
    plan.add(json={"clientSecret": canary})
    assert canary not in repr(plan)
    assert "/api/*" in repr(plan)
    assert isinstance(next(iter(plan)), Fault)
