"""Z: links and redirects that would lead the token, the secret or a body elsewhere."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from aiomatatika import (
    BearerToken,
    Link,
    MatatikaSession,
    PaginationError,
    ResponseError,
    Retries,
    TransportError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer, RecordedRequest

from .conftest import Witness
from .every_error import Trouble
from .wires import DATA, Stranger, stranger

URLS: dict[str, Any] = json.loads((DATA / "urls.json").read_text(encoding="utf-8"))
PRODUCTION: dict[str, list[str]] = URLS["production"]
TOKEN, KEYS = "/oauth/token", "/api/apikeys"


class Doorman(AbstractResolver):
    """Notes whose name is asked for and which addresses are tried, and lets nobody out of this machine.

    Attributes:
        names: The host names that were asked for. Every name is an address of this machine.
        addresses: The addresses that a socket was asked for.
    """

    def __init__(self, *, reachable: bool = True) -> None:
        self.reachable = reachable
        self.names: set[str] = set()
        self.addresses: set[tuple[str, int]] = set()

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        self.names.add(host)
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass

    def open_socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, (host, port, *_) = address
        self.addresses.add((host, port))
        if host != "127.0.0.1" or not self.reachable:
            raise OSError(101, "the doorman lets nobody out")
        return socket.socket(family, kind, protocol)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(
            resolver=self, family=socket.AF_INET, use_dns_cache=False, socket_factory=self.open_socket
        )
        async with aiohttp.ClientSession(connector=connector) as http:
            yield http


@pytest.fixture
async def server(witness: Witness) -> AsyncIterator[MatatikaServer]:
    """A server with a name, so that others can look like it, and with an alias."""
    async with MatatikaServer(host="localhost", alias_host="app.matatika.com") as server:
        witness.servers.append(server)
        yield server


@pytest.fixture
async def trap() -> AsyncIterator[Stranger]:
    async with stranger() as trap:
        yield trap


@pytest.fixture
async def doorman(server: MatatikaServer) -> AsyncIterator[Doorman]:
    """Whatever a test does, nobody went anywhere but to the server."""
    doorman = Doorman()
    yield doorman
    assert doorman.names == {"localhost"}
    assert doorman.addresses == {("127.0.0.1", port_of(server))}
    assert {request.endpoint for request in server.requests} <= {"api", "token"}


def port_of(server: MatatikaServer) -> int:
    return int(server.url.rpartition(":")[2])


def filled_in(text: str, server: MatatikaServer, trap: Stranger) -> str:
    values = {"api": server.deployment.api_url, "origin": server.url, "port": port_of(server), "trap": trap.port}
    return re.sub(r"{(api|origin|port|trap)}", lambda match: str(values[match[1]]), text)


@contextlib.asynccontextmanager
async def opened(server: MatatikaServer, doorman: Doorman) -> AsyncIterator[MatatikaSession]:
    async with doorman.session() as http, server.session(http=http) as session:
        yield session


async def walk(session: MatatikaSession, server: MatatikaServer, href: str) -> list[RecordedRequest]:
    """Walk from a page whose next link is the given one; return what was asked for after it."""
    before = len(server.requests.api)
    server.faults.add(path=f"{KEYS}/", json={"_links": {"next": {"href": href}}})
    server.faults.add(method="GET", status=200, json={}, times=None)
    try:
        await session.apikeys.list().at(f"{server.deployment.api_url}/apikeys/").collect()
    finally:
        server.faults.clear()
    return server.requests.api[before + 1 :]


@pytest.mark.parametrize("group", [*URLS["followed"], "loops", *URLS["refused"]])
async def test_Z01_any_url_as_next_link(
    server: MatatikaServer, witness: Witness, doorman: Doorman, trap: Stranger, group: str
) -> None:
    async with opened(server, doorman) as session:
        for href, target in URLS["followed"].get(group, ()):
            path, _, query = target.partition("?")
            (request,) = await walk(session, server, filled_in(href, server, trap))
            assert request.path == filled_in(path, server, trap)
            assert request.parameters == parse_qsl(query, keep_blank_values=True)

        endings = {"loops": (URLS["loops"], PaginationError)}
        hrefs, error = endings.get(group) or (URLS["refused"].get(group, ()), UnsafeLinkError)
        for href in hrefs:
            before = len(server.requests.api)
            with witness.raises(error):
                await walk(session, server, filled_in(href, server, trap))
            assert len(server.requests.api) == before + 1, href


async def call_token_endpoint(session: MatatikaSession, server: MatatikaServer) -> object:
    server.revoke_tokens()
    return await session.profiles.get(server.profile_id)


CALLS: dict[str, tuple[str, Trouble]] = {
    "GET": ("/api/apikeys/*", lambda session, server: session.apikeys.get(server.default_key_id)),
    "POST": (KEYS, lambda session, _: session.apikeys.initialise()),
    "PUT": ("/api/apikeys/*", lambda session, server: session.apikeys.update(server.default_key_id, name="a body")),
    "PUT of a secret": ("/api/apikeys/*", lambda session, _: session.apikeys.create("new")),
    "DELETE": ("/api/apikeys/*", lambda session, server: session.apikeys.delete(server.default_key_id)),
    "token POST": (TOKEN, call_token_endpoint),
}
ELSEWHERE = [
    *("http://evil.example:{trap}/api/apikeys/", "http://api.localhost:{trap}/api/apikeys/"),
    *("http://localhost.evil.example:{trap}/api/apikeys/", "http://localhost:{trap}/api/apikeys/"),
    *("https://localhost:{port}/api/apikeys/", "http://user:name@localhost:{port}/api/apikeys/"),
    *("//evil.example:{trap}/api/apikeys/", "{origin}/elsewhere"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_Z02_a_redirect_elsewhere(
    server: MatatikaServer, witness: Witness, doorman: Doorman, trap: Stranger, status: int, call: str
) -> None:
    path, make = CALLS[call]
    method = call.split(maxsplit=1)[0].replace("token", "POST")
    for where in ELSEWHERE:
        async with opened(server, doorman) as session:
            await session.apikeys.list().first()
            before = len(server.requests)
            location = {"Location": filled_in(where, server, trap)}
            redirect = server.faults.add(method=method, path=path, status=status, headers=location, times=None)
            with witness.raises(ResponseError if path == TOKEN else UnsafeLinkError):
                await make(session, server)
            assert redirect.hits == 1
            # Initialising comes before creating, a refused token before a token request.
            assert len(server.requests) - before == 1 + (call in {"PUT of a secret", "token POST"})
            server.faults.clear()


WAYS: dict[str, Callable[[MatatikaSession, MatatikaServer, str], Awaitable[object]]] = {
    "next": walk,
    "follow": lambda session, _, href: session.follow(href),
    "request": lambda session, _, href: session.request("GET", Link(href=href)),
    "at": lambda session, _, href: session.apikeys.list().at(href).collect(),
    "Location": lambda session, server, _: session.apikeys.get(server.default_key_id),
    "token Location": lambda session, server, _: call_token_endpoint(session, server),
}


@pytest.mark.parametrize("way", WAYS)
async def test_Z03_a_link_into_the_machine_or_the_cloud(
    server: MatatikaServer, witness: Witness, doorman: Doorman, trap: Stranger, way: str
) -> None:
    path = TOKEN if way.startswith("token") else "/api/apikeys/*"
    for each in (*URLS["refused"]["addresses of the machine and the cloud"], *URLS["refused"]["schemes"]):
        href = filled_in(each, server, trap)
        async with opened(server, doorman) as session:
            await session.apikeys.list().first()
            if way.endswith("Location"):
                server.faults.add(path=path, status=302, headers={"Location": href}, times=None)
            with witness.raises(ResponseError if path == TOKEN else UnsafeLinkError):
                await WAYS[way](session, server, href)
            server.faults.clear()
            del witness.errors[1:]


@pytest.mark.parametrize("href", [*PRODUCTION["ours"], *PRODUCTION["not ours"]])
async def test_Z11_hosts_that_look_alike(witness: Witness, href: str) -> None:
    doorman = Doorman(reachable=False)
    async with (
        doorman.session() as http,
        MatatikaSession(BearerToken("a-token"), http=http, retries=Retries(attempts=1)) as session,
    ):
        with witness.raises(TransportError if href in PRODUCTION["ours"] else UnsafeLinkError):
            await session.follow(href)
    # Another name of the API is re-rooted on the host that was configured: no other is so much as looked up.
    assert doorman.names == ({"app.matatika.com"} if href in PRODUCTION["ours"] else set())
