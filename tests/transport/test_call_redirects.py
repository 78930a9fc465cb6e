"""Responses that a call follows or repeats: redirects, and a refused token."""

from __future__ import annotations

import asyncio

import pytest

from aiomatatika import (
    AuthenticationError,
    MatatikaError,
    MatatikaSession,
    ResponseError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from ..servers import API_KEYS, KEYS, caught, get

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
    assert str(error) == f"the API redirects more than five times (GET {API_KEYS})"
    assert (error.attempts, len(server.requests.api)) == (6, 12)


# A token that the API refuses


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
