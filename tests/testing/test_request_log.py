"""The request log."""

from __future__ import annotations

from uuid import uuid4

import pytest

from aiomatatika.testing import ControlledClock, MatatikaServer, RecordedRequest, RequestLog

from .conftest import PlainClient

KEYS = "/api/apikeys"


async def test_every_request_in_order_of_arrival(server: MatatikaServer, anonymous: PlainClient) -> None:
    finished: list[RecordedRequest] = []
    server.requests.on_finished = finished.append
    anonymous.token = (await anonymous.ask_token()).document["access_token"]
    await anonymous.send("POST", KEYS)
    await anonymous.put(f"{KEYS}/{uuid4()}", {"name": "x"})
    await anonymous.get("/favicon.ico")
    assert [request.endpoint for request in server.requests] == ["token", "api", "api", "other"]
    assert [request.status for request in server.requests] == [200, 200, 201, 404]
    assert server.requests.methods() == server.requests.api.methods() == ["POST", "PUT"]
    assert len(server.requests.token) == 1
    assert finished == server.requests


async def test_what_a_request_was(server: MatatikaServer, client: PlainClient) -> None:
    await client.send("PUT", "/api/profiles/auth0%7C1?a=1&a=2&b=%C3%A9&c=", json={"x": 1}, headers={"X-Test": "y"})
    assert isinstance(server.clock, ControlledClock)
    server.clock.advance(3600)
    await client.ask_token()
    first, second = server.requests
    assert (first.method, first.path) == ("PUT", "/api/profiles/auth0%7C1")
    assert first.query == {"a": "1", "b": "é", "c": ""}
    assert first.headers["x-test"] == "y"
    assert first.json() == {"x": 1}
    assert first.connection == second.connection
    assert second.form()["client_secret"] == server.credentials.client_secret.reveal()
    assert second.at - first.at == pytest.approx(3600, abs=60)
    with pytest.raises(ValueError, match="bad query field"):
        RecordedRequest("POST", "/", "other", body=b"no form").form()


async def test_reprs_show_no_secret(server: MatatikaServer, client: PlainClient) -> None:
    await client.ask_token()
    await client.put(f"{KEYS}/{uuid4()}", {"name": "x"})
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
        await client.get(f"{KEYS}?page={page}")
    assert [request.query["page"] for request in server.requests] == ["3", "4"]
    server.requests.clear()
    assert server.requests == RequestLog()
    assert server.requests.seen == seen + 5
