"""The request log."""

from __future__ import annotations

from uuid import uuid4

import pytest

from aiomatatika.testing import ControlledClock, MatatikaServer, RecordedRequest, RequestLog

from .conftest import PlainClient


async def test_every_request_in_the_order_of_arrival(server: MatatikaServer, anonymous: PlainClient) -> None:
    anonymous.token = (await anonymous.ask_token()).document["access_token"]
    id = (await anonymous.post("/api/apikeys")).document["id"]
    await anonymous.put(f"/api/apikeys/{id}", {"name": "x"})
    await anonymous.get("/favicon.ico")
    assert server.requests.methods() == ["POST", "PUT"]
    assert [request.endpoint for request in server.requests] == ["token", "api", "api", "other"]
    assert [request.status for request in server.requests] == [200, 200, 201, 404]
    assert len(server.requests.api) == 2
    assert len(server.requests.token) == 1
    assert server.requests.api.methods() == ["POST", "PUT"]


async def test_what_a_request_was(server: MatatikaServer, client: PlainClient) -> None:
    await client.send("PUT", "/api/profiles/auth0%7C1?a=1&a=2&b=%C3%A9&c=", json={"x": 1}, headers={"X-Test": "y"})
    [request] = server.requests
    assert (request.method, request.path) == ("PUT", "/api/profiles/auth0%7C1")
    assert request.query == {"a": "1", "b": "é", "c": ""}
    assert request.headers["x-test"] == "y"
    assert request.json() == {"x": 1}
    assert request.at == pytest.approx(server.clock.monotonic(), abs=5)
    assert request.connection


async def test_a_form(server: MatatikaServer, client: PlainClient) -> None:
    await client.ask_token()
    form = server.requests.token[-1].form()
    assert form["grant_type"] == "client_credentials"
    assert form["client_secret"] == server.credentials.client_secret.reveal()
    with pytest.raises(ValueError, match="bad query field"):
        RecordedRequest("POST", "/", "other", body=b"no form").form()


async def test_reprs_show_no_secret(server: MatatikaServer, client: PlainClient) -> None:
    await client.ask_token()
    await client.put(f"/api/apikeys/{uuid4()}", {"name": "x"})
    shown = repr(server.requests) + repr(server) + repr(dict(server.api_keys)) + repr(server.credentials)
    assert "/oauth/token" in shown
    assert client.token
    assert client.token not in shown
    for key in server.api_keys.values():
        assert key.client_secret.reveal() not in shown


async def test_it_can_be_cleared_and_limited(server: MatatikaServer, client: PlainClient) -> None:
    seen = server.requests.seen
    server.requests.limit = 2
    for page in range(5):
        await client.get(f"/api/apikeys?page={page}")
    assert [request.query["page"] for request in server.requests] == ["3", "4"]
    assert server.requests.seen == seen + 5
    server.requests.clear()
    assert server.requests == RequestLog()
    assert server.requests.seen == seen + 5


async def test_arrival_is_by_the_servers_clock(server: MatatikaServer, client: PlainClient) -> None:
    assert isinstance(server.clock, ControlledClock)
    await client.get("/api/apikeys")
    server.clock.advance(3600)
    await client.get("/api/apikeys")
    first, second = server.requests
    assert second.at - first.at == pytest.approx(3600, abs=5)
