"""The identity provider: tokens, their expiry, and what it refuses."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from aiomatatika.testing import ControlledClock
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.identity_provider import Tokens

from .conftest import PlainClient, client_of_a_server


async def test_a_token_for_the_built_in_key(client: PlainClient) -> None:
    got = await client.ask_token()
    assert (got.status, client.server.tokens_issued) == (200, 2)
    assert (got.headers["Content-Type"], got.headers["Cache-Control"]) == ("application/json", "no-store")
    token = got.document["access_token"]
    assert got.document == {"access_token": token, "token_type": "Bearer", "expires_in": 86400, "scope": ""}
    assert token != client.token
    client.token = token
    assert (await client.get()).status == 200

    head, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    assert json.loads(head)["typ"] == "JWT"
    assert signature
    claims, client_id = json.loads(payload), client.server.credentials.client_id
    assert (claims["sub"], claims["azp"], claims["gty"]) == (f"{client_id}@clients", client_id, "client-credentials")
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (client.server.deployment.api_url, 86400)


@pytest.mark.parametrize(
    "wrong, status, error, description",
    [
        ({"client_secret": "guessed"}, 401, "access_denied", "Unauthorized"),
        ({"client_id": "nobody"}, 401, "access_denied", "Unauthorized"),
        ({"grant_type": "password"}, 403, "unauthorized_client", "Grant type 'password' not allowed for the client."),
        ({"audience": "http://x/api"}, 403, "access_denied", "Service not enabled within domain: http://x/api"),
    ],
)
async def test_what_it_refuses(
    client: PlainClient, wrong: dict[str, str], status: int, error: str, description: str
) -> None:
    got = await client.ask_token(None, **wrong)
    assert (got.status, got.document) == (status, {"error": error, "error_description": description})
    assert client.server.tokens_issued == 1


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
async def test_other_bodies(client: PlainClient, options: dict[str, Any], status: int, error: str) -> None:
    got = await client.send("POST", "/oauth/token", **options)
    assert (got.status, got.document["error"]) == (status, error)
    assert (await client.get("/oauth/token")).status == 404  # only POST gets tokens


async def test_a_token_expires_by_the_clock_and_not_by_its_jumps() -> None:
    clock = ControlledClock(frozen=True)
    async with client_of_a_server(clock=clock, token_lifetime=600) as client:
        first = await client.ask_token()
        assert first.document["expires_in"] == 600
        clock.jump(100_000)
        clock.advance(599)
        assert (await client.get()).status == 200
        clock.advance(1)
        assert (await client.get()).status == 401
        assert first.headers["Date"].endswith("GMT")
        assert first.headers["Date"] != (await client.ask_token()).headers["Date"]


def test_expired_tokens_are_forgotten() -> None:
    clock = ControlledClock(frozen=True)
    tokens = Tokens(ServerTime(clock), 86_400)
    for _ in range(1_500):
        tokens.issue("x", "y")
    clock.advance(86_400)
    tokens.issue("x", "y")
    assert len(tokens._expiry) == 1
