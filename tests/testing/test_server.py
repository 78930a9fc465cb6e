"""The server in the running loop: where it is, how it comes and goes, its connections, its sessions."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

import aiomatatika.testing as package
from aiomatatika import MatatikaSession, Profile, Retries
from aiomatatika.errors import ConfigurationError
from aiomatatika.testing import ControlledClock, MatatikaServer, ServerOptions, SessionOptions
from aiomatatika.testing.aiohttp_responses import ClosingResponse

from .conftest import PlainClient, client_of_a_server, complaints

KEYS = "/api/apikeys"


def test_the_names_of_the_package() -> None:
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
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
    assert server.credentials.client_id
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
            assert deployment.audience == deployment.api_url
    except OSError:
        pytest.skip(f"this machine has no {host}")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "0", "192.0.2.1", "2001:db8::1", "example.com", "127.1"])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        MatatikaServer(host=host)


def test_an_alias_is_a_host_name() -> None:
    with pytest.raises(ConfigurationError, match="alias_hosts"):
        MatatikaServer(alias_host="no host")


async def test_a_port_that_is_taken(server: MatatikaServer) -> None:
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        await MatatikaServer(port=int(server.url.rpartition(":")[2])).start()


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


async def test_start_and_close_can_be_called_again() -> None:
    server = MatatikaServer()
    await server.close()
    await server.start()
    url = server.url
    await server.start()
    assert server.url == url
    await asyncio.gather(server.close(), server.close())
    await server.close()
    assert "closed" in repr(server)


async def test_closed_it_refuses_connections_and_started_again_it_is_the_same(
    server: MatatikaServer, client: PlainClient
) -> None:
    server.add_api_keys(1)
    url = server.url
    await server.close()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(KEYS)
    await server.start()
    assert server.url == url
    assert (await client.get(KEYS)).document["page"]["totalElements"] == 2


async def test_close_waits_for_nobody_and_leaves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    async with client_of_a_server() as client:
        server = client.server
        await client.get(KEYS)  # an idle connection
        fault = server.faults.add(delay=asyncio.Event(), times=3)
        hanging = [asyncio.create_task(client.get(KEYS)) for _ in range(3)]
        await fault.wait(3)
        server.faults.add(delay=60)
        with pytest.raises(TimeoutError):
            await client.send("GET", KEYS, timeout=aiohttp.ClientTimeout(total=0.02))
        server.faults.add(body=b"x" * 50_000_000)
        response = await client.http.get(server.url + KEYS)  # nobody reads it
        async with asyncio.timeout(30):
            await server.close()
        assert asyncio.all_tasks() - before == {task for task in hanging if not task.done()}
        for result in await asyncio.gather(*hanging, return_exceptions=True):
            assert isinstance(result, aiohttp.ClientError)
        response.close()
    gc.collect()  # an unclosed socket or transport would warn now, and a warning is an error
    assert not complaints(caplog)


# Connections


@pytest.mark.parametrize("reset", [False, True])
async def test_all_connections_can_be_dropped(server: MatatikaServer, client: PlainClient, reset: bool) -> None:
    await client.get(KEYS)
    server.drop_connections(reset=reset)
    await asyncio.sleep(0.01)
    assert (await client.get(KEYS)).status == 200
    assert server.requests[0].connection != server.requests[1].connection


async def test_a_client_that_vanishes_is_no_news(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"PUT /api/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
    for sent in ("", "PUT /ap", head, head + "Content-Length: 50\r\n\r\nhalf", head + "Content-Length: 0\r\n\r\n"):
        for abort in (False, True):
            server.faults.add(delay=0.01, path="/api/x")
            _, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
            writer.write(sent.encode())
            await writer.drain()
            await asyncio.sleep(0.005)
            if abort:
                writer.transport.abort()
            else:
                writer.close()
            await asyncio.sleep(0.02)
    assert (await client.get(KEYS)).status == 200
    assert not complaints(caplog)


async def test_so_is_one_that_resets_before_its_body_is_read(server: MatatikaServer) -> None:
    loop = asyncio.get_running_loop()
    body = StreamReader(BaseProtocol(loop), 2**16, loop=loop)  # of a connection that is lost already
    response = await server._handler(make_mocked_request("PUT", "/api/x", payload=body))
    assert isinstance(response, ClosingResponse)


async def test_many_at_once(server: MatatikaServer, client: PlainClient) -> None:
    server.add_api_keys(100)
    responses = await asyncio.gather(*(client.get(f"{KEYS}?page={n % 6}") for n in range(300)))
    assert {response.status for response in responses} == {200}


# Sessions


async def test_a_session_runs_by_the_servers_clock(server: MatatikaServer) -> None:
    clock = server.clock
    assert isinstance(clock, ControlledClock)
    async with server.session(user_agent="mine/1", retries=Retries(attempts=2)) as session:
        await session.apikeys.list().count()
        assert server.requests.api[0].headers["User-Agent"].startswith("mine/1")
        clock.advance(86_401)
        await session.apikeys.list().count()
        assert [request.status for request in server.requests.api] == [200, 200]  # nobody had to be refused
        assert server.tokens_issued == 2
        server.faults.add(path=KEYS, status=503, headers={"Retry-After": "3"})
        await session.apikeys.list().count()
    assert clock.sleeps[-1] >= 3


async def test_a_whole_life_under_another_host_name() -> None:
    options: dict[str, Any] = {"alias_host": "app.matatika.com", "new_key_delay": 20}
    async with MatatikaServer(**options) as server, server.session() as session:
        new = await session.apikeys.create("robot", ready_within=45)
        assert server.api_keys[new.id].credentials == new.credentials
        owner = await session.follow(new, "profile", Profile)
        assert owner.id == server.profile_id
        await session.apikeys.update(new, name="other")
        assert server.api_keys[new.id].name == "other"
        await session.apikeys.delete(new)
        assert [key.id async for key in session.apikeys.list()] == list(server.api_keys) == [server.default_key_id]
