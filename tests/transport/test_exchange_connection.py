"""Connections that do not come about: nothing was sent, and for some nothing ever will be."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import aiohttp
from yarl import URL

from aiomatatika import Repeat
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.exchange import NoResponse, exchange
from aiomatatika.transport.message import Request
from aiomatatika.transport.retry import Failure

from ..servers import LIMITS, Send, answer, raw_server

# Of "localhost", signed by itself, for these tests alone.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUWMIFzAkVy54jwxbZ+MkxIpBrpYkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE3MjAyM1oYDzIxMjYxMDMw
MTcyMDIzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARsJnaatCQa/iPzGE2an8TCEHky1UhlApZgtVe8sXDEcWi1XB4DnPaD
8VtS5tMg19YkDGX6eyrLlFHCxrwvwvybo28wbTAdBgNVHQ4EFgQUFmT5buzk2rIM
DCFrTLPEwmtlftQwHwYDVR0jBBgwFoAUFmT5buzk2rIMDCFrTLPEwmtlftQwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgL3azOWv3XO2Qa5mfMpQxiym8kRQnhWcStK9JIBdARoYCIQDW
LBIvCF9vb27txVUfJO/laS0dXjMCgHV0UPkfTMHGSA==
-----END CERTIFICATE-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMgYn+YWpN53nxYIai+WoZzxaoT7UzGfuEaLIi442i/PoAoGCCqGSM49
AwEHoUQDQgAEbCZ2mrQkGv4j8xhNmp/EwhB5MtVIZQKWYLVXvLFwxHFotVweA5z2
g/FbUubTINfWJAxl+nsqy5RRwsa8L8L8mw==
-----END EC PRIVATE KEY-----
"""


async def test_a_closed_port_has_been_sent_nothing(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failed = await send(f"http://127.0.0.1:{port}/")
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.NOT_SENT
    assert failed.reason.startswith("no connection: ")


async def test_a_name_that_does_not_resolve_has_been_sent_nothing(send: Send) -> None:
    failed = await send("http://nowhere.invalid/")
    assert isinstance(failed, NoResponse)
    assert failed == NoResponse(Failure.NOT_SENT, "the host's name does not resolve")


async def test_a_url_that_aiohttp_cannot_send_to_never_works(send: Send) -> None:
    failed = await send("ftp://127.0.0.1/")
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.NEVER


async def test_a_certificate_that_nobody_vouches_for_is_refused_for_good(send: Send, tmp_path: Path) -> None:
    file = tmp_path / "localhost.pem"
    file.write_text(CERTIFICATE)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    async with raw_server(answer("200 OK"), tls=context) as raw:
        failed = await send(raw.url)
        assert raw.requests == []
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.NEVER
    assert failed.reason.startswith("the server's certificate is refused: ")


async def test_plain_http_where_tls_is_wanted_is_refused_for_good(server: MatatikaServer, send: Send) -> None:
    failed = await send(server.url.replace("http", "https"))
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.NEVER
    assert failed.reason.startswith("no TLS with the server: ")
    assert server.requests == []


async def test_a_proxy_that_refuses_is_no_connection() -> None:
    request = Request(method="GET", url=URL("https://api.test/"), repeat=Repeat.SAFE)
    async with (
        raw_server(answer("407 Proxy Authentication Required; Content-Length: 0")) as proxy,
        aiohttp.ClientSession(proxy=proxy.url) as http,
    ):
        failed = await exchange(http, request, None, "", LIMITS)
        assert proxy.methods == ["CONNECT"]
    assert failed == NoResponse(Failure.NOT_SENT, "no connection: the proxy answered 407")


async def test_a_handshake_that_is_cut_has_been_sent_nothing(send: Send) -> None:
    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with listener:
        failed = await send(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/")
    assert isinstance(failed, NoResponse)
    assert failed.failure is Failure.NOT_SENT
