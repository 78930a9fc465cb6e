"""The shape of every request, as those see it who mock with aioresponses: method, URL, headers and body."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from aiomatatika import PRODUCTION, ClientCredentials, MatatikaSession, ServerError, TransportError

from .aioresponses_shim import Aioresponses

API = "https://app.matatika.com/api"
TOKEN_URL = "https://identity.matatika.com/oauth/token"
ID, NEW_ID = UUID("2c1a9c5e-4c1e-4f0b-9a59-0d5f6f6d2a11"), UUID(int=2)
KEY: dict[str, Any] = {"id": str(ID), "name": "nightly", "clientId": "a-client"}
NEW_KEY = {**KEY, "id": str(NEW_ID), "clientSecret": "the-secret"}
PROFILE = {"id": "auth0|0123", "name": "Somebody"}
TOKEN = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 86400}

# A request with the response that is mocked: method, path, the JSON sent, status, the JSON of the response.
Exchange = tuple[str, str, Any, int, Any]
INITIALISE: Exchange = ("POST", "/apikeys", None, 200, {"id": str(NEW_ID)})
CREATE: Exchange = ("PUT", f"/apikeys/{NEW_ID}", {"name": "nightly"}, 201, NEW_KEY)
DELETE: Exchange = ("DELETE", f"/apikeys/{ID}", None, 204, None)
GET: Exchange = ("GET", f"/apikeys/{ID}", None, 200, KEY)
CALLS: dict[str, tuple[Callable[[MatatikaSession], Awaitable[object]], list[Exchange]]] = {
    "list": (
        lambda session: session.apikeys.list(size=1).collect(),
        [
            (
                "GET",
                "/apikeys?size=1",
                None,
                200,
                {"_embedded": {"apikeys": [KEY]}, "_links": {"next": {"href": "?page=1"}}},
            ),
            ("GET", "/apikeys?page=1", None, 200, {"_embedded": {"apikeys": [NEW_KEY]}}),
        ],
    ),
    "get": (lambda session: session.apikeys.get(ID), [GET]),
    "initialise": (lambda session: session.apikeys.initialise(), [INITIALISE]),
    "create": (lambda session: session.apikeys.create("nightly"), [INITIALISE, CREATE]),
    "update": (
        lambda session: session.apikeys.update(ID, name="other"),
        [("PUT", f"/apikeys/{ID}", {"name": "other"}, 200, KEY)],
    ),
    "delete": (lambda session: session.apikeys.delete(ID), [DELETE]),
    "rotate": (lambda session: session.apikeys.rotate(ID), [GET, INITIALISE, CREATE, DELETE]),
    "profiles": (
        lambda session: session.profiles.list().collect(),
        [("GET", "/profiles", None, 200, {"_embedded": {"profiles": [PROFILE]}})],
    ),
    "profile": (
        lambda session: session.profiles.get("auth0|0123"),
        [("GET", "/profiles/auth0%7C0123", None, 200, PROFILE)],
    ),
}


@pytest.fixture
def mocked() -> Iterator[aioresponses]:
    with Aioresponses() as mocked:
        mocked.post(TOKEN_URL, payload=TOKEN, repeat=True)
        yield mocked


@pytest.fixture
async def session(mocked: aioresponses) -> AsyncIterator[MatatikaSession]:
    async with MatatikaSession(ClientCredentials("own-client", "own-secret"), user_agent="bot/1") as session:
        yield session


def url(path: str) -> URL:
    return URL(f"{API}{path}", encoded=True)


def form(request: Any) -> dict[str, list[str]]:
    return parse_qs(request.kwargs["data"].decode())


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_is_these_requests(mocked: aioresponses, session: MatatikaSession, name: str) -> None:
    call, exchanges = CALLS[name]
    for method, path, _, status, payload in exchanges:
        mocked.add(url(path), method, status=status, payload=payload)
    assert mocked.requests == {}
    await call(session)
    sent = {key: requests for key, requests in mocked.requests.items() if key[1] != URL(TOKEN_URL)}
    assert list(sent) == [(method, url(path)) for method, path, *_ in exchanges]
    for (request,), (_, _, document, _, _) in zip(sent.values(), exchanges, strict=True):
        headers, data = request.kwargs["headers"], request.kwargs["data"]
        assert headers["Authorization"] == "Bearer a.b.c"
        assert headers["Accept"] == "application/hal+json, application/json;q=0.9"
        assert headers["User-Agent"].startswith("bot/1 aiomatatika/")
        assert headers.get("Content-Type") == (None if document is None else "application/json")
        assert (data and json.loads(data)) == document
        assert request.kwargs["allow_redirects"] is False


async def test_the_token_request_is_a_form_without_authorization(
    mocked: aioresponses, session: MatatikaSession
) -> None:
    mocked.get(url("/profiles"), payload={})
    await session.request("GET", "/profiles")
    (request,) = mocked.requests[("POST", URL(TOKEN_URL))]
    own = {"client_id": ["own-client"], "client_secret": ["own-secret"], "audience": [PRODUCTION.audience]}
    assert form(request) == {"grant_type": ["client_credentials"], **own}
    assert request.kwargs["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.kwargs["headers"]["Accept"] == "application/json"
    assert "Authorization" not in request.kwargs["headers"]


async def test_bodies_of_any_size_are_mocked_too(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.get(url("/x"), body=b"id,name\n")
    assert await session.download("/x", accept="text/csv").read() == b"id,name\n"
    mocked.put(url("/x"), payload={})
    await session.request("PUT", "/x", body=Path(__file__))
    (download,), (upload,) = mocked.requests["GET", url("/x")], mocked.requests["PUT", url("/x")]
    assert download.kwargs["headers"]["Accept"] == "text/csv"
    assert upload.kwargs["headers"]["Content-Length"] == str(Path(__file__).stat().st_size)


async def test_mocked_errors_are_errors_of_the_library(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.patch(url("/x"), status=503)
    with pytest.raises(ServerError):
        await session.request("PATCH", "/x")
    mocked.patch(url("/x"), exception=aiohttp.ClientConnectionError("mocked"))
    with pytest.raises(TransportError):
        await session.request("PATCH", "/x")


async def test_the_shim_is_still_needed() -> None:
    """When this fails, aioresponses works without the shim: delete `aioresponses_shim`, and this test."""
    with aioresponses() as plain:
        plain.get(url("/profiles"), payload={})
        async with aiohttp.ClientSession() as http:
            with pytest.raises(TypeError, match="stream_writer"):
                await http.get(url("/profiles"))
