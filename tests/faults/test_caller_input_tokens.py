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


@pytest.mark.parametrize(
    "bring, says",
    [
        *((bring, "must be async") for bring in SEEN),
        *((bring, "must work without arguments") for bring in (with_an_argument, Secret)),
        *((bring, "must be async: it returned str") for bring in FOUND_OUT),
    ],
)
async def test_I18_a_token_callable_that_is_not_async(
    server: MatatikaServer, witness: Witness, bring: Any, says: str
) -> None:
    with witness.raises(AuthenticationError if bring in FOUND_OUT else ConfigurationError) as caught:
        async with session_at(server.url, credentials=BearerToken(bring)) as session:
            await call(session)
    assert says in str(caught.value)


async def test_I18_whatever_returns_an_awaitable_may_bring_a_secret(server: MatatikaServer) -> None:
    async def bring(*_: object) -> Any:
        return token.value

    @functools.wraps(typed)  # its annotation is not the wrapper's
    def decorated() -> Any:
        return bring()

    def forward_reference() -> NotThere:  # type: ignore[name-defined]  # noqa: F821  # only a type checker would see it
        return bring()

    async with server.session() as session:
        token = await session._client.state.tokens.get(lambda: 60.0)
    vault = type("AsyncVault", (), {"__call__": bring})
    for each in (functools.partial(bring, 5), lambda: bring(), decorated, vault(), forward_reference):
        async with session_at(server.url, credentials=BearerToken(each)) as session:
            await call(session)


REFUSED, UNAVAILABLE, TOO_MANY = (
    aiohttp.ClientResponseError(Mock(real_url="http://vault"), (), status=status) for status in (401, 503, 429)
)
CAUSED = ValueError("a library's own error")
CAUSED.__cause__ = ConnectionResetError()
ERRORS: dict[type[Exception], list[Exception]] = {
    TransportError: [
        *(
            ConnectionRefusedError(111, "Connection refused"),
            OSError(113, "No route to host"),
            ssl.SSLError("handshake"),
        ),
        *(urllib.error.URLError("no host"), aiohttp.ClientConnectionError("canary"), aiohttp.ServerDisconnectedError()),
        *(UNAVAILABLE, TOO_MANY, CAUSED),
    ],
    TransportTimeoutError: [TimeoutError(), aiohttp.ServerTimeoutError()],
    AuthenticationError: [
        *(REFUSED, FileNotFoundError(2, "canary"), PermissionError(13, "canary"), LookupError("canary")),
    ],
}


@pytest.mark.parametrize("kind, error", [(kind, error) for kind, errors in ERRORS.items() for error in errors])
async def test_I23_a_token_callable_whose_network_is_down(
    server: MatatikaServer, witness: Witness, kind: type[Exception], error: Exception
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
    assert server.requests.api == []
