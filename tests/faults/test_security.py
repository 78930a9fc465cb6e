"""Z: what a program, a log, a crash reporter or another process could see of a secret."""

from __future__ import annotations

import contextlib
import inspect
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiomatatika import (
    AuthenticationError,
    BearerToken,
    Deployment,
    Link,
    MatatikaSession,
    Retries,
    Timeouts,
    TransportError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from ..canary import assert_hidden, secrets_on_the_wire
from .conftest import Witness, call as call_api
from .every_error import TROUBLES, error_of
from .wires import session_at, stranger, tls_client, tls_server, wire

TOKEN, KEYS = "/oauth/token", "/api/apikeys"
# What a client offers in its first message: the extension supported_versions (RFC 8446 section 4.2.1) with two of them.
TLS_1_3_AND_1_2 = bytes.fromhex("002b 0005 04 0304 0303")


@pytest.mark.parametrize("borrowed", [None, {}, {"trust_env": True}], ids=str)
async def test_Z09_a_netrc_file_is_never_used(
    server: MatatikaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, borrowed: dict[str, Any] | None
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    http = None if borrowed is None else aiohttp.ClientSession(**borrowed)
    async with http or contextlib.nullcontext(), server.session(http=http) as session:
        assert await session.apikeys.list().first()
    assert "Authorization" not in server.requests.token[0].headers
    assert server.requests.api[0].headers["Authorization"].startswith("Bearer ")


async def test_Z10_cookies_are_neither_kept_nor_sent_back(server: MatatikaServer) -> None:
    cookies = "".join(f"Set-Cookie: c{each}=value; Path=/\r\n" for each in range(100))
    head = f"HTTP/1.1 200 OK\r\n{cookies}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    server.faults.add(path="/api/profiles", raw=f"{head}{{}}".encode())
    async with server.session() as session:
        for _ in range(2):
            await call_api(session)
    assert len(server.requests.api) == 2
    assert not any("Cookie" in request.headers for request in server.requests)


async def test_Z12_nothing_but_an_ssl_context_changes_how_certificates_are_checked(
    server: MatatikaServer, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for switch in ("ssl", "verify", "verify_ssl", "check_hostname", "connector", "trust_env"):
        options: dict[str, Any] = {switch: False}
        with witness.raises(TypeError):
            MatatikaSession(BearerToken("a-token"), **options)
        for takes in (MatatikaSession.with_options, Deployment, Retries, Timeouts):
            assert switch not in inspect.signature(takes).parameters
    for variable in ("PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, "0")

    async with wire(server.url, tls=tls_server()) as line:
        url = f"https://127.0.0.1:{line.port}"
        with witness.raises(TransportError) as caught:
            async with session_at(url) as session:
                await call_api(session)
        assert "certificate is refused" in str(caught.value)
        assert server.requests == []

        trusting = aiohttp.TCPConnector(ssl=tls_client())
        async with aiohttp.ClientSession(connector=trusting) as http, session_at(url, http=http) as session:
            with witness.raises(AuthenticationError):  # the request came through: the token is of nobody
                await call_api(session)

    async with wire(server.url) as line, session_at(f"https://127.0.0.1:{line.port}") as session:
        with witness.raises(TransportError):
            await call_api(session)
        assert TLS_1_3_AND_1_2 in line.sent


async def test_Z13_no_secret_in_a_request_line_a_user_agent_or_the_process(server: MatatikaServer) -> None:
    async with server.session(user_agent="bot/1") as session:
        new = await session.apikeys.create("new", ready_within=45)
        await session.apikeys.update(new, name="newer")
        await session.apikeys.rotate(new)
        await session.apikeys.list(size=1, prefetch=2).collect()
        for name in TROUBLES:
            await error_of(name, session, server)
    secrets = secrets_on_the_wire(server)
    for request in server.requests:
        own = {"Authorization", "X-Key"}  # the token, and what the caller adds
        others = [value for name, value in request.headers.items() if name not in own]
        assert_hidden([request.path, *request.query, *request.query.values(), *others], secrets)
    assert_hidden([*os.environ.values()], secrets)
    command_line = Path("/proc/self/cmdline")
    if command_line.exists():
        assert_hidden([command_line.read_bytes().decode(errors="replace")], secrets)


async def test_Z15_nothing_that_the_api_says_leads_the_secret_elsewhere(
    server: MatatikaServer, witness: Witness
) -> None:
    async with stranger() as elsewhere, server.session() as session:
        there = f"{elsewhere.url}/oauth/token"
        told = {
            "WWW-Authenticate": f'Bearer authorization_uri="{there}", resource_metadata="{there}", as_uri="{there}"',
            "Link": f'<{there}>; rel="token", <{there}>; rel="authorization_endpoint"',
        }
        links = {name: {"href": there} for name in ("token", "oauth2-token", "token_endpoint", "self")}

        def say(document: dict[str, object]) -> dict[str, object]:
            return {**document, "token_endpoint": there, "token_url": there, "_links": links}

        server.faults.add(path=KEYS, headers=told, edit=say)
        assert await session.apikeys.list().first()
        server.faults.add(path="/api/profiles", status=401, headers=told)
        await call_api(session)
        assert [request.path for request in server.requests.token] == [TOKEN, TOKEN]
        for refused in (session.follow(Link(href=there, rel="token")), session.request("POST", there, json={})):
            with witness.raises(UnsafeLinkError):
                await refused
