"""The session that a user opens: its settings, its views and its end."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import aiohttp
import pytest

from aiomatatika import (
    MELTANO,
    PRODUCTION,
    STAGING,
    AccessToken,
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    Deployment,
    MatatikaSession,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
    __version__,
)
from aiomatatika.testing import MatatikaServer

KEY = ClientCredentials("id", "canary")


# Settings


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"credentials": "canary"}, "credentials must be .*ClientCredentials.*BearerToken, not str"),
        ({"credentials": AccessToken("canary")}, "credentials must be .*, not AccessToken"),
        ({"credentials": None}, "credentials must be .*, not NoneType"),
        ({"deployment": "https://app.matatika.com/api"}, "deployment must be Deployment, not str"),
        ({"http": object()}, "http must be .*ClientSession.*, not object"),
        ({"http": aiohttp.ClientSession}, "http must be .*ClientSession.*, not type"),
        ({"timeouts": 5}, "timeouts must be Timeouts, not int"),
        ({"timeouts": None}, "timeouts must be Timeouts, not NoneType"),
        ({"retries": 5}, "retries must be Retries, not int"),
        ({"user_agent": ""}, "user_agent must be visible ASCII"),
        ({"user_agent": "a\r\nb"}, "user_agent must be visible ASCII"),
        ({"user_agent": "ü"}, "user_agent must be visible ASCII"),
        ({"user_agent": 1}, "user_agent must be visible ASCII"),
        ({"deployment": Deployment("https://api.test/api")}, "no token_url is known for https://api.test/api"),
    ],
)
def test_a_setting_that_cannot_work_is_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as raised:
        MatatikaSession(**{"credentials": KEY, **arguments})
    assert isinstance(raised.value, ValueError)
    assert "canary" not in str(raised.value)


def test_a_session_is_built_outside_any_loop() -> None:
    session = MatatikaSession(KEY)
    assert not session.closed
    assert repr(session) == "<MatatikaSession https://app.matatika.com/api>"


def test_a_token_of_the_users_own_needs_no_token_endpoint() -> None:
    MatatikaSession(BearerToken("a.b.c"), deployment=Deployment("https://api.test/api"))


def test_two_known_deployments_share_an_identity_provider_and_none_is_guessed() -> None:
    assert PRODUCTION.token_url == MELTANO.token_url == "https://identity.matatika.com/oauth/token"
    assert STAGING.token_url == "https://identity-staging.matatika.com/oauth/token"


async def test_the_user_agent_is_the_callers_before_ours(matatika_server: MatatikaServer) -> None:
    async with matatika_server.session(user_agent="bot/1 (of mine)") as session:
        await session.request("GET", "/profiles")
    for request in matatika_server.requests:
        assert request.headers["User-Agent"].startswith(f"bot/1 (of mine) aiomatatika/{__version__} aiohttp/")


# The environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "API_URL", "TOKEN_URL", "AUDIENCE"):
        monkeypatch.delenv(f"MATATIKA_{name}", raising=False)
    return monkeypatch


async def test_the_environment_says_where_and_who(
    environment: pytest.MonkeyPatch, matatika_server: MatatikaServer
) -> None:
    credentials, deployment = matatika_server.credentials, matatika_server.deployment
    environment.setenv("MATATIKA_CLIENT_ID", credentials.client_id)
    environment.setenv("MATATIKA_CLIENT_SECRET", credentials.client_secret.reveal())
    environment.setenv("MATATIKA_API_URL", deployment.api_url)
    environment.setenv("MATATIKA_TOKEN_URL", deployment.token_url or "")
    async with MatatikaSession.from_env(user_agent="bot/1") as session:
        assert (await session.request("GET", "/profiles")).status == 200
    assert matatika_server.requests[0].headers["User-Agent"].startswith("bot/1 ")


async def test_a_token_in_the_environment_is_enough(
    environment: pytest.MonkeyPatch, matatika_server: MatatikaServer
) -> None:
    environment.setenv("MATATIKA_ACCESS_TOKEN", "a.b.c")
    matatika_server.faults.add(status=200)
    async with MatatikaSession.from_env(deployment=matatika_server.deployment) as session:
        await session.request("GET", "/profiles")
    assert [request.headers["Authorization"] for request in matatika_server.requests] == ["Bearer a.b.c"]


def test_what_is_given_replaces_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MATATIKA_API_URL", "https://api.test/api")
    session = MatatikaSession.from_env(credentials=KEY, deployment=STAGING)
    assert "staging.matatika.com" in repr(session)


@pytest.mark.parametrize(
    "variables, names",
    [
        ({}, ["CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN"]),
        ({"CLIENT_ID": "id"}, ["CLIENT_SECRET"]),
        ({"CLIENT_ID": "id", "CLIENT_SECRET": "canary", "ACCESS_TOKEN": "canary"}, ["ACCESS_TOKEN", "CLIENT_SECRET"]),
        ({"CLIENT_ID": "id", "CLIENT_SECRET": "canary\n"}, ["CLIENT_SECRET"]),
        ({"ACCESS_TOKEN": "Bearer canary"}, ["ACCESS_TOKEN"]),
        ({"ACCESS_TOKEN": "canary", "API_URL": "http://api.test"}, ["API_URL"]),
    ],
)
def test_an_environment_that_cannot_work_is_refused_by_the_names_of_its_variables(
    environment: pytest.MonkeyPatch, variables: dict[str, str], names: list[str]
) -> None:
    for name, value in variables.items():
        environment.setenv(f"MATATIKA_{name}", value)
    with pytest.raises(ConfigurationError) as raised:
        MatatikaSession.from_env()
    for name in names:
        assert f"MATATIKA_{name}" in str(raised.value)
    assert "canary" not in str(raised.value)


# One session, several options


async def test_a_view_has_other_limits_and_the_same_token_connections_and_end(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    view = matatika_session.with_options(timeouts=Timeouts(total=5), retries=Retries(attempts=1))
    await matatika_session.request("GET", "/profiles")
    matatika_server.faults.add(status=503)
    with pytest.raises(ServerError):
        await view.request("GET", "/profiles")
    matatika_server.faults.add(path="/api/apikeys", status=503)
    with pytest.raises(ServerError):
        await view.apikeys.list().count()
    assert len(matatika_server.requests.token) == 1
    assert len({request.connection for request in matatika_server.requests}) == 1
    async with view:
        pass
    assert not matatika_session.closed
    await matatika_session.close()
    assert view.closed


async def test_a_view_keeps_what_it_is_not_told(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(status=503, path="/api/profiles", times=None)
    view = matatika_session.with_options(retries=Retries(attempts=2)).with_options(timeouts=Timeouts(total=30))
    with pytest.raises(ServerError) as raised:
        await view.request("GET", "/profiles")
    assert raised.value.attempts == 2


async def test_a_view_has_a_deadline_of_its_own(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(delay=asyncio.Event())
    with pytest.raises(TransportError):
        await matatika_session.with_options(timeouts=Timeouts(total=0.05)).request("GET", "/profiles")


# Closing


async def test_a_session_shows_where_it_is_and_that_it_is_closed(matatika_server: MatatikaServer) -> None:
    async with matatika_server.session() as session:
        assert session.deployment == matatika_server.deployment
        assert repr(session) == f"<MatatikaSession {matatika_server.url}/api>"
    assert session.closed
    assert repr(session) == f"<MatatikaSession {matatika_server.url}/api closed>"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_does_not_pickle_or_copy(take: Any) -> None:
    with pytest.raises(TypeError, match="does not pickle or copy") as raised:
        take(MatatikaSession(KEY))
    assert "canary" not in str(raised.value)


async def test_a_session_that_was_forgotten_says_so(matatika_server: MatatikaServer) -> None:
    session = matatika_server.session()
    await session.request("GET", "/profiles")
    view = session.with_options()
    with pytest.warns(ResourceWarning, match=r"<MatatikaSession .*> was not closed: use 'async with'"):
        session.__del__()
    view.__del__()  # a view is nobody's to close
    await session.close()
    session.__del__()


def test_a_session_that_could_not_be_built_is_no_trouble_when_it_goes() -> None:
    session = MatatikaSession.__new__(MatatikaSession)
    assert repr(session) == "<MatatikaSession>"
    session.__del__()


def test_it_tells_the_client_id_that_it_lives_by() -> None:
    session = MatatikaSession(ClientCredentials("kJ7", "secret"))
    assert session.client_id == session.with_options(timeouts=Timeouts(total=5)).client_id == "kJ7"
    assert MatatikaSession(BearerToken("token")).client_id is None
