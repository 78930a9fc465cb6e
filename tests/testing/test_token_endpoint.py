"""The identity provider: tokens, their expiry, and what it refuses."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.identity_provider import Tokens
from aiomatatika.transport.clock import Clock

from .conftest import PlainClient, client_of_a_server

KEYS = "/api/apikeys"


async def test_a_token_for_the_built_in_key(server: MatatikaServer, anonymous: PlainClient) -> None:
    got = await anonymous.ask_token()
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Cache-Control"] == "no-store"
    assert {**got.document, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 86400,
        "scope": "",
    }
    assert server.tokens_issued == 1
    anonymous.token = got.document["access_token"]
    assert (await anonymous.get(KEYS)).status == 200
    assert (await anonymous.ask_token()).document["access_token"] != anonymous.token

    head, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in anonymous.token.split("."))
    assert json.loads(head)["typ"] == "JWT"
    assert signature
    claims = json.loads(payload)
    client_id = server.credentials.client_id
    assert (claims["sub"], claims["azp"], claims["gty"]) == (f"{client_id}@clients", client_id, "client-credentials")
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (server.deployment.api_url, 86400)


@pytest.mark.parametrize(
    "wrong, status, error, description",
    [
        ({"client_secret": "guessed"}, 401, "access_denied", "Unauthorized"),
        ({"client_id": "nobody"}, 401, "access_denied", "Unauthorized"),
        ({"grant_type": "password"}, 403, "unauthorized_client", "Grant type 'password' not allowed"),
        ({"audience": "https://other/api"}, 403, "access_denied", "Service not enabled within domain: https://other"),
    ],
)
async def test_what_it_refuses(
    server: MatatikaServer, anonymous: PlainClient, wrong: dict[str, str], status: int, error: str, description: str
) -> None:
    got = await anonymous.ask_token(None, **wrong)
    assert (got.status, got.document["error"]) == (status, error)
    assert got.document["error_description"].startswith(description)
    assert server.tokens_issued == 0


@pytest.mark.parametrize(
    "options, status, error",
    [
        ({"data": b"grant_type=client_credentials"}, 400, "invalid_request"),
        ({"json": []}, 400, "invalid_request"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "invalid_request"),
        ({"json": {}}, 403, "invalid_request"),
        ({"json": {"grant_type": "client_credentials", "client_id": "x"}}, 401, "access_denied"),  # JSON is read, too
    ],
)
async def test_other_bodies(anonymous: PlainClient, options: dict[str, Any], status: int, error: str) -> None:
    got = await anonymous.send("POST", "/oauth/token", **options)
    assert (got.status, got.document["error"]) == (status, error)


async def test_only_post_gets_tokens(anonymous: PlainClient) -> None:
    assert (await anonymous.get("/oauth/token")).status == 404


async def test_a_token_expires_by_the_clock_and_not_by_its_jumps() -> None:
    clock = ControlledClock(frozen=True)
    async with client_of_a_server(clock=clock, token_lifetime=600) as client:
        assert (await client.ask_token()).document["expires_in"] == 600
        await client.log_in()
        clock.jump(100_000)
        clock.advance(599)
        assert (await client.get(KEYS)).status == 200
        clock.advance(1)
        assert (await client.get(KEYS)).status == 401


def test_expired_tokens_are_forgotten() -> None:
    clock = ControlledClock(frozen=True)
    tokens = Tokens(ServerTime(clock), 86_400)
    for _ in range(1_500):
        tokens.issue("x", "y")
    clock.advance(86_400)
    tokens.issue("x", "y")
    assert len(tokens._expiry) == 1


async def test_revoked_tokens_are_refused_and_new_ones_accepted(server: MatatikaServer, client: PlainClient) -> None:
    server.revoke_tokens()
    assert (await client.get(KEYS)).status == 401
    await client.log_in()
    assert (await client.get(KEYS)).status == 200


async def test_a_new_key_takes_a_while_and_ends_with_its_deletion() -> None:
    clock = ControlledClock(frozen=True)
    async with client_of_a_server(clock=clock, new_key_delay=30) as client:
        path = f"{KEYS}/{uuid4()}"
        made = (await client.put(path, {"name": "robot"})).document
        credentials = ClientCredentials(made["clientId"], made["clientSecret"])
        clock.advance(29)
        assert (await client.ask_token(credentials)).status == 401
        clock.advance(1)
        assert (await client.ask_token(credentials)).status == 200
        await client.send("DELETE", path)
        got = await client.ask_token(credentials)
        assert (got.status, got.document) == (401, {"error": "access_denied", "error_description": "Unauthorized"})
        assert (await client.ask_token(client.server.add_api_key("at once").credentials)).status == 200


async def test_the_date_header_follows_the_clock() -> None:
    clock = ControlledClock(frozen=True)
    async with client_of_a_server(clock=clock) as client:
        first = (await client.ask_token()).headers["Date"]
        clock.advance(86_400)
        second = (await client.ask_token()).headers["Date"]
        assert first.endswith("GMT")
        assert first[:3] != second[:3]


async def test_a_plain_clock_will_do() -> None:
    async with client_of_a_server(clock=Clock()) as client:
        assert (await client.get(KEYS)).status == 200
