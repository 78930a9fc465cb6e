"""What the status of a response amounts to: a result, a redirect, another token, or an error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiomatatika import (
    ApiError,
    AuthenticationError,
    MatatikaError,
    MatatikaSession,
    Repeat,
    Response,
    ResponseError,
    Retries,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.message import GONE, Request

from ..servers import API_KEYS, KEYS, caught, get


def send(session: MatatikaSession, method: str = "GET", repeat: Repeat = Repeat.SAFE, **fields: Any) -> Any:
    """Send a request as an operation declares it."""
    client = session._client
    return client.send(Request(method=method, url=client.at(KEYS), repeat=repeat, **fields))


# What a status amounts to


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_success_will_do_unless_some_are_promised(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(path=API_KEYS, status=status, times=None)
    assert await get(session) == status
    assert (await send(session, promised=frozenset({status, 207}))).status == status
    error = await caught(send(session, promised=frozenset({208, 207})), ResponseError)
    assert f"answered with status {status}, where 207 or 208 is expected" in str(error)
    assert (error.status, error.path) == (status, API_KEYS)


@pytest.mark.parametrize("status, repeated, done", [(404, True, True), (409, True, False), (404, False, False)])
async def test_an_error_to_a_repeat_can_mean_that_the_first_one_did_it(
    server: MatatikaServer, session: MatatikaSession, status: int, repeated: bool, done: bool
) -> None:
    if repeated:
        server.faults.add(path=API_KEYS, drop="after")
    server.faults.add(path=API_KEYS, status=status)
    call = send(session, "DELETE", Repeat.IDEMPOTENT, done_already=GONE)
    outcome = (await call) if done else (await caught(call))
    assert isinstance(outcome, Response if done else ApiError)
    assert outcome.status == status


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{api}/profiles", "/api/profiles", "./profiles", "//{host}/api/profiles"])
async def test_a_get_is_redirected_below_the_apis_root(
    server: MatatikaServer, session: MatatikaSession, status: int, location: str
) -> None:
    location = location.format(api=f"{server.url}/api", host=server.url.removeprefix("http://"))
    server.faults.add(path=API_KEYS, status=status, headers={"Location": location})
    response = await session.request("GET", KEYS)
    assert (response.status, str(response.url)) == (200, f"{server.url}/api/profiles")
    assert [request.path for request in server.requests.api] == [API_KEYS, "/api/profiles"]


ELSEWHERE = ["/elsewhere", "/api/../elsewhere", "mailto:a@b", "http://[", "http://user:password@127.0.0.1/api/apikeys"]


@pytest.mark.parametrize(
    "method, location, kind, says",
    [
        *(("GET", location, UnsafeLinkError, "to another origin or above its root") for location in ELSEWHERE),
        *(
            (method, "/api/profiles", ResponseError, f"redirects a {method} (307)")
            for method in ("POST", "PUT", "DELETE", "PATCH")
        ),
        ("GET", API_KEYS, ResponseError, "redirects a request to itself"),
        ("GET", None, ResponseError, "without saying where to"),
    ],
)
async def test_a_redirect_that_is_not_followed(
    server: MatatikaServer,
    session: MatatikaSession,
    method: str,
    location: str | None,
    kind: type[MatatikaError],
    says: str,
) -> None:
    server.faults.add(path=API_KEYS, status=307, headers={"Location": location})
    error = await caught(session.request(method, KEYS))
    assert type(error) is kind
    assert says in str(error)
    assert server.requests.methods() == [method]


async def test_five_redirects_are_followed_and_no_more(server: MatatikaServer, session: MatatikaSession) -> None:
    for number in (*range(5), None, *range(6)):
        location = {} if number is None else {"Location": f"{API_KEYS}?page={number}"}
        server.faults.add(path=API_KEYS, status=302 if location else 200, headers=location)
    assert await get(session) == 200
    error = await caught(get(session), ResponseError)
    assert "redirects more than five times" in str(error)
    assert (error.attempts, len(server.requests.api)) == (6, 12)


# A token that the API refuses


@pytest.mark.parametrize("method, repeat", [("GET", None), ("PUT", None), ("POST", None), ("POST", Repeat.ONCE)])
async def test_a_refused_token_is_replaced_and_the_call_made_again(
    server: MatatikaServer, session: MatatikaSession, method: str, repeat: Repeat | None
) -> None:
    server.faults.add(path=API_KEYS, status=401)
    server.faults.add(path=API_KEYS, status=429)
    server.faults.add(path=API_KEYS, status=200)
    two = session.with_options(retries=Retries(attempts=2))  # the refused token takes none
    assert (await two.request(method, KEYS, repeat=repeat)).status == 200
    assert server.requests.methods() == [method] * 3
    assert len({request.headers["Authorization"] for request in server.requests.api}) == 2
    assert len(server.requests.token) == 2


async def test_a_call_is_made_again_for_its_token_once_and_no_more(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    await get(session)
    late = asyncio.Event()
    fault = server.faults.add(path=API_KEYS, status=401, delay=late)
    slow: asyncio.Task[AuthenticationError] = asyncio.create_task(caught(get(session), AuthenticationError))
    await fault.wait()
    server.revoke_tokens()
    await get(session)  # brings the next token
    server.faults.add(path=API_KEYS, status=401)
    late.set()
    assert (await slow).attempts == 2
