"""The session that a user opens: its settings, the environment, and its end. Derived sessions: `test_I16_…`."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from aiomatatika import (
    STAGING,
    AccessToken,
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    Deployment,
    MatatikaSession,
    SessionClosedError,
    Timeouts,
    __version__,
)
from aiomatatika.testing import MatatikaServer

KEY = ClientCredentials("id", "canary")
AGENT = "user_agent must be visible ASCII characters and single spaces"


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"credentials": "canary"}, "credentials must be ClientCredentials or a BearerToken, not str"),
        (
            {"credentials": AccessToken("canary")},
            "credentials must be ClientCredentials or a BearerToken, not AccessToken",
        ),
        ({"deployment": "https://app.matatika.com/api"}, "deployment must be a Deployment, not str"),
        ({"http": object()}, "http must be an aiohttp.ClientSession, not object"),
        ({"http": aiohttp.ClientSession}, "http must be an aiohttp.ClientSession, not type"),
        ({"timeouts": 5}, "timeouts must be Timeouts, not int"),
        ({"timeouts": None}, "timeouts must be Timeouts, not NoneType"),
        ({"retries": 5}, "retries must be Retries, not int"),
        *(({"user_agent": agent}, AGENT) for agent in ("", "a\r\nb", "a  b", " a", "ü", 1)),
        ({"deployment": Deployment("https://api.test/api")}, "no token_url is known for https://api.test/api"),
    ],
)
def test_a_setting_that_cannot_work_is_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as raised:
        MatatikaSession(**{"credentials": KEY, **arguments})
    assert "canary" not in str(raised.value)


def test_a_token_of_the_users_own_needs_no_token_endpoint() -> None:
    session = MatatikaSession(BearerToken("a.b.c"), deployment=Deployment("https://api.test/api"))
    assert repr(session) == "<MatatikaSession https://api.test/api>"


async def test_the_user_agent_is_the_callers_before_ours(server: MatatikaServer) -> None:
    async with server.session(user_agent="bot/1 (of mine)") as session:
        await session.request("GET", "/profiles")
    for request in server.requests:
        assert request.headers["User-Agent"].startswith(f"bot/1 (of mine) aiomatatika/{__version__} aiohttp/")


def test_it_tells_the_client_id_of_its_key() -> None:
    session = MatatikaSession(ClientCredentials("kJ7", "secret"))
    assert session.client_id == session.with_options(timeouts=Timeouts(total=5)).client_id == "kJ7"
    assert MatatikaSession(BearerToken("token")).client_id is None


# The environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the variables that `from_env` reads, and no others of them."""
    for name in ("CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "API_URL", "TOKEN_URL", "AUDIENCE"):
        monkeypatch.delenv(f"MATATIKA_{name}", raising=False)

    def set_variables(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"MATATIKA_{name}", value)

    return set_variables


async def test_the_environment_says_where_and_who(environment: Callable[..., None], server: MatatikaServer) -> None:
    credentials, deployment = server.credentials, server.deployment
    environment(CLIENT_ID=credentials.client_id, CLIENT_SECRET=credentials.client_secret.reveal())
    environment(API_URL=deployment.api_url, TOKEN_URL=deployment.token_url)
    async with MatatikaSession.from_env(user_agent="bot/1") as session:
        assert (await session.request("GET", "/profiles")).status == 200
    assert server.requests[0].headers["User-Agent"].startswith("bot/1 ")


def test_an_argument_replaces_the_environment(environment: Callable[..., None]) -> None:
    environment(API_URL="https://api.test/api", ACCESS_TOKEN="a.b.c")
    assert MatatikaSession.from_env(deployment=STAGING).deployment == STAGING
    environment(API_URL=STAGING.api_url)
    session = MatatikaSession.from_env(credentials=KEY)
    assert (session.client_id, session.deployment) == ("id", STAGING)


def test_a_misspelt_argument_is_told_the_right_ones(environment: Callable[..., None]) -> None:
    environment(ACCESS_TOKEN="a.b.c")
    names = "deployment, http, timeouts, retries, user_agent, token_store, credentials"
    with pytest.raises(TypeError, match=rf"from_env\(\) takes {names}, not retry, timeout"):
        MatatikaSession.from_env(timeout=5, retry=3)  # type: ignore[call-arg]


# Closing


async def test_a_session_shows_where_it_is_and_that_it_is_closed(server: MatatikaServer) -> None:
    async with server.session() as session:
        assert session.deployment == server.deployment
        assert repr(session) == f"<MatatikaSession {server.url}/api>"
    assert session.closed
    assert repr(session) == f"<MatatikaSession {server.url}/api closed>"
    with pytest.raises(SessionClosedError, match="the session is closed"):
        await session.__aenter__()


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_does_not_pickle_or_copy(take: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=r"does not pickle or copy: .* share this one"):
        take(MatatikaSession(KEY))


def test_a_session_that_could_not_be_built_goes_in_silence() -> None:
    session = MatatikaSession.__new__(MatatikaSession)
    assert repr(session) == "<MatatikaSession>"
    session.__del__()


def test_a_group_is_made_once_and_cannot_be_replaced() -> None:
    session = MatatikaSession(KEY)
    assert session.apikeys is session.apikeys
    assert session.with_options().apikeys is not session.apikeys
    with pytest.raises(AttributeError):
        session.apikeys = None  # type: ignore[assignment]
