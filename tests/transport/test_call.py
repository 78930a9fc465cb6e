"""One logical call: what it repeats, by when it ends, and the error that it ends in."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import Any

import pytest

from aiomatatika import (
    MatatikaSession,
    Repeat,
    ResponseError,
    Retries,
    ServerError,
    TransportError,
    TransportTimeoutError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.transport.message import Request

from ..servers import API_KEYS, KEYS, answer, bomb, caught, get, session_at


def send(session: MatatikaSession, method: str = "GET", repeat: Repeat = Repeat.SAFE, **fields: Any) -> Any:
    """Send a request as an operation declares it."""
    client = session._client
    return client.send(Request(method=method, url=client.at(KEYS), repeat=repeat, **fields))


# Which failures are repeated


@pytest.mark.parametrize(
    "repeat, methods, sent",
    [
        *((None, ["GET", "PUT", "DELETE"], 3), (None, ["POST", "PATCH"], 1), (Repeat.SAFE, ["POST"], 3)),
        *((Repeat.IDEMPOTENT, ["POST"], 3), (Repeat.ONCE, ["GET"], 1)),
    ],
)
async def test_a_server_error_is_repeated_unless_once_is_declared(
    server: MatatikaServer, session: MatatikaSession, repeat: Repeat | None, methods: list[str], sent: int
) -> None:
    server.faults.add(path=API_KEYS, status=503, times=None)
    three = session.with_options(retries=Retries(attempts=3))
    for method in methods:
        error = await caught(three.request(method, KEYS, repeat=repeat), ServerError)
        assert (error.status, error.method, error.path, error.attempts) == (503, method, API_KEYS, sent)
        assert (error.maybe_done, error.transient) == (True, sent > 1)
    assert server.requests.methods() == [method for method in methods for _ in range(sent)]


async def test_a_repeat_that_succeeds_is_all_that_the_caller_sees(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=API_KEYS, cut_after=10)
    response = await session.request("GET", KEYS)
    assert (response.status, response.call.attempts, response.call.maybe_done) == (200, 2, True)


@pytest.mark.parametrize(
    "fault, fields",
    [
        ({"headers": {"Content-Encoding": "gzip"}, "body": bomb(20)}, {}),
        ({"body": b"{}"}, {"max_body": 1}),
        ({"status": 201, "body": b"{}", "cut_after": 1}, {"not_repeated_after": frozenset({201})}),
    ],
    ids=["16 MiB", "a cap of its own", "what is done is done"],
)
async def test_a_body_that_another_attempt_cannot_help_is_not_asked_for_again(
    server: MatatikaServer, session: MatatikaSession, fault: dict[str, Any], fields: dict[str, Any]
) -> None:
    server.faults.add(**{"path": API_KEYS, "status": 200, "times": None, **fault})
    error = await caught(send(session, **fields), ResponseError)
    assert error.status == fault.get("status", 200)
    assert server.requests.methods() == ["GET"]


async def test_a_damaged_response_without_a_status_leaves_open_what_was_sent_once(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    # A body that cannot be decompressed and comes with its head: aiohttp keeps the status back.
    zipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nplain"
    server.faults.add(path=API_KEYS, raw=zipped, times=None)
    once = await caught(session.request("POST", KEYS))
    twice = await caught(session.request("PUT", KEYS), ResponseError)
    if isinstance(once, TransportError):
        assert once.sent == "maybe"
        assert "status unknown" in str(twice)


async def test_what_was_lost_once_stays_open_when_the_repeats_are_never_sent() -> None:
    class ClosesTheServer(ControlledClock):
        async def sleep(self, seconds: float) -> None:
            await server.close()
            await super().sleep(seconds)

    async with MatatikaServer() as server, session_at(server.url, clock := ClosesTheServer()) as session:
        server.faults.add(path=API_KEYS, drop="after")
        error = await caught(session.request("PUT", KEYS), TransportError)
    assert (error.sent, error.attempts) == ("maybe", 5)
    assert clock.sleeps == [0.375, 0.75, 1.5, 3]


async def test_success_gives_back_what_repeats_have_cost(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    for _ in range(150):
        server.faults.add(path=API_KEYS, status=503)
        assert await get(session) == 200
    assert clock.sleeps == [0.375] * 150, "the budget could pay for each first turn"


def empty_budget(session: MatatikaSession, clock: ControlledClock) -> None:
    while session._client.state.budget.take(clock.monotonic()):
        pass


async def test_a_turn_that_nothing_is_left_for_passes(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    empty_budget(session, clock)
    server.faults.add(path=API_KEYS, status=503, times=2)
    assert await get(session) == 200
    assert len(server.requests.api) == 3  # of the turns after 0.375, 1.125, 2.625 and 5.625 s the first is too early
    assert clock.sleeps == [0.375, 0.75, 1.5]


async def test_a_first_attempt_that_succeeds_does_not_fill_an_empty_budget(
    session: MatatikaSession, clock: ControlledClock
) -> None:
    empty_budget(session, clock)
    assert await get(session) == 200
    assert not session._client.state.budget.take(clock.monotonic())


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_is_kept_and_costs_nothing(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock, status: int
) -> None:
    empty_budget(session, clock)
    server.faults.add(path=API_KEYS, status=status, headers={"Retry-After": "2"}, times=2)
    assert await get(session) == 200
    assert clock.sleeps == [2.25, 2.5]


async def test_a_date_counts_from_our_own_clock_where_the_server_sends_none(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    date = formatdate(clock.wall() + 20, usegmt=True)
    server.faults.add(path=API_KEYS, raw=answer(f"503 Busy; Retry-After: {date}; Content-Length: 0"))
    assert await get(session) == 200
    (wait,) = clock.sleeps
    assert 18 < wait < 21


# The deadline


async def test_a_request_may_have_a_deadline_of_its_own(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=API_KEYS, delay=asyncio.Event())
    began = time.monotonic()
    error = await caught(send(session, within=0.2), TransportTimeoutError)
    assert time.monotonic() - began < 1
    assert "did not end by its deadline" in str(error)
    assert (error.method, error.path, error.sent) == ("GET", API_KEYS, "maybe")


async def test_a_deadline_that_has_passed_sends_nothing(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    client, deadline = session._client, session._client.deadline()
    clock.advance(60)
    request = Request(method="GET", url=client.at(KEYS), repeat=Repeat.SAFE)
    error = await caught(client.send(request, deadline), TransportTimeoutError)
    assert str(error) == f"the deadline had passed before anything was sent (GET {API_KEYS})"
    assert (error.sent, error.attempts) == ("no", 0)
    assert server.requests == []
