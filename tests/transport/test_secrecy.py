"""No secret in sight: in no error, whatever a reporter digs out of it, and in no record of a log."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aiomatatika import MatatikaError, MatatikaSession, Timeouts
from aiomatatika.testing import MatatikaServer, RecordedRequest

from ..servers import API_KEYS, KEYS, TOKEN, bomb, caught, chain, everything_shown, get

# In two parts: a traceback shows the line that made it.
BODY = {"clientSecret": "can" + "ary"}

Call = Callable[[MatatikaSession], Awaitable[object]]


def echo(request: RecordedRequest) -> str:
    """Answer with all that was sent, as no server should and some do."""
    text = "; ".join(f"{name}: {value}" for name, value in request.headers.items()) + request.body.decode()
    return '{"error": "Oh", "message": ' + repr(text).replace("\\", "").replace('"', "").replace("'", '"') + "}"


async def put(session: MatatikaSession) -> None:
    await session.request("PUT", KEYS, json=BODY)


async def limited(session: MatatikaSession) -> None:
    async with asyncio.timeout(0.05):
        await put(session)


async def cancelled(session: MatatikaSession) -> None:
    task = asyncio.create_task(put(session))
    await asyncio.sleep(0.05)
    task.cancel()
    await task


async def closed(session: MatatikaSession) -> None:
    task = asyncio.create_task(put(session))
    await asyncio.sleep(0.05)
    await session.close()
    await task


HANGS: dict[str, Any] = {"delay": ...}
SCENARIOS: dict[str, tuple[dict[str, Any], Call]] = {
    **{f"token {status}": ({"path": TOKEN, "status": status}, put) for status in (302, 400, 401, 403, 429, 500, 999)},
    **{f"token {status}, echoed": ({"path": TOKEN, "status": status, "body": echo}, put) for status in (200, 401, 500)},
    "token lost": ({"path": TOKEN, "drop": "after"}, put),
    "token damaged": ({"path": TOKEN, "cut_after": 5}, put),
    "token garbage": ({"path": TOKEN, "raw": b"garbage\r\n\r\n"}, put),
    "token bomb": ({"path": TOKEN, "headers": {"Content-Encoding": "gzip"}, "body": bomb(20)}, put),
    "token not a token": ({"path": TOKEN, "edit": lambda token: token | {"access_token": "canary \n"}}, put),
    "token too late": ({"path": TOKEN, **HANGS}, put),
    "token, limited": ({"path": TOKEN, **HANGS}, limited),
    "token, cancelled": ({"path": TOKEN, **HANGS}, cancelled),
    "token, closed": ({"path": TOKEN, **HANGS}, closed),
    **{str(status): ({"path": API_KEYS, "status": status}, put) for status in (302, 400, 401, 403, 404, 409, 429, 500)},
    **{f"{status}, echoed": ({"path": API_KEYS, "status": status, "body": echo}, put) for status in (400, 403, 500)},
    "lost": ({"path": API_KEYS, "drop": "after"}, put),
    "reset": ({"path": API_KEYS, "drop": "before", "reset": True}, put),
    "damaged": ({"path": API_KEYS, "status": 200, "body": b"{}", "cut_after": 1}, put),
    "garbage": ({"path": API_KEYS, "raw": b"garbage\r\n\r\n"}, put),
    "bomb": ({"path": API_KEYS, "status": 200, "headers": {"Content-Encoding": "gzip"}, "body": bomb(20)}, put),
    "redirected": ({"path": API_KEYS, "status": 307, "headers": {"Location": "https://evil.test/"}}, put),
    "too late": ({"path": API_KEYS, **HANGS}, put),
    "limited": ({"path": API_KEYS, **HANGS}, limited),
    "cancelled": ({"path": API_KEYS, **HANGS}, cancelled),
    "closed": ({"path": API_KEYS, **HANGS}, closed),
}


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest, server: MatatikaServer) -> Call:
    """Plan a fault, and return the call that it is for."""
    fault, call = SCENARIOS[request.param]
    server.faults.add(**fault | ({"delay": asyncio.Event()} if "delay" in fault else {}), times=None)
    return call


def secrets_of(server: MatatikaServer) -> list[str]:
    tokens = [request.headers["Authorization"].removeprefix("Bearer ") for request in server.requests.api]
    return [server.credentials.client_secret.reveal(), "canary", *tokens]


async def test_an_error_shows_no_secret_and_nothing_of_aiohttp(server: MatatikaServer, scenario: Call) -> None:
    async with server.session(timeouts=Timeouts(total=0.15)) as session:
        error = await caught(scenario(session))
    shown = everything_shown(error)
    assert [secret for secret in secrets_of(server) if secret in shown] == []
    assert {type(each).__module__.partition(".")[0] for each in chain(error)} <= {"aiomatatika", "asyncio", "builtins"}
    assert "site-packages/aiohttp" not in shown
    if isinstance(error, MatatikaError):
        for twin in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
            assert (type(twin), str(twin)) == (type(error), str(error))
        assert (error.method, error.path) in {("PUT", API_KEYS), ("POST", TOKEN)}


async def test_no_record_of_a_log_holds_a_secret(
    server: MatatikaServer, scenario: Call, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with server.session(timeouts=Timeouts(total=0.15)) as session:
        await caught(scenario(session))
    records = [record.getMessage() + repr(vars(record)) for record in caplog.records]
    assert [record for record in records if any(secret in record for secret in secrets_of(server))] == []


async def test_a_good_day_is_logged_without_secrets_and_without_queries(
    server: MatatikaServer, session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="aiomatatika")
    await session.request("GET", KEYS, params={"q": "canary"})
    await get(session)
    assert f"GET {API_KEYS}: 200 (attempt 1)" in caplog.messages
    assert not [message for message in caplog.messages if any(secret in message for secret in secrets_of(server))]


async def test_the_answers_to_good_calls_show_no_secret(server: MatatikaServer, session: MatatikaSession) -> None:
    response = await session.request("GET", KEYS)
    new = await session.apikeys.create("robot")
    shown = repr([session, response, new, new.credentials, session.apikeys, server.credentials])
    for secret in (*secrets_of(server), new.client_secret.reveal()):
        assert secret not in shown
