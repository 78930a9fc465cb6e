"""The library with programs that others made: in front of the API, in place of its identity provider, and between.

Time is real here. `make peers` installs the programs.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from aiomatatika import (
    AuthenticationError,
    ClientCredentials,
    Deployment,
    MatatikaSession,
    NotFoundError,
    RateLimitError,
    Retries,
)
from aiomatatika.testing import MatatikaServer

from .parts import require
from .running import AUDIENCE, ProviderTokens, nginx, provider, tinyproxy

NGINX, PROVIDER, PROXY, ALL = "nginx", "oidc-provider", "tinyproxy", "nginx, oidc-provider, tinyproxy"
HOST = "app.matatika.com"  # what the API's links name, wherever it is reached


class Peers:
    """The API, and what is in front of it, beside it and between: ``parts``, whose files are in ``folder``."""

    def __init__(self, server: MatatikaServer, parts: str, folder: Path) -> None:
        self.server, self.parts, self.folder = server, parts, folder
        self.deployment = server.deployment

    @contextlib.asynccontextmanager
    async def session(self, credentials: ClientCredentials | None = None) -> AsyncIterator[MatatikaSession]:
        tls = ssl.create_default_context(cafile=self.folder / "ca.pem") if NGINX in self.parts else True
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls), trust_env=PROXY in self.parts) as http,
            MatatikaSession(credentials or self.server.credentials, deployment=self.deployment, http=http) as session,
        ):
            yield session

    def assert_took_part(self) -> None:
        if NGINX in self.parts:
            facts = [line.split() for line in (self.folder / "nginx.log").read_text().splitlines()]
            assert max(int(number) for _, number, _ in facts) == 7
            assert "gzip" in {encoding for _, _, encoding in facts}
        if PROXY in self.parts:
            assert ("CONNECT" if NGINX in self.parts else "GET") in (self.folder / "tinyproxy.log").read_text()


@pytest.fixture(params=[NGINX, PROVIDER, PROXY, ALL])
async def peers(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Peers]:
    require()
    parts = request.param
    server = MatatikaServer(alias_host=HOST)
    tokens = ProviderTokens(server)
    if PROVIDER in parts:
        server._tokens = tokens
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(server)
        url, token_url, audience = server.url, f"{server.url}/oauth/token", server.deployment.audience
        if PROVIDER in parts:
            token_url, audience = await stack.enter_async_context(provider(tmp_path, server, tokens.key)), AUDIENCE
        if NGINX in parts:
            url = await stack.enter_async_context(nginx(tmp_path, url, token_url))
            token_url = f"{url}/oauth/token"
        if PROXY in parts:
            proxy_url = await stack.enter_async_context(tinyproxy(tmp_path))
            for name, value in {"http_proxy": proxy_url, "https_proxy": proxy_url, "no_proxy": ""}.items():
                monkeypatch.setenv(name, value)
        peers = Peers(server, parts, tmp_path)
        peers.deployment = Deployment(f"{url}/api", token_url, audience, alias_hosts=(HOST,))
        yield peers


async def test_the_calls_of_the_quickstart(peers: Peers) -> None:
    async with peers.session() as session:
        new = await session.apikeys.create("quickstart")
        assert (await session.apikeys.get(new)).name == "quickstart"
        await session.apikeys.update(new, name="renamed")
        assert [key.name async for key in session.apikeys.list()] == ["default", "renamed"]
        await session.apikeys.delete(new)
        with pytest.raises(NotFoundError):
            await session.apikeys.get(new)


async def test_a_walk_with_prefetch_brings_each_of_2000_keys_once(peers: Peers) -> None:
    ids = [peers.server.default_key_id, *peers.server.add_api_keys(1_999)]
    async with peers.session() as session:
        assert [key.id async for key in session.apikeys.list(prefetch=4)] == ids
    peers.assert_took_part()


async def test_keys_that_are_made_at_the_same_time_all_come_with_their_secrets(peers: Peers) -> None:
    async with peers.session() as session:
        made = await asyncio.gather(*(session.apikeys.create(f"key {number}") for number in range(15)))
    stored = {key.id: key.client_secret for key in peers.server.api_keys.values() if not key.built_in}
    assert {key.id: key.client_secret for key in made} == stored


async def test_a_wrong_secret_ends_at_the_identity_provider(peers: Peers) -> None:
    wrong = ClientCredentials(peers.server.credentials.client_id, "x" * 64)
    async with peers.session(wrong) as session:
        with pytest.raises(AuthenticationError):
            await session.profiles.list().collect()
    assert not peers.server.requests.api


@pytest.mark.parametrize("peers", [PROVIDER, ALL], indirect=True)
async def test_tokens_of_six_seconds_are_refreshed_while_they_are_used(peers: Peers) -> None:
    async with asyncio.timeout(50), peers.session() as session:
        while len({request.headers["Authorization"] for request in peers.server.requests.api}) < 3:
            await session.profiles.list().collect()
            await asyncio.sleep(0.1)  # below nginx's limit


@pytest.mark.parametrize("peers", [NGINX, ALL], indirect=True)
async def test_a_rate_limit_is_an_error_or_a_wait(peers: Peers) -> None:
    async with peers.session() as session:
        once = session.with_options(retries=Retries(attempts=1))
        calls = (once.profiles.list().collect() for _ in range(80))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {list, RateLimitError}
        assert await session.profiles.list().collect()
