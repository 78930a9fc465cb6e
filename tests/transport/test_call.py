"""One logical call: its repeats, its deadline, its redirects, and the error that it ends in."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest

from aiomatatika import (
    MatatikaError,
    MatatikaSession,
    RateLimitError,
    Repeat,
    ResponseError,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import API_KEYS, KEYS, bomb, caught, get, raw_server, session_at

# Which failures are repeated


async def test_a_get_is_repeated_with_ever_longer_pauses(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=API_KEYS, status=503, times=2)
    assert await get(session) == 200
    assert server.requests.methods() == ["GET"] * 3
    assert clock.sleeps == [0.25, 0.5]  # half of the longest by chance


@pytest.mark.parametrize(
    "method, repeat, sent",
    [
        ("GET", None, 3),
        ("PUT", None, 3),
        ("DELETE", None, 3),
        ("POST", None, 1),
        ("PATCH", None, 1),
        ("POST", Repeat.SAFE, 3),
        ("POST", Repeat.IDEMPOTENT, 3),
        ("GET", Repeat.ONCE, 1),
    ],
)
async def test_a_server_error_is_repeated_unless_once_is_declared(
    server: MatatikaServer, session: MatatikaSession, method: str, repeat: Repeat | None, sent: int
) -> None:
    server.faults.add(path=API_KEYS, status=503, times=None)
    error = await caught(session.request(method, KEYS, repeat=repeat))
    assert isinstance(error, ServerError)
    assert (error.status, error.method, error.path, error.attempts) == (503, method, API_KEYS, sent)
    assert server.requests.methods() == [method] * sent


@pytest.mark.parametrize("method, sent", [("GET", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1)])
@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before", "reset": True}, {"raw": b"HTTP/1.1 2"}])
async def test_a_lost_answer_is_repeated_once_where_that_is_safe(
    server: MatatikaServer, session: MatatikaSession, method: str, sent: int, fault: dict[str, Any]
) -> None:
    server.faults.add(path=API_KEYS, times=None, **fault)
    error = await caught(session.request(method, KEYS))
    assert isinstance(error, TransportError)
    assert (error.sent, error.attempts) == ("maybe", sent)
    assert server.requests.methods() == [method] * sent


@pytest.mark.parametrize("method, sent", [("GET", 2), ("PUT", 2), ("POST", 1)])
async def test_a_damaged_body_is_repeated_once_where_that_is_safe(
    server: MatatikaServer, session: MatatikaSession, method: str, sent: int
) -> None:
    server.faults.add(path=API_KEYS, status=200, body=b"{}", cut_after=1, times=None)
    error = await caught(session.request(method, KEYS))
    assert isinstance(error, ResponseError)
    assert (error.status, error.attempts) == (200, sent)
    assert "incomplete" in str(error)
    assert server.requests.methods() == [method] * sent


async def test_a_body_above_the_cap_is_not_asked_for_again(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=API_KEYS, headers={"Content-Encoding": "gzip"}, body=bomb(20))
    error = await caught(get(session))
    assert isinstance(error, ResponseError)
    assert "larger than 16 MiB" in str(error)
    assert server.requests.methods() == ["GET"]


async def test_a_repeat_that_succeeds_is_all_that_the_caller_sees(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=API_KEYS, drop="after")
    assert await get(session) == 200
    server.faults.add(path=API_KEYS, cut_after=10)
    assert await get(session) == 200


async def test_what_was_never_sent_is_repeated_whatever_the_method(clock: ControlledClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with session_at(f"http://127.0.0.1:{port}", clock) as session:
        error = await caught(session.request("POST", KEYS))
    assert isinstance(error, TransportError)
    assert (error.sent, error.attempts) == ("no", 3)
    assert len(clock.sleeps) == 2


async def test_an_answer_that_was_lost_before_makes_the_whole_call_a_maybe(server: MatatikaServer) -> None:
    class ClosesTheServer(ControlledClock):
        async def sleep(self, seconds: float) -> None:
            await server.close()

    server.faults.add(path=API_KEYS, drop="after")
    async with session_at(server.url, ClosesTheServer()) as session:
        error = await caught(session.request("PUT", KEYS))
    assert isinstance(error, TransportError)
    assert "no connection" in str(error)
    assert (error.sent, error.attempts) == ("maybe", 3)


async def test_refused_tls_is_not_repeated(server: MatatikaServer) -> None:
    async with session_at(server.url.replace("http", "https")) as session:
        error = await caught(get(session))
    assert isinstance(error, TransportError)
    assert (error.sent, error.attempts) == ("no", 1)
    assert "TLS" in str(error)


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_how_often_is_an_option(server: MatatikaServer, session: MatatikaSession, attempts: int) -> None:
    server.faults.add(path=API_KEYS, status=500, times=None)
    await caught(get(session.with_options(retries=Retries(attempts=attempts))))
    assert len(server.requests.api) == attempts


async def test_garbage_is_no_answer_of_status_400() -> None:
    async with raw_server(b"garbage\r\n\r\n") as raw, session_at(raw.url) as session:
        error = await caught(session.request("POST", KEYS))
    assert isinstance(error, TransportError)
    assert error.sent == "maybe"


async def test_a_delete_that_was_answered_with_204_and_a_body_is_done() -> None:
    odd = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(odd, gone) as raw, session_at(raw.url) as session:
        await session.apikeys.delete("00000000-0000-4000-8000-000000000000")


async def test_a_dead_api_is_asked_little_more_than_once_a_call(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=API_KEYS, status=503, times=None)
    for _ in range(10):
        errors = await asyncio.gather(*(caught(get(session)) for _ in range(100)))
        assert {type(error) for error in errors} == {ServerError}
    assert 1_000 < len(server.requests.api) <= 1_100


async def test_success_gives_back_what_repeats_have_cost(server: MatatikaServer, session: MatatikaSession) -> None:
    for _ in range(150):
        server.faults.add(path=API_KEYS, status=503)
        assert await get(session) == 200


# Waits that the server asks for


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_is_kept(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock, status: int
) -> None:
    server.faults.add(path=API_KEYS, status=status, headers={"Retry-After": "2"}, times=2)
    assert await get(session) == 200
    assert clock.sleeps == [2.25, 2.5]


async def test_a_429_was_not_carried_out_and_is_repeated_whatever_the_method(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=API_KEYS, status=429, headers={"Retry-After": "2"})
    assert (await session.request("POST", KEYS)).status == 200
    assert server.requests.methods() == ["POST", "POST"]


@pytest.mark.parametrize("retry_after", ["60", "86400", "99999999999999999999", "Fri, 31 Dec 2099 23:59:59 GMT"])
async def test_a_retry_after_beyond_the_deadline_is_raised_at_once(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock, retry_after: str
) -> None:
    server.faults.add(path=API_KEYS, status=429, headers={"Retry-After": retry_after})
    error = await caught(get(session))
    assert isinstance(error, RateLimitError)
    assert error.retry_after is not None
    assert error.retry_after >= 60
    assert clock.sleeps == []
    assert server.requests.methods() == ["GET"]


@pytest.mark.parametrize("retry_after", ["-5", "1e3", "1_000", "+5", "0x10", "1.5", "", "nan", "soon"])
async def test_a_retry_after_that_is_none_is_ignored(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock, retry_after: str
) -> None:
    server.faults.add(path=API_KEYS, status=429, headers={"Retry-After": retry_after})
    assert await get(session) == 200
    assert clock.sleeps == [0.25]


# The deadline


@pytest.mark.parametrize(
    "fault, kind, sent",
    [
        ({"path": "/oauth/token", "delay": ...}, TransportError, "no"),
        ({"path": API_KEYS, "delay": ...}, TransportError, "maybe"),
        ({"path": API_KEYS, "body": b"x" * 1_000, "drip": 0.01}, TransportError, "maybe"),
    ],
    ids=["the token endpoint hangs", "the API hangs", "the API drips"],
)
async def test_a_call_ends_by_its_deadline(
    server: MatatikaServer, fault: dict[str, Any], kind: type[MatatikaError], sent: str
) -> None:
    server.faults.add(**fault | ({"delay": asyncio.Event()} if "delay" in fault else {}))
    async with server.session(timeouts=Timeouts(total=0.2)) as session:
        began = time.monotonic()
        error = await caught(get(session))
        assert time.monotonic() - began < 0.45
    assert isinstance(error, kind)
    assert isinstance(error, TimeoutError)
    assert (error.method, error.path) == ("GET", API_KEYS)
    assert isinstance(error, TransportError)
    assert error.sent == sent


async def test_a_server_that_fails_for_ever_is_given_up_by_the_deadline(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=API_KEYS, status=503, times=None)
    began = clock.monotonic()
    patient = session.with_options(timeouts=Timeouts(total=5), retries=Retries(attempts=20))
    assert isinstance(await caught(get(patient)), ServerError)
    assert clock.monotonic() - began <= 5


async def test_a_connection_that_does_not_come_about_before_the_deadline_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        full = []
        for _ in range(3):  # the kernel takes these and leaves the next one waiting
            full.append(socket.socket())
            full[-1].setblocking(False)
            full[-1].connect_ex(address)
        async with session_at(f"http://127.0.0.1:{address[1]}", timeouts=Timeouts(total=0.4)) as session:
            error = await caught(session.request("POST", KEYS))
        for each in full:
            each.close()
    assert isinstance(error, TransportError)
    assert isinstance(error, TimeoutError)
    assert error.sent == "no"


async def test_a_deadline_that_has_passed_sends_nothing(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    deadline = session._client.deadline()
    clock.advance(61)
    error = await caught(session._client.get(session._client.at(KEYS), dict, deadline))
    assert isinstance(error, TransportError)
    assert (error.sent, error.attempts) == ("no", 0)
    assert server.requests == []
