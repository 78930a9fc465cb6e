"""The fault plan: which requests a fault is for, and the response that it puts in place of the real one."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from multidict import CIMultiDict

from aiomatatika.testing import Fault, MatatikaServer, RecordedRequest

from .conftest import Got, PlainClient

KEYS = "/api/apikeys"


async def put(client: PlainClient) -> Got:
    return await client.put(f"{KEYS}/{uuid4()}", {"name": "x"})


# Which requests


@pytest.mark.parametrize(
    "times, statuses",
    [
        ({}, [503, 200, 200, 200, 200]),
        ({"skip": 1, "times": 2}, [200, 503, 503, 200, 200]),
        ({"times": None}, [503, 503, 503, 503, 503]),
    ],
)
async def test_how_often(
    server: MatatikaServer, client: PlainClient, times: dict[str, Any], statuses: list[int]
) -> None:
    fault = server.faults.add(status=503, **times)
    assert [(await client.get(KEYS)).status for _ in range(5)] == statuses
    assert fault.hits == statuses.count(503)
    server.faults.clear()
    assert (await client.get(KEYS)).status == 200
    assert fault.hits == statuses.count(503)


async def test_the_first_that_matches_and_has_uses_left(server: MatatikaServer, client: PlainClient) -> None:
    first, second = server.faults.add(status=500), server.faults.add(status=502)
    passing = server.faults.add(status=504, skip=1)
    assert list(server.faults) == [first, second, passing]
    assert [(await client.get(KEYS)).status for _ in range(4)] == [500, 502, 200, 504]
    assert len(server.faults) == 0


@pytest.mark.parametrize(
    "which, hit",
    [
        ({"method": "GET"}, ["GET list", "GET list/", "GET one", "GET profiles"]),
        ({"method": "get", "path": "/api/apikeys/*"}, ["GET one"]),
        ({"path": "/api/apikeys/"}, ["GET list", "GET list/", "POST list"]),
        ({"path": "/api/apikeys"}, ["GET list", "GET list/", "POST list"]),
        ({"path": "/api/*"}, ["GET list", "GET list/", "POST list", "GET one", "GET profiles"]),
        ({"path": re.compile(r".*/prof\w+")}, ["GET profiles"]),
        ({"path": re.compile(r".*/")}, ["GET list/"]),
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
        "GET list/": await client.get(f"{KEYS}/"),
        "POST list": await client.send("POST", KEYS),
        "GET one": await client.get(f"{KEYS}/{server.default_key_id}"),
        "GET profiles": await client.get("/api/profiles"),
        "POST token": await client.ask_token(),
    }
    assert [name for name, response in got.items() if response.status == 418] == hit


async def test_a_fault_that_does_nothing_counts_and_can_be_waited_for(
    server: MatatikaServer, client: PlainClient
) -> None:
    fault = server.faults.add(times=3)
    waiting = [asyncio.create_task(fault.wait(hits)) for hits in (1, 2, 2)]
    assert (await client.get(KEYS)).status == 200
    await waiting[0]
    assert not waiting[1].done()
    waiting[2].cancel()
    await client.get(KEYS)
    await waiting[1]
    await fault.wait(2)


# Another response


@pytest.mark.parametrize("status", [204, 299, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599, 999])
async def test_any_status_without_acting(server: MatatikaServer, client: PlainClient, status: int) -> None:
    server.faults.add(status=status, times=None)
    assert (await put(client)).status == (await client.get("/elsewhere")).status == status
    assert server.requests[0].status == status
    assert len(server.api_keys) == 1


@pytest.mark.parametrize(
    "path, status, shown",
    [
        (KEYS, 409, {"status": 409, "error": "Conflict", "path": KEYS}),
        ("/oauth/token", 401, {"error": "access_denied"}),
        ("/oauth/token", 403, {"error": "access_denied"}),
        ("/oauth/token", 429, {"error": "too_many_requests"}),
        ("/oauth/token", 503, {"error": "server_error"}),
    ],
)
async def test_an_error_has_the_usual_body(
    server: MatatikaServer, client: PlainClient, path: str, status: int, shown: dict[str, object]
) -> None:
    server.faults.add(path=path, status=status)
    got = await client.send("POST", path)
    assert got.status == status
    assert shown.items() <= got.document.items()


@pytest.mark.parametrize(
    "fault, status, shown",
    [
        ({"status": 500, "act": True}, 500, {"status": 500}),
        ({"status": 200, "act": True}, 200, {"name": "x"}),  # a success keeps the real body
        ({"json": {"id": None}}, 201, {"id": None}),
        ({"edit": lambda document: document.pop("clientSecret") and None}, 201, {"name": "x"}),
        ({"edit": lambda document: {"name": document["name"] * 2}}, 201, {"name": "xx"}),
        ({"headers": {}}, 201, {"name": "x"}),
    ],
)
async def test_what_acts(
    server: MatatikaServer, client: PlainClient, fault: dict[str, Any], status: int, shown: dict[str, object]
) -> None:
    server.faults.add(method="PUT", **fault)
    got = await put(client)
    assert got.status == status
    assert shown.items() <= got.document.items()
    assert ("clientSecret" in got.document) == (shown == {"name": "x"} and "edit" not in fault)
    assert len(server.api_keys) == 2


async def test_edit_leaves_errors_alone(server: MatatikaServer, client: PlainClient) -> None:
    fault = server.faults.add(edit=lambda document: 1 / 0)
    assert (await client.get(f"{KEYS}/{uuid4()}")).status == 404
    assert fault.hits == 1


async def test_headers_are_added_replaced_and_removed(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=307, headers={"Location": "https://evil.example/", "content-type": "text/html"})
    got = await client.get(KEYS)
    assert got.headers["Location"] == "https://evil.example/"
    assert got.headers.getall("Content-Type") == ["text/html"]
    server.faults.add(status=401, headers={"WWW-Authenticate": None, "Date": "now"})
    got = await client.get(KEYS)
    assert ("WWW-Authenticate" in got.headers, got.headers["Date"]) == (False, "now")
    cookies = CIMultiDict[str | None]([("Set-Cookie", "a=1"), ("Set-Cookie", "b=1")])
    server.faults.add(headers=cookies)
    assert (await client.get(KEYS)).headers.getall("Set-Cookie") == ["a=1", "b=1"]


@pytest.mark.parametrize("body", [b"\xff\x00", "é", "", lambda request: b"\xff\x00", lambda request: "é"])
async def test_any_body(server: MatatikaServer, client: PlainClient, body: Any) -> None:
    server.faults.add(body=body)
    got = await client.get(KEYS)
    assert (got.status, got.headers["Content-Type"]) == (200, "application/hal+json")
    assert got.body in {b"\xff\x00", "é".encode(), b""}


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
    assert repr((await client.get(KEYS)).document) == repr(document)


async def test_damaged_gzip(server: MatatikaServer, client: PlainClient) -> None:
    damaged = gzip.compress(b"{}")[:-3]
    server.faults.add(body=damaged, headers={"Content-Encoding": "gzip"})
    async with ClientSession(auto_decompress=False) as client.http:
        assert (await client.get(KEYS)).body == damaged


# Mistakes of the test's author


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
        {"delay": -1},
    ],
)
def test_contradictions_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MatatikaServer().faults.add(**wrong)


async def test_a_body_without_length_cannot_be_cut(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def pieces(request: RecordedRequest) -> AsyncIterator[bytes]:
        yield b""

    server.faults.add(body=pieces, cut_after=1)
    assert (await client.get(KEYS)).status == 500
    assert "cut_after" in caplog.text


def test_reprs_hide_what_a_test_puts_in() -> None:
    plan = MatatikaServer().faults
    canary = "Bearer-canary"
    plan.add(path="/api/*", status=500, headers={"a": canary}, body=canary)
    plan.add(raw=canary.encode())
    plan.add(json={"clientSecret": canary})
    assert canary not in repr(plan)
    assert "/api/*" in repr(plan)
    assert isinstance(next(iter(plan)), Fault)
