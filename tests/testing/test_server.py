"""The server in the running loop: where it is, how it comes and goes, what it records."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket

import aiohttp
import pytest
from aiohttp import ClientSession, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

import aiomatatika.testing as package
from aiomatatika import MatatikaSession
from aiomatatika.errors import ConfigurationError
from aiomatatika.settings import SessionOptions
from aiomatatika.testing import ControlledClock, MatatikaServer, RecordedRequest, ServerOptions
from aiomatatika.testing.aiohttp_responses import ClosingResponse

from .conftest import PlainClient, client_of_a_server


def test_the_names_of_the_package() -> None:
    assert [getattr(package, name).__name__ for name in package.__all__] == package.__all__
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


@pytest.mark.parametrize("options, of", [(ServerOptions, MatatikaServer), (SessionOptions, MatatikaSession)])
def test_the_typed_options_are_those_of_the_constructor(options: type, of: type) -> None:
    keywords = {name for name, each in inspect.signature(of).parameters.items() if each.kind is each.KEYWORD_ONLY}
    assert set(options.__annotations__) == keywords


# Where it is


def test_before_the_start_there_is_everything_but_an_address() -> None:
    server = MatatikaServer()
    ids = server.add_api_keys(2) + server.add_api_keys(1, prefix="bot")
    assert [server.api_keys[id].name for id in ids] == ["key-00001", "key-00002", "bot-00003"]
    assert "not started" in repr(server)
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.deployment


@pytest.mark.parametrize("host, at", [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("::1", "[::1]")])
async def test_the_names_of_this_machine(host: str, at: str) -> None:
    try:
        async with client_of_a_server(host=host) as client:
            url, deployment = client.server.url, client.server.deployment
            assert url.startswith(f"http://{at}:")
            assert url in repr(client.server)
            assert (deployment.api_url, deployment.token_url) == (f"{url}/api", f"{url}/oauth/token")
    except OSError:
        pytest.skip(f"this machine has no {host}")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "0", "192.0.2.1", "2001:db8::1", "example.com", "127.1"])
def test_Z21_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        MatatikaServer(host=host)


def test_an_alias_is_a_host_name() -> None:
    with pytest.raises(ConfigurationError, match="alias_hosts"):
        MatatikaServer(alias_host="no host")


async def test_the_socket_can_come_from_elsewhere() -> None:
    class OnThisSocket(MatatikaServer):
        def open_socket(self, host: str, port: int) -> socket.socket:
            assert (host, port) == ("127.0.0.1", 0)
            return passed_on

    passed_on = socket.create_server(("127.0.0.1", 0))
    async with OnThisSocket() as server, ClientSession() as http:
        assert server.url == f"http://127.0.0.1:{passed_on.getsockname()[1]}"
        assert (await PlainClient(server, http).ask_token()).status == 200


# Coming and going


async def test_closed_it_refuses_connections_and_started_again_it_is_the_same(client: PlainClient) -> None:
    client.server.add_api_keys(1)
    url = client.server.url
    await asyncio.gather(client.server.close(), client.server.close())
    assert "closed" in repr(client.server)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get()
    await client.server.start()
    await client.server.start()
    assert client.server.url == url
    assert (await client.get()).document["page"]["totalElements"] == 2
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        await MatatikaServer(port=int(url.rpartition(":")[2])).start()


async def test_close_waits_for_nobody_and_leaves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    async with client_of_a_server() as client:
        server = client.server
        await client.get()  # an idle connection
        fault = server.faults.add(delay=asyncio.Event(), times=3)
        hanging = [asyncio.create_task(client.get()) for _ in range(3)]
        await fault.wait(3)
        server.faults.add(body=b"x" * 50_000_000)
        response = await client.http.get(server.url)  # nobody reads it
        async with asyncio.timeout(30):
            await server.close()
        assert asyncio.all_tasks() - before == {task for task in hanging if not task.done()}
        for result in await asyncio.gather(*hanging, return_exceptions=True):
            assert isinstance(result, aiohttp.ClientError)
        response.close()
    gc.collect()  # an unclosed socket or transport would warn now, and a warning is an error
    assert not complaints(caplog)


# Connections


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged, but for the event loop's remarks on a slow machine."""
    messages = [record.getMessage() for record in caplog.records]
    return [message for message in messages if not message.startswith("Executing ")]


@pytest.mark.parametrize("abort", [False, True])
@pytest.mark.parametrize("fault", [{"delay": 0.01}, {"drip": 0.001}, {"raw": b"HTTP/1.1 200 OK\r\n", "drip": 0.001}])
async def test_a_client_that_vanishes_is_no_news(
    client: PlainClient, caplog: pytest.LogCaptureFixture, abort: bool, fault: ServerOptions
) -> None:
    head = f"PUT /api/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
    for sent in ("", "PUT /ap", head, head + "Content-Length: 50\r\n\r\nhalf", head + "Content-Length: 0\r\n\r\n"):
        client.server.faults.add(path="/api/x", **fault)  # type: ignore[misc]  # some of the fault's arguments
        _, writer = await asyncio.open_connection("127.0.0.1", int(client.server.url.rpartition(":")[2]))
        writer.write(sent.encode())
        await writer.drain()
        await asyncio.sleep(0.005)
        if abort:
            writer.transport.abort()
        else:
            writer.close()
        await asyncio.sleep(0.02)
    assert (await client.get()).status == 200
    assert not complaints(caplog)


async def test_so_is_one_that_resets_before_its_body_is_read(server: MatatikaServer) -> None:
    loop = asyncio.get_running_loop()
    body = StreamReader(BaseProtocol(loop), 2**16, loop=loop)  # of a connection that is lost already
    response = await server._handler(make_mocked_request("PUT", "/api/x", payload=body))
    assert isinstance(response, ClosingResponse)


# The request log


async def test_what_a_request_was(client: PlainClient) -> None:
    assert isinstance(client.server.clock, ControlledClock)
    await client.send("PUT", "/api/apikeys?a=1&a=2&b=%C3%A9&c=", json={"x": 1}, headers={"X-Test": "y"})
    client.server.clock.advance(3600)
    await client.ask_token()
    await client.get("/favicon.ico")
    first, second, third = client.server.requests
    assert (first.method, first.path, first.status) == ("PUT", "/api/apikeys", 405)
    assert first.query == {"a": "1", "b": "é", "c": ""}
    assert first.parameters == [("a", "1"), ("a", "2"), ("b", "é"), ("c", "")]
    assert (first.headers["x-test"], first.json()) == ("y", {"x": 1})
    assert first.connection == second.connection
    assert second.form()["client_secret"] == client.server.credentials.client_secret.reveal()
    assert second.at - first.at == pytest.approx(3600, abs=60)
    assert (third.endpoint, third.status) == ("other", 404)
    assert (client.server.requests.api, client.server.requests.token, client.server.requests.methods()) == (
        [first],
        [second],
        ["PUT"],
    )
    shown = repr([client.server, client.server.requests, client.server.credentials, *client.server.api_keys.values()])
    for secret in (client.token or "", client.server.credentials.client_secret.reveal()):
        assert secret not in shown
    with pytest.raises(ValueError, match="bad query field"):
        RecordedRequest("POST", "/", "other", body=b"no form").form()


async def test_the_log_can_be_limited_and_cleared(client: PlainClient) -> None:
    seen, client.server.requests.limit = client.server.requests.seen, 2
    for page in range(5):
        await client.get(f"/api/apikeys?page={page}")
    assert [request.query["page"] for request in client.server.requests] == ["3", "4"]
    client.server.requests.clear()
    assert (client.server.requests, client.server.requests.seen) == ([], seen + 5)
