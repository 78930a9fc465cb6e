"""A, the third part: what is repeated, what it costs, and what the error tells of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from aiomatatika import (
    ApiError,
    BadRequestError,
    MatatikaError,
    MatatikaSession,
    NotFoundError,
    ResponseError,
    Retries,
    ServerError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, call, failure

API = "/api/profiles"
CALLS: Mapping[str, Callable[[MatatikaSession, MatatikaServer], Awaitable[object]]] = {
    "GET": lambda session, server: session.apikeys.get(server.default_key_id),
    "list": lambda session, _: session.apikeys.list().collect(),
    "POST": lambda session, _: session.apikeys.initialise(),
    "PUT": lambda session, server: session.apikeys.update(server.default_key_id, name="new"),
    "DELETE": lambda session, server: session.apikeys.delete(server.default_key_id),
}


@pytest.mark.parametrize("status", [408, 425])
@pytest.mark.parametrize("name", ["GET", "PUT", "DELETE"])
async def test_A26_408_and_425_are_repeated_where_that_is_safe(
    server: MatatikaServer, clock: ControlledClock, name: str, status: int
) -> None:
    clock.advance(60)  # else it looks as if the first PUT had made the key
    server.faults.add(method=name, status=status)
    async with server.session() as session:
        await CALLS[name](session, server)
    assert server.requests.methods()[-2:] == [name, name]
    if status == 408:  # another may wait on each idle connection
        first, repeat = server.requests.api[-2:]
        assert first.connection != repeat.connection


async def test_A27_many_callers_told_to_wait(server: MatatikaServer) -> None:
    async with server.session() as session:
        await call(session)
        server.faults.add(path=API, status=429, headers={"Retry-After": "1"}, times=300)
        await asyncio.gather(*(call(session) for _ in range(300)))
        server.faults.add(path=API, status=503)
        await call(session)  # the budget is as full as before
    assert len(server.requests.api) == 1 + 600 + 2


async def test_A28_a_redirect_is_no_attempt(server: MatatikaServer, witness: Witness) -> None:
    for hop in (1, 2):
        server.faults.add(path=API, status=307, headers={"Location": f"{API}?hop={hop}"})
    server.faults.add(path=API, status=503, times=2)
    await failure(server.session(retries=Retries(attempts=2)), witness, ServerError)
    assert server.requests.methods() == ["GET"] * 4


async def test_A29_problem_details(server: MatatikaServer, witness: Witness) -> None:
    field = {"detail": "at most 255", "pointer": "#/name"}
    problem = {
        "type": "https://a.example",
        "title": "Not valid",
        "status": 400,
        "detail": "too long",
        "errors": [field],
    }
    server.faults.add(path=API, status=400, json=problem, headers={"Content-Type": "application/problem+json"})
    error = await failure(server.session(), witness, BadRequestError)
    assert str(error) == "400 Not valid: too long (GET /api/profiles)"
    assert error.errors == (field,)


@pytest.mark.parametrize("name, status", [("GET", 202), ("list", 206), ("POST", 204), ("DELETE", 203)])
async def test_A30_a_success_that_was_not_promised(
    server: MatatikaServer, witness: Witness, name: str, status: int
) -> None:
    server.faults.add(method="GET" if name == "list" else name, path="/api/*", status=status, act=True, times=None)
    async with server.session() as session:
        with witness.raises(
            ResponseError, match=rf"answered with status {status}, where [\d or]+ is expected"
        ) as caught:
            await CALLS[name](session, server)
    assert caught.value.status == status


@pytest.mark.parametrize("first", [{"drop": "after"}, {"status": 503, "act": True}], ids=["lost", "503"])
async def test_A31_an_error_after_an_attempt_that_may_have_done_it(
    server: MatatikaServer, witness: Witness, first: dict[str, Any]
) -> None:
    server.faults.add(method="DELETE", **first)
    async with server.session() as session:
        for maybe_done, attempts in ((True, 2), (False, 1)):
            with witness.raises(NotFoundError) as caught:
                await session.request("DELETE", f"/apikeys/{server.default_key_id}")
            assert (caught.value.maybe_done, caught.value.attempts) == (maybe_done, attempts)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_A32_what_support_asks_for(server: MatatikaServer, witness: Witness, status: int) -> None:
    server.faults.add(path=API, status=status, headers={"CF-RAY": "8f2c-LHR"}, times=None)
    error = await failure(server.session(), witness, MatatikaError)
    assert error.request_id == "8f2c-LHR"
    assert "8f2c-LHR" not in str(error)


# What people see


@pytest.mark.parametrize(
    "status, json, text",
    [
        (599, None, "599"),
        (429, {"error": "Too Many Requests", "message": "Too Many Requests"}, "429 Too Many Requests"),
        (429, {"message": "slow down"}, "429 Too Many Requests: slow down"),
    ],
)
async def test_A24_an_error_says_what_its_status_means_once(
    server: MatatikaServer, witness: Witness, status: int, json: Any, text: str
) -> None:
    server.faults.add(path=API, status=status, **({"body": b""} if json is None else {"json": json}))
    error = await failure(server.session(retries=Retries(attempts=1)), witness, ApiError)
    assert str(error) == f"{text} (GET {API})"


async def test_A13_every_attempt_is_one_record_of_the_log(
    server: MatatikaServer, clock: ControlledClock, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(path=API, status=503, headers={"X-Request-Id": "abc"})
    server.faults.add(path=API, drop="before")
    async with server.session() as session:
        await session.request("GET", "/profiles", params={"q": "hidden"})
    records = [vars(record) for record in caplog.records if hasattr(record, "attempt")]
    names = ("method", "path", "status", "attempt", "request_id")
    assert [tuple(each[name] for name in names) for each in records] == [
        ("POST", "/oauth/token", 200, 1, None),
        ("GET", API, 503, 1, "abc"),
        ("GET", API, None, 2, None),
        ("GET", API, 200, 3, None),
    ]
    assert all(each["duration"] >= 0 and each["levelno"] == logging.DEBUG for each in records)
    assert all(each["name"].startswith("aiomatatika") for each in records)
    assert "hidden" not in repr(records)
