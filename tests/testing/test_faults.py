"""The fault plan: which requests a fault is for, and the response that it puts in place of the real one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from multidict import CIMultiDict

from aiomatatika.testing import Fault, MatatikaServer, RecordedRequest

from .conftest import PlainClient

KEYS = "/api/apikeys"
KEY = f"{KEYS}/0904cf92-85a7-4b0e-8b27-1a6f3c9d2e10"


# Which requests


async def test_how_often_and_in_which_order(client: PlainClient) -> None:
    faults = [
        client.server.faults.add(status=500),
        client.server.faults.add(status=501, skip=1, times=2),
        client.server.faults.add(status=502),
        client.server.faults.add(status=503, times=None),
    ]
    assert list(client.server.faults) == faults
    assert [(await client.get()).status for _ in range(6)] == [500, 502, 501, 501, 503, 503]
    assert [fault.hits for fault in faults] == [1, 2, 1, 2]
    assert list(client.server.faults) == faults[3:]
    client.server.faults.clear()
    assert (await client.get()).status == 200
    assert faults[3].hits == 2


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
async def test_which_requests(client: PlainClient, which: dict[str, Any], hit: list[str]) -> None:
    client.server.faults.add(status=418, times=None, **which)
    got = {
        "GET list": await client.get(f"{KEYS}?page=1&size=5"),
        "GET list/": await client.get(f"{KEYS}/"),
        "POST list": await client.send("POST", KEYS),
        "GET one": await client.get(f"{KEYS}/{client.server.default_key_id}"),
        "GET profiles": await client.get("/api/profiles"),
        "POST token": await client.ask_token(),
    }
    assert [name for name, response in got.items() if response.status == 418] == hit


async def test_a_fault_that_does_nothing_counts_and_can_be_waited_for(client: PlainClient) -> None:
    fault = client.server.faults.add(times=3)
    waiting = [asyncio.create_task(fault.wait(hits)) for hits in (1, 2, 2)]
    assert (await client.get()).status == 200
    await waiting[0]
    assert not waiting[1].done()
    waiting[2].cancel()
    await client.get()
    await waiting[1]
    await fault.wait(2)


# Another response


@pytest.mark.parametrize("status", [204, 299, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599, 999])
async def test_any_status_without_acting(client: PlainClient, status: int) -> None:
    client.server.faults.add(status=status, times=None)
    assert (await client.put(KEY, {"name": "x"})).status == (await client.get("/elsewhere")).status == status
    assert (client.server.requests[0].status, len(client.server.api_keys)) == (status, 1)


@pytest.mark.parametrize(
    "path, fault, status, shown",
    [
        (KEYS, {"status": 409}, 409, {"status": 409, "error": "Conflict", "path": KEYS}),
        ("/oauth/token", {"status": 401}, 401, {"error": "access_denied"}),
        ("/oauth/token", {"status": 403}, 403, {"error": "access_denied"}),
        ("/oauth/token", {"status": 429}, 429, {"error": "too_many_requests"}),
        ("/oauth/token", {"status": 503}, 503, {"error": "server_error"}),
        (KEY, {"status": 500, "act": True}, 500, {"status": 500}),
        (KEY, {"status": 200, "act": True}, 200, {"name": "x"}),  # a success keeps the real body
        (KEY, {"json": {"id": None}}, 201, {"id": None}),
        (KEY, {"edit": lambda document: document.update(name="edited")}, 201, {"name": "edited"}),
        (KEY, {"edit": lambda document: {"name": document["name"] * 2}}, 201, {"name": "xx"}),
        ("/api/nothing", {"edit": lambda document: 1 / 0}, 404, {"status": 404}),  # errors are not edited
        (KEY, {"headers": {}}, 201, {"name": "x"}),
    ],
)
async def test_which_body_it_has_and_what_acts(
    client: PlainClient, path: str, fault: dict[str, Any], status: int, shown: dict[str, object]
) -> None:
    planned = client.server.faults.add(path=path, **fault)
    got = await client.put(path, {"name": "x"})
    assert (got.status, planned.hits, len(client.server.api_keys)) == (status, 1, 1 + (path == KEY))
    assert shown.items() <= got.document.items()


async def test_headers_are_added_replaced_and_removed(client: PlainClient) -> None:
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=1")]
    headers = CIMultiDict[str | None]([*cookies, ("content-type", "text/html"), ("WWW-Authenticate", None)])
    client.server.faults.add(status=401, headers=headers)
    got = (await client.get()).headers
    assert [got.getall(name, []) for name in ("Set-Cookie", "Content-Type", "WWW-Authenticate")] == [
        ["a=1", "b=1"],
        ["text/html"],
        [],
    ]


def echo(request: RecordedRequest) -> str:
    return f"{request.method} {request.path} {request.query['page']} {request.headers['X-Test']}"


@pytest.mark.parametrize(
    "body, sent",
    [
        ({"body": b"\xff\x00"}, b"\xff\x00"),
        ({"body": "é"}, "é".encode()),
        ({"body": ""}, b""),
        ({"body": echo}, b"GET /api/apikeys 3 y"),
        ({"json": None}, b"null"),
        ({"json": {"a": [float("nan")]}}, b'{"a":[NaN]}'),
    ],
)
async def test_any_body(client: PlainClient, body: dict[str, Any], sent: bytes) -> None:
    for status, media_type in ((200, "application/hal+json"), (500, "application/json")):
        client.server.faults.add(status=status, **body)
        got = await client.send("GET", f"{KEYS}?page=3", headers={"X-Test": "y"})
        assert (got.status, got.headers["Content-Type"], got.body) == (status, media_type, sent)


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
        *({name: -1} for name in ("skip", "cut_after", "delay", "drip")),
    ],
)
def test_contradictions_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MatatikaServer().faults.add(**wrong)


async def test_a_body_without_length_cannot_be_cut(client: PlainClient, caplog: pytest.LogCaptureFixture) -> None:
    async def pieces(request: RecordedRequest) -> AsyncIterator[bytes]:
        yield b""

    client.server.faults.add(body=pieces, cut_after=1)
    assert (await client.get()).status == 500
    assert "cut_after" in caplog.text


def test_reprs_hide_what_a_test_puts_in() -> None:
    fault = Fault(path="/api/*", status=500, headers={"a": "canary"}, body="canary")
    shown = repr([fault, Fault(raw=b"canary"), Fault(json={"clientSecret": "canary"})])
    assert ("/api/*" in shown, "canary" in shown) == (True, False)
