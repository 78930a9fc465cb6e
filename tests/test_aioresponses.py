"""The shape of every request, as those see it who mock with aioresponses: method, URL, headers and body."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from aiomatatika import PRODUCTION, ApiKey, ClientCredentials, MatatikaSession, ServerError, TransportError

from .aioresponses_shim import Aioresponses

API = "https://app.matatika.com/api"
TOKEN_URL = "https://identity.matatika.com/oauth/token"
ID = UUID("2c1a9c5e-4c1e-4f0b-9a59-0d5f6f6d2a11")
KEY = {"id": str(ID), "name": "nightly", "clientId": "a-client"}


@pytest.fixture
def mocked() -> Iterator[aioresponses]:
    with Aioresponses() as mocked:
        mocked.post(TOKEN_URL, payload={"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 86400})
        yield mocked


@pytest.fixture
async def session(mocked: aioresponses) -> AsyncIterator[MatatikaSession]:
    async with MatatikaSession(ClientCredentials("own-client", "own-secret"), user_agent="bot/1") as session:
        yield session


def calls(mocked: aioresponses) -> list[tuple[str, str]]:
    """Return the methods and URLs that were asked for, but for the token's."""
    return [(method, str(url)) for method, url in mocked.requests if str(url) != TOKEN_URL]


def sent(mocked: aioresponses, method: str, url: str) -> dict[str, Any]:
    """Return what the only request of this method to this URL was sent with."""
    (request,) = mocked.requests[(method, URL(url))]
    kwargs: dict[str, Any] = request.kwargs
    return kwargs


async def test_the_token_request_is_a_form_without_authorization(
    mocked: aioresponses, session: MatatikaSession
) -> None:
    mocked.get(f"{API}/apikeys/", payload={})
    await session.apikeys.list().collect()
    request = sent(mocked, "POST", TOKEN_URL)
    assert parse_qs(request["data"].decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["own-client"],
        "client_secret": ["own-secret"],
        "audience": [PRODUCTION.audience],
    }
    assert request["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert request["headers"]["Accept"] == "application/json"
    assert "Authorization" not in request["headers"]


async def test_each_request_names_token_media_type_and_user_agent(
    mocked: aioresponses, session: MatatikaSession
) -> None:
    mocked.get(f"{API}/apikeys/{ID}", payload=KEY)
    await session.apikeys.get(ID)
    headers = sent(mocked, "GET", f"{API}/apikeys/{ID}")["headers"]
    assert headers["Authorization"] == "Bearer a.b.c"
    assert headers["Accept"] == "application/hal+json, application/json;q=0.9"
    assert headers["User-Agent"].startswith("bot/1 aiomatatika/")
    assert "Content-Type" not in headers


async def test_redirects_are_not_left_to_aiohttp(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.get(f"{API}/apikeys/{ID}", payload=KEY)
    await session.apikeys.get(ID)
    assert sent(mocked, "GET", f"{API}/apikeys/{ID}")["allow_redirects"] is False


async def test_list(mocked: aioresponses, session: MatatikaSession) -> None:
    links = {"next": {"href": f"{API}/apikeys/?page=1&size=1"}}
    other = KEY | {"id": str(UUID(int=1))}
    mocked.get(f"{API}/apikeys/?size=1", payload={"_embedded": {"apikeys": [KEY]}, "_links": links})
    mocked.get(f"{API}/apikeys/?page=1&size=1", payload={"_embedded": {"apikeys": [other]}})
    assert [key.id async for key in session.apikeys.list(size=1)] == [ID, UUID(int=1)]
    assert calls(mocked) == [("GET", f"{API}/apikeys/?size=1"), ("GET", f"{API}/apikeys/?page=1&size=1")]


async def test_initialise(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.post(f"{API}/apikeys/", payload={"id": str(ID)})
    assert await session.apikeys.initialise() == ApiKey(id=ID)
    assert sent(mocked, "POST", f"{API}/apikeys/")["data"] is None


async def test_create(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.post(f"{API}/apikeys/", payload={"id": str(ID)})
    mocked.put(f"{API}/apikeys/{ID}", status=201, payload=KEY | {"clientSecret": "the-secret"})
    new = await session.apikeys.create("nightly")
    assert new.client_secret.reveal() == "the-secret"
    request = sent(mocked, "PUT", f"{API}/apikeys/{ID}")
    assert json.loads(request["data"]) == {"name": "nightly"}
    assert request["headers"]["Content-Type"] == "application/json"


async def test_update(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.put(f"{API}/apikeys/{ID}", payload=KEY)
    assert (await session.apikeys.update(ID, name="nightly")).name == "nightly"
    assert json.loads(sent(mocked, "PUT", f"{API}/apikeys/{ID}")["data"]) == {"name": "nightly"}


async def test_delete(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.delete(f"{API}/apikeys/{ID}", status=204)
    await session.apikeys.delete(ID)
    assert calls(mocked) == [("DELETE", f"{API}/apikeys/{ID}")]


async def test_rotate(mocked: aioresponses, session: MatatikaSession) -> None:
    successor = UUID(int=2)
    mocked.get(f"{API}/apikeys/{ID}", payload=KEY)
    mocked.post(f"{API}/apikeys/", payload={"id": str(successor)})
    mocked.put(f"{API}/apikeys/{successor}", status=201, payload={**KEY, "id": str(successor), "clientSecret": "new"})
    mocked.post(TOKEN_URL, payload={"access_token": "d.e.f", "expires_in": 86400})
    mocked.delete(f"{API}/apikeys/{ID}", status=204)
    assert (await session.apikeys.rotate(ID)).id == successor
    assert [method for method, _ in calls(mocked)] == ["GET", "POST", "PUT", "DELETE"]
    own, new = (parse_qs(request.kwargs["data"].decode()) for request in mocked.requests[("POST", URL(TOKEN_URL))])
    assert (own["client_secret"], new["client_secret"]) == (["own-secret"], ["new"])


async def test_profiles(mocked: aioresponses, session: MatatikaSession) -> None:
    profile = {"id": "auth0|0123456789abcdef01234567", "name": "Somebody"}
    mocked.get(f"{API}/profiles", payload={"_embedded": {"profiles": [profile]}})
    mocked.get(URL(f"{API}/profiles/auth0%7C0123456789abcdef01234567", encoded=True), payload=profile)
    (listed,) = await session.profiles.list().collect()
    assert await session.profiles.get(listed) == listed


async def test_mocked_errors_are_errors_of_the_library(mocked: aioresponses, session: MatatikaSession) -> None:
    mocked.post(f"{API}/apikeys/", status=503)
    with pytest.raises(ServerError):
        await session.apikeys.initialise()
    mocked.post(f"{API}/apikeys/", exception=aiohttp.ClientConnectionError("mocked"))
    with pytest.raises(TransportError):
        await session.apikeys.initialise()


async def test_the_shim_is_still_needed() -> None:
    """When this fails, aioresponses works without the shim: delete `aioresponses_shim`, and this test."""
    with aioresponses() as plain:
        plain.get(f"{API}/apikeys/", payload={})
        async with aiohttp.ClientSession() as http:
            with pytest.raises(TypeError, match="stream_writer"):
                await http.get(f"{API}/apikeys/")
