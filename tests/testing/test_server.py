"""Coming and going: ports, connections, clients that vanish, what is left behind."""

from __future__ import annotations

import asyncio
import gc
import time
import timeit

import aiohttp
import pytest
from aiohttp import ClientSession

from aiomatatika.errors import ConfigurationError
from aiomatatika.testing import MatatikaServer

from .conftest import PlainClient, complaints


async def test_where_it_is(server: MatatikaServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    deployment = server.deployment
    assert deployment.api_url == f"{server.url}/api"
    assert deployment.token_url == f"{server.url}/oauth/token"
    assert deployment.audience == deployment.api_url
    assert server.url in repr(server)


async def test_before_the_start_there_is_no_address_but_all_else() -> None:
    server = MatatikaServer()
    server.add_api_keys(3)
    assert server.credentials.client_id
    assert "not started" in repr(server)
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.deployment


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
        await client.get("/api/apikeys")
    await server.start()
    assert server.url == url
    assert (await client.get("/api/apikeys")).document["page"]["totalElements"] == 2


def test_it_works_in_one_event_loop_after_another() -> None:
    server = MatatikaServer()

    async def count() -> object:
        async with server, ClientSession() as http:
            client = PlainClient(server, http)
            await client.log_in()
            return (await client.get("/api/apikeys")).status

    assert [asyncio.run(count()), asyncio.run(count())] == [200, 200]


async def test_two_servers_are_strangers(server: MatatikaServer, client: PlainClient) -> None:
    async with MatatikaServer() as other:
        assert other.url != server.url
        assert (await client.get(f"{other.url}/api/apikeys/")).status == 401


@pytest.mark.parametrize("host, url", [("localhost", "http://localhost:"), ("0.0.0.0", "http://127.0.0.1:")])
async def test_other_names_of_this_machine(host: str, url: str) -> None:
    async with MatatikaServer(host=host) as server, ClientSession() as http:
        assert server.url.startswith(url)
        assert (await PlainClient(server, http).ask_token()).status == 200


async def test_ipv6() -> None:
    try:
        server = MatatikaServer(host="::1")
        await server.start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with server, ClientSession() as http:
        assert server.url.startswith("http://[::1]:")
        assert (await PlainClient(server, http).ask_token()).status == 200


@pytest.mark.parametrize("wrong", [{"host": "example.com"}, {"host": "192.0.2.1"}, {"alias_host": "no host"}])
def test_tokens_do_not_leave_the_machine(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        MatatikaServer(**wrong)  # type: ignore[arg-type]


async def test_a_port_that_is_taken(server: MatatikaServer) -> None:
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        await MatatikaServer(port=int(server.url.rpartition(":")[2])).start()


# Connections


@pytest.mark.parametrize("reset", [False, True])
async def test_all_connections_can_be_dropped(server: MatatikaServer, client: PlainClient, reset: bool) -> None:
    await client.get("/api/apikeys")
    server.drop_connections(reset=reset)
    await asyncio.sleep(0.01)
    assert (await client.get("/api/apikeys")).status == 200
    assert server.requests[0].connection != server.requests[1].connection


async def test_a_client_that_vanishes_is_no_news(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(server.url.rpartition(":")[2])
    head = f"PUT /api/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
    for sent in ("", "PUT /ap", head, head + "Content-Length: 50\r\n\r\nhalf", head + "Content-Length: 0\r\n\r\n"):
        for abort in (False, True):
            server.faults.add(delay=0.01, path="/api/x")
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent.encode())
            await writer.drain()
            await asyncio.sleep(0.005)
            if abort:
                writer.transport.abort()
            else:
                writer.close()
            await asyncio.sleep(0.02)
    assert (await client.get("/api/apikeys")).status == 200
    assert not complaints(caplog)


async def test_close_waits_for_nobody_and_leaves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    server = MatatikaServer()
    await server.start()
    async with ClientSession() as http:
        client = PlainClient(server, http)
        await client.log_in()
        await client.get("/api/apikeys")  # an idle connection

        never = asyncio.Event()
        fault = server.faults.add(delay=never, times=None)
        hanging = [asyncio.create_task(client.get("/api/apikeys")) for _ in range(3)]
        await fault.wait(3)

        server.faults.clear()
        forsaken = server.faults.add(delay=60)
        with pytest.raises(TimeoutError):
            await client.send("GET", "/api/apikeys", timeout=aiohttp.ClientTimeout(total=0.02))
        assert forsaken.hits == 1

        server.faults.add(body=b"x" * 50_000_000)
        response = await http.get(f"{server.url}/api/apikeys/")  # nobody reads it

        began = time.monotonic()
        await server.close()
        assert time.monotonic() - began < 5
        assert asyncio.all_tasks() - before == set(hanging) - {task for task in hanging if task.done()}
        for result in await asyncio.gather(*hanging, return_exceptions=True):
            assert isinstance(result, aiohttp.ClientError)
        response.close()
    gc.collect()  # an unclosed socket or transport would warn now, and a warning is an error
    assert not complaints(caplog)


async def test_many_at_once(server: MatatikaServer, client: PlainClient) -> None:
    server.add_api_keys(100)
    answers = await asyncio.gather(*(client.get(f"/api/apikeys?page={n % 6}") for n in range(300)))
    assert {answer.status for answer in answers} == {200}


async def test_a_page_is_made_quickly(server: MatatikaServer, client: PlainClient) -> None:
    server.add_api_keys(100)
    await client.get("/api/apikeys")
    [request] = server.requests
    seconds = min(timeit.repeat(lambda: server._answer(request), number=10, repeat=10)) / 10
    assert seconds < 0.002  # 0.2 ms, and room for a slow machine
