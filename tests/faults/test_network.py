"""N, the first part: connections that do not come about, or that lead elsewhere."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from aiomatatika import ApiKey, MatatikaSession, Timeouts, TransportError, TransportTimeoutError
from aiomatatika.testing import MatatikaServer

from .conftest import Witness, call, failure
from .wires import blackhole, raw_server, session_at, stranger, tls_client, tls_server, wire

KEY = UUID(int=1)
HERE = "http://127.0.0.1:1"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

CALLS: Mapping[str, Callable[[MatatikaSession], Awaitable[object]]] = {
    "GET": lambda session: session.apikeys.get(KEY),
    "POST": lambda session: session.apikeys.initialise(),
    "PUT": lambda session: session.apikeys.update(KEY, name="new name"),
    "DELETE": lambda session: session.apikeys.delete(KEY),
    "creating PUT": lambda session: session.apikeys.create("new", draft=ApiKey(id=KEY)),
}


class Names(AbstractResolver):
    """A resolver that knows the given addresses (for any name), or none, or takes its time for ever."""

    def __init__(self, *addresses: tuple[str, int], hang: bool = False) -> None:
        self.asked = 0
        self._addresses = addresses
        self._hang = hang

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        if self._hang:
            await asyncio.Event().wait()
        if not self._addresses:
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        facts = {"hostname": host, "proto": socket.IPPROTO_TCP, "flags": socket.AI_NUMERICHOST}
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            ResolveResult(host=address, port=its_port, family=families[":" in address], **facts)  # type: ignore[typeddict-item]
            for address, its_port in self._addresses
        ]

    async def close(self) -> None:
        pass


def borrowed(names: Names | None = None, tls: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=names, ssl=tls or True))


@pytest.fixture(autouse=True)
def _token(witness: Witness) -> None:
    witness.secrets.add("canary-token")


@pytest.mark.parametrize("method", CALLS)
async def test_N01_a_name_that_does_not_resolve_was_sent_nothing(witness: Witness, method: str) -> None:
    names = Names()
    async with borrowed(names) as http, session_at("https://nowhere.example", http=http) as session:
        with witness.raises(TransportError, match="resolve") as caught:
            await CALLS[method](session)
    assert (caught.value.sent, caught.value.attempts, names.asked) == ("no", 5, 5)


@pytest.mark.parametrize("method", CALLS)
async def test_N02_a_closed_port_was_sent_nothing(server: MatatikaServer, witness: Witness, method: str) -> None:
    async with server.session() as session:
        await call(session)
        await server.close()
        with witness.raises(TransportError) as caught:
            await CALLS[method](session)
        assert (caught.value.sent, caught.value.attempts) == ("no", 5)
        assert "no connection" in str(caught.value)
        await server.start()
        await call(session)
    assert [request.path for request in server.requests.api] == ["/api/profiles"] * 2


async def test_N02_a_token_endpoint_with_a_closed_port_was_sent_no_secret(
    server: MatatikaServer, witness: Witness
) -> None:
    async with server.session() as session:
        await server.close()
        with witness.raises(TransportError) as caught:
            await call(session)
    assert (caught.value.sent, caught.value.path) == ("no", "/oauth/token")


@pytest.mark.parametrize(
    "timeouts, attempts, seconds",
    [(Timeouts(connect=0.05), 5, 0.25), (Timeouts(connect=10, total=0.3), 1, 0.3)],
    ids=["the limit of each attempt", "the deadline"],
)
async def test_N03_a_blackhole_is_given_up_in_time(
    witness: Witness, timeouts: Timeouts, attempts: int, seconds: float
) -> None:
    with blackhole() as port:
        async with session_at(f"http://127.0.0.1:{port}", timeouts=timeouts) as session:
            with witness.raises(TransportTimeoutError, within=seconds) as caught:
                await session.apikeys.initialise()
    assert (caught.value.sent, caught.value.attempts) == ("no", attempts)


PROTOCOL_VERSION = b"\x15\x03\x01\x00\x02\x02\x46"  # an alert: what a server of TLS 1.0 says to the offer of 1.2


@pytest.mark.parametrize(
    "server, trusted, reason",
    [
        ("here", None, "certificate is refused: self.signed certificate"),
        ("elsewhere", "elsewhere", "certificate is refused: .*mismatch"),
        ("expired", "expired", "certificate is refused: certificate has expired"),
        (PROTOCOL_VERSION, None, "no TLS with the server: .*VERSION"),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", None, "no TLS with the server: [A-Z_]+"),
    ],
    ids=["self-signed", "wrong host", "expired", "TLS 1.0 only", "plain HTTP"],
)
async def test_N04_refused_tls_is_named_at_once_and_nothing_is_sent(
    witness: Witness, server: str | bytes, trusted: str | None, reason: str
) -> None:
    async with (
        raw_server(EMPTY, tls=tls_server(server if isinstance(server, str) else "here")) as raw,
        wire(raw.url) as line,
        borrowed(tls=tls_client(trusted) if trusted else None) as http,
        session_at(f"https://127.0.0.1:{line.port}", http=http) as session,
    ):
        if isinstance(server, bytes):
            line.cuts, line.last_words = 9, server
        with witness.raises(TransportError, within=1) as caught:
            await call(session)
    assert re.search(reason, str(caught.value))
    assert (caught.value.sent, caught.value.attempts) == ("no", 1)
    assert line.connections == 1
    assert line.sent.startswith(b"\x16\x03"), "a handshake of TLS, not HTTP"
    assert raw.requests == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_N05_a_handshake_that_is_cut_was_sent_nothing_and_is_repeated(witness: Witness, method: str) -> None:
    async with (
        raw_server(EMPTY, tls=tls_server()) as raw,
        wire(raw.url) as line,
        borrowed(tls=tls_client()) as http,
        session_at(f"https://127.0.0.1:{line.port}", http=http) as session,
    ):
        line.cuts = 2
        response = await session.request(method, "/profiles")
        assert response.json() == {}
        assert line.connections == 3
        assert raw.methods == [method]
        line.cuts = 9
        with witness.raises(TransportError) as caught:
            await session.request(method, "/profiles")
    assert caught.value.sent == "no"
    assert "closed during the handshake" in str(caught.value)


async def test_N18_broken_ipv6_costs_less_than_a_second() -> None:
    async with raw_server(EMPTY) as raw:
        with blackhole("::1") as port:
            names = Names(("::1", port), ("127.0.0.1", URL(raw.url).port or 0))
            async with borrowed(names) as http, session_at("http://localhost:1", http=http) as session:
                began = time.monotonic()
                await call(session)
                assert 0.1 < time.monotonic() - began < 1
    assert len(raw.requests) == 1


def set_proxy_variables(monkeypatch: pytest.MonkeyPatch, folder: Path, proxy: str) -> None:
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password of-netrc")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    variables = {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "ALL_PROXY": proxy, "NO_PROXY": "elsewhere.example"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)


async def test_N19_proxy_variables_are_ignored(
    server: MatatikaServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with stranger() as proxy, server.session() as session:
        set_proxy_variables(monkeypatch, tmp_path, proxy.url)
        await call(session)
    assert "Authorization" not in server.requests.token[0].headers
    assert server.requests.api[0].headers["Authorization"].startswith("Bearer ")


async def test_N19_a_caller_who_asks_for_them_gets_the_proxy_and_no_netrc(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with raw_server(EMPTY) as proxy:
        set_proxy_variables(monkeypatch, tmp_path, proxy.url.replace("127.0.0.1", "localhost"))
        async with aiohttp.ClientSession(trust_env=True) as http, session_at(HERE, http=http) as session:
            await call(session)
    (request,) = proxy.requests
    assert request.startswith(f"GET {HERE}/api/profiles ".encode())
    assert re.findall(rb"(?i)authorization: (.*)\r", request) == [b"Bearer canary-token"]


async def test_N19_a_proxy_that_refuses_was_sent_nothing(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with raw_server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as proxy:
        set_proxy_variables(monkeypatch, tmp_path, proxy.url.replace("127.0.0.1", "localhost"))
        async with aiohttp.ClientSession(trust_env=True) as http:
            session = session_at("https://api.example", http=http)
            error = await failure(session, witness, TransportError, match="no connection: the proxy answered 407")
    assert error.sent == "no"
    assert all(request.startswith(b"CONNECT api.example:443 ") for request in proxy.requests)
    assert not any(b"canary-token" in request for request in proxy.requests)
