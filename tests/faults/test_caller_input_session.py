"""I: an aiohttp session of the caller's, with settings of its own."""

from __future__ import annotations

import asyncio
import itertools
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiomatatika import ConfigurationError
from aiomatatika.testing import MatatikaServer

from .conftest import Witness, call

THEIRS = "Basic dGhlaXJzOnRoZWlycw=="


async def meddle(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    request.headers["Authorization"] = THEIRS
    return await handler(request)


async def refuse(_: aiohttp.ClientResponse) -> None:
    raise LookupError


def not_json(_: Any) -> str:
    raise LookupError


SETTINGS: Mapping[str, Any] = {
    "raise_for_status": lambda: True,
    "raise_for_status ": lambda: refuse,
    "auto_decompress": lambda: False,
    "base_url": lambda: "http://127.0.0.1:1/elsewhere/",
    "auth": lambda: aiohttp.BasicAuth("theirs", "theirs"),
    "headers": lambda: {"Authorization": THEIRS},
    "headers ": lambda: {"Accept": "text/html", "Content-Type": "text/x", "X-Theirs": "1", "User-Agent": "theirs"},
    "cookie_jar": lambda: aiohttp.CookieJar(unsafe=True),
    "cookies": lambda: {"theirs": "1"},
    "trust_env": lambda: True,  # and a netrc
    "json_serialize": lambda: not_json,
    "read_bufsize": lambda: 16,
    "timeout": lambda: aiohttp.ClientTimeout(total=0.001),
    "connector": lambda: aiohttp.TCPConnector(limit=1),
    "middlewares": lambda: (meddle,),
    "version": lambda: aiohttp.HttpVersion10,
    "skip_auto_headers": lambda: ["User-Agent", "Content-Type"],
    "max_field_size": lambda: 64,
    "requote_redirect_url": lambda: False,
}
# The pairs that aiohttp itself lets nobody send with.
REFUSED = [{"headers", "auth"}, {"headers", "trust_env"}]
NAMES = [names for size in (1, 2) for names in itertools.combinations(SETTINGS, size)]


@pytest.fixture
async def borrowed(names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login theirs password theirs\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of auth=
        http = aiohttp.ClientSession(**{name.strip(): SETTINGS[name]() for name in names})
    async with http:
        yield http


@pytest.mark.parametrize(
    "names", [each for each in NAMES if len({name.strip() for name in each}) == len(each)], ids=str
)
async def test_I19_a_setting_is_served_or_refused_by_name(
    server: MatatikaServer, names: tuple[str, ...], borrowed: aiohttp.ClientSession
) -> None:
    server.add_api_keys(40)
    if set(names) in REFUSED:
        with pytest.raises(ConfigurationError, match=r"Authorization among its default headers, and (auth|trust_env)="):
            server.session(http=borrowed)
        assert list(server.requests) == []
        return
    async with server.session(http=borrowed) as session:
        assert await session.apikeys.list(prefetch=2).count() == 41
        new = await session.apikeys.create("new")
        assert server.api_keys[new.id].credentials == new.credentials
        assert (await session.apikeys.update(await session.apikeys.get(new.id), name="newer")).name == "newer"
        await session.apikeys.delete(new.id)
        server.faults.add(path="/api/profiles", status=503)
        await call(session)
    assert not borrowed.closed
    assert len({request.headers["Authorization"] for request in server.requests.api}) == 1
    assert THEIRS not in {request.headers.get("Authorization") for request in server.requests}
    assert all("Authorization" not in request.headers for request in server.requests.token)


@pytest.mark.parametrize("name", ["Host", "Range", "If-None-Match", "Content-Encoding", "transfer-encoding"])
async def test_I19_default_headers_that_change_every_request_are_refused(server: MatatikaServer, name: str) -> None:
    async with aiohttp.ClientSession(headers={name: "x"}) as http:
        with pytest.raises(ConfigurationError, match=f"(?i){name} among its default headers"):
            server.session(http=http)


def test_I19_a_session_of_another_event_loop(witness: Witness) -> None:
    async def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def use(http: aiohttp.ClientSession) -> None:
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: server.session(http=http).close(),
            lambda: call(early),
        ]
        for attempt in attempts:
            with witness.raises(ConfigurationError) as caught:
                await attempt()
            assert caught.match("another event loop")

    server = MatatikaServer()
    with asyncio.Runner() as theirs, asyncio.Runner() as ours:
        http = theirs.run(make())
        ours.run(server.start())
        early = server.session(http=http)  # outside any loop: nobody knows yet where it will be used
        ours.run(use(http))
        assert list(server.requests) == []
        ours.run(server.close())
        theirs.run(http.close())
