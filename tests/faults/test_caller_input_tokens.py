"""I: token callables that are not what a `BearerToken` expects, or whose own network fails."""

from __future__ import annotations

import functools
import ssl
import urllib.error
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest

from aiomatatika import (
    AccessToken,
    AuthenticationError,
    BearerToken,
    ConfigurationError,
    Secret,
    TransportError,
    TransportTimeoutError,
)
from aiomatatika.testing import MatatikaServer

from ..servers import session_at
from .conftest import Witness, call


def typed() -> str:
    return "a.b.c"


def with_an_argument(scope: str) -> Any:
    return scope


class Vault:
    def __call__(self) -> AccessToken:
        return AccessToken("a.b.c")

    def read(self) -> Secret:
        return Secret("a.b.c")


SEEN = [typed, functools.partial(typed), functools.partial(functools.partial(typed)), Vault(), Vault().read]
FOUND_OUT = [lambda: "a.b.c", functools.partial(with_an_argument, "a.b.c"), Mock(return_value="a.b.c"), str]


@pytest.mark.parametrize("bring", SEEN)
def test_I18_a_token_callable_that_is_visibly_not_async(bring: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be async"):
        BearerToken(bring)


@pytest.mark.parametrize("bring", [with_an_argument, Secret])
def test_I18_a_token_callable_that_needs_arguments(bring: Any) -> None:
    with pytest.raises(ConfigurationError, match="must work without arguments"):
        BearerToken(bring)


@pytest.mark.parametrize("bring", FOUND_OUT)
async def test_I18_a_token_callable_that_turns_out_not_to_be_async(
    server: MatatikaServer, witness: Witness, bring: Any
) -> None:
    async with session_at(server.url, credentials=BearerToken(bring)) as session:
        with witness.raises(AuthenticationError) as caught:
            await call(session)
    assert "must be async: it returned str" in str(caught.value)


async def bring(secret: Secret) -> Secret:
    return secret


def decorated(secret: Secret) -> Any:
    @functools.wraps(typed)  # its annotation is not the wrapper's
    def wrapper() -> Any:
        return bring(secret)

    return wrapper


class AsyncVault:
    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    async def __call__(self) -> Secret:
        return self._secret


def forward_reference(secret: Secret) -> Any:
    def wrapper() -> NotThere:  # type: ignore[name-defined]  # noqa: F821  # only a type checker would see it
        return bring(secret)

    return wrapper


@pytest.mark.parametrize(
    "make",
    [lambda it: functools.partial(bring, it), lambda it: lambda: bring(it), decorated, AsyncVault, forward_reference],
)
async def test_I18_whatever_returns_an_awaitable_may_bring_a_secret(server: MatatikaServer, make: Any) -> None:
    async with server.session() as session:
        token = await session._client.state.tokens.get(lambda: 60.0)
    async with session_at(server.url, credentials=BearerToken(make(token.value))) as session:
        await call(session)


def raised_from(cause: BaseException) -> Exception:
    error = ValueError("a library's own error")
    error.__cause__ = cause
    return error


def refused(status: int) -> aiohttp.ClientResponseError:
    return aiohttp.ClientResponseError(Mock(real_url="http://vault"), (), status=status)


@pytest.mark.parametrize(
    "error, kind",
    [
        (ConnectionRefusedError(111, "Connection refused"), TransportError),
        (OSError(113, "No route to host"), TransportError),
        (ssl.SSLError("handshake"), TransportError),
        (urllib.error.URLError("no host"), TransportError),
        (aiohttp.ClientConnectionError("canary"), TransportError),
        (aiohttp.ServerDisconnectedError(), TransportError),
        *((refused(status), TransportError) for status in (0, 399, 408, 425, 429, 500)),
        (raised_from(ConnectionResetError()), TransportError),
        (TimeoutError(), TransportTimeoutError),
        (aiohttp.ServerTimeoutError(), TransportTimeoutError),
        *((refused(status), AuthenticationError) for status in (400, 401, 499)),
        (FileNotFoundError(2, "canary"), AuthenticationError),
        (PermissionError(13, "canary"), AuthenticationError),
        (LookupError("canary"), AuthenticationError),
    ],
)
async def test_I23_a_token_callable_whose_network_is_down(
    server: MatatikaServer, witness: Witness, error: Exception, kind: type[Exception]
) -> None:
    witness.secrets.add("canary")

    async def bring() -> str:
        raise error

    async with session_at(server.url, credentials=BearerToken(bring)) as session:
        with witness.raises(kind) as caught:
            await call(session)
    assert type(caught.value) is kind
    assert f"the token callable failed with {type(error).__name__} at test_caller_input_tokens.py:" in str(caught.value)
    assert getattr(caught.value, "transient", None) is (kind is not AuthenticationError)
    assert getattr(caught.value, "sent", "no") == "no"
    assert server.requests.api == []
