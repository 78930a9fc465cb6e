"""The fault plan: each kind of damage, as it is seen on the wire."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from multidict import CIMultiDict

from aiomatatika.testing import MatatikaServer, RecordedRequest
from aiomatatika.testing.faults import Fault

from .conftest import PlainClient

KEYS = "/api/apikeys"


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
        ({"path": "/api/apikeys"}, ["GET list", "POST list"]),
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
