"""The identity provider: tokens, their end, and the refusals."""

from __future__ import annotations

import base64
import json

import pytest
from aiohttp import ClientSession

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.transport.clock import Clock

from .conftest import PlainClient


def claims(token: str) -> dict[str, object]:
    head, payload, signature = token.split(".")
    assert base64.urlsafe_b64decode(signature + "==")
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["typ"] == "JWT"
    document = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert isinstance(document, dict)
    return document


async def test_a_token_for_the_built_in_key(server: MatatikaServer, anonymous: PlainClient) -> None:
    got = await anonymous.ask_token()
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Cache-Control"] == "no-store"
    token = got.document.pop("access_token")
    assert {**got.document, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 86400,
        "scope": "",
    }
    assert server.tokens_issued == 1
    anonymous.token = token
    assert (await anonymous.get("/api/apikeys")).status == 200


async def test_the_token_looks_like_the_real_ones(server: MatatikaServer, anonymous: PlainClient) -> None:
    content = claims((await anonymous.ask_token()).document["access_token"])
    client_id = server.credentials.client_id
    assert content["sub"] == f"{client_id}@clients"
    assert content["azp"] == client_id
    assert content["aud"] == server.deployment.api_url
    assert content["gty"] == "client-credentials"
    assert isinstance(content["exp"], int)
    assert isinstance(content["iat"], int)
    assert content["exp"] - content["iat"] == 86400


async def test_json_is_understood_too(server: MatatikaServer, anonymous: PlainClient) -> None:
    document = {
        "grant_type": "client_credentials",
        "client_id": server.credentials.client_id,
        "client_secret": server.credentials.client_secret.reveal(),
        "audience": server.deployment.audience,
    }
    assert (await anonymous.send("POST", "/oauth/token", json=document)).status == 200
    assert server.requests[-1].json()["grant_type"] == "client_credentials"


async def test_no_two_tokens_are_the_same(anonymous: PlainClient) -> None:
    assert len({(await anonymous.ask_token()).document["access_token"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    "wrong, status, error, description",
    [
        ({"client_secret": "guessed"}, 401, "access_denied", "Unauthorized"),
        ({"client_id": "nobody"}, 401, "access_denied", "Unauthorized"),
        ({"grant_type": "password"}, 403, "unauthorized_client", "Grant type 'password' not allowed"),
        ({"audience": "https://other/api"}, 403, "access_denied", "Service not enabled within domain: https://other"),
    ],
)
async def test_refusals(
    server: MatatikaServer, anonymous: PlainClient, wrong: dict[str, str], status: int, error: str, description: str
) -> None:
    got = await anonymous.ask_token(None, **wrong)
    assert got.status == status
    assert got.document["error"] == error
    assert got.document["error_description"].startswith(description)
    assert server.tokens_issued == 0


@pytest.mark.parametrize(
    "options, status",
    [
        ({"data": b"grant_type=client_credentials"}, 400),
        ({"json": []}, 400),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": {}}, 403),
    ],
)
async def test_a_body_that_is_no_token_request(anonymous: PlainClient, options: dict[str, object], status: int) -> None:
    got = await anonymous.send("POST", "/oauth/token", **options)
    assert (got.status, got.document["error"]) == (status, "invalid_request")


async def test_only_post_gets_tokens(anonymous: PlainClient) -> None:
    assert (await anonymous.get("/oauth/token")).status == 404


async def test_a_token_ends_with_its_lifetime() -> None:
    clock = ControlledClock(frozen=True)
    async with MatatikaServer(clock=clock, token_lifetime=600) as server, ClientSession() as http:
        client = PlainClient(server, http)
        assert (await client.ask_token()).document["expires_in"] == 600
        await client.log_in()
        clock.advance(599)
        assert (await client.get("/api/apikeys")).status == 200
        clock.advance(1)
        assert (await client.get("/api/apikeys")).status == 401


async def test_a_jump_of_the_clients_clock_ends_no_token(server: MatatikaServer, client: PlainClient) -> None:
    assert isinstance(server.clock, ControlledClock)
    server.clock.jump(100_000)
    assert (await client.get("/api/apikeys")).status == 200


async def test_expired_tokens_are_forgotten() -> None:
    clock = ControlledClock(frozen=True)
    server = MatatikaServer(clock=clock)
    for _ in range(1_500):
        server._tokens.issue("x", "y")
    clock.advance(86_400)
    server._tokens.issue("x", "y")
    assert len(server._tokens._ends) == 1


async def test_revoked_tokens_are_refused_and_new_ones_accepted(server: MatatikaServer, client: PlainClient) -> None:
    server.revoke_tokens()
    assert (await client.get("/api/apikeys")).status == 401
    await client.log_in()
    assert (await client.get("/api/apikeys")).status == 200


async def test_a_key_that_was_put_can_log_in_until_it_is_deleted(server: MatatikaServer, client: PlainClient) -> None:
    id = (await client.post("/api/apikeys")).document["id"]
    made = (await client.put(f"/api/apikeys/{id}", {"name": "robot"})).document
    credentials = ClientCredentials(made["clientId"], made["clientSecret"])
    assert (await client.ask_token(credentials)).status == 200
    await client.delete(f"/api/apikeys/{id}")
    got = await client.ask_token(credentials)
    assert (got.status, got.document) == (401, {"error": "access_denied", "error_description": "Unauthorized"})


async def test_a_new_key_takes_a_while(server: MatatikaServer) -> None:
    clock = ControlledClock(frozen=True)
    async with MatatikaServer(clock=clock, new_key_delay=30) as slow, ClientSession() as http:
        client = PlainClient(slow, http)
        await client.log_in()
        id = (await client.post("/api/apikeys")).document["id"]
        made = (await client.put(f"/api/apikeys/{id}", {"name": "robot"})).document
        credentials = ClientCredentials(made["clientId"], made["clientSecret"])
        clock.advance(29)
        assert (await client.ask_token(credentials)).status == 401
        clock.advance(1)
        assert (await client.ask_token(credentials)).status == 200
        [id_of_added] = slow.add_api_keys(1)
        assert (await client.ask_token(slow.api_keys[id_of_added].credentials)).status == 200


async def test_the_servers_own_date_follows_the_clock() -> None:
    clock = ControlledClock(frozen=True)
    async with MatatikaServer(clock=clock) as server, ClientSession() as http:
        client = PlainClient(server, http)
        first = (await client.ask_token()).headers["Date"]
        clock.advance(86_400)
        second = (await client.ask_token()).headers["Date"]
        assert first.endswith("GMT")
        assert first[:3] != second[:3]


async def test_a_plain_clock_will_do() -> None:
    async with MatatikaServer(clock=Clock()) as server, ClientSession() as http:
        client = PlainClient(server, http)
        await client.log_in()
        assert (await client.get("/api/apikeys")).status == 200
