"""A: the API refuses the token. `test_api_endpoint` has what else it can answer."""

from __future__ import annotations

import asyncio

import aiohttp

from aiomatatika import AuthenticationError, Retries
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, call, failure
from .wires import session_at, stranger

API = "/api/profiles"


def tokens_used(server: MatatikaServer) -> list[int]:
    """Tell which token each call to the API had: 0 is the first that was seen, and so on."""
    seen = list(dict.fromkeys(request.headers["Authorization"] for request in server.requests.api))
    return [seen.index(request.headers["Authorization"]) for request in server.requests.api]


async def test_A01_401_with_a_token_believed_valid(server: MatatikaServer) -> None:
    for status in (401, 429, 200):
        server.faults.add(path=API, status=status)
    async with server.session(retries=Retries(attempts=2)) as session:  # the refused token takes none
        await session.request("POST", "/profiles")
    assert len(server.requests.token) == 2
    assert tokens_used(server) == [0, 1, 1]


async def test_A02_401_again_after_the_refresh(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    server.faults.add(path=API, status=401, headers={"WWW-Authenticate": None}, times=None)
    async with server.session() as session:
        with witness.raises(AuthenticationError, match="401 without a code") as caught:
            await call(session)
        assert (caught.value.status, caught.value.code, caught.value.attempts) == (401, None, 2)
        assert tokens_used(server) == [0, 1]
        for _ in range(1_000):
            clock.advance(0.3)
            with witness.raises(AuthenticationError):
                await call(session)
            del witness.errors[1:]
    assert len(server.requests.token) <= 2 + 300 / 30


async def test_A03_401_in_bearer_token_mode(server: MatatikaServer, clock: ControlledClock, witness: Witness) -> None:
    await failure(session_at(server.url, clock), witness, AuthenticationError)
    assert server.requests.token == []
    assert server.requests.methods() == ["GET"]


async def test_A04_200_concurrent_401s(server: MatatikaServer) -> None:
    revoked = asyncio.Event()
    refusal = server.faults.add(path=API, status=401, delay=revoked, times=200)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        server.session(http=http) as session,
    ):
        calls = [asyncio.create_task(call(session)) for _ in range(200)]
        await refusal.wait(200)
        revoked.set()
        await asyncio.gather(*calls)
    assert len(server.requests.token) == 2
    assert tokens_used(server) == [0] * 200 + [1] * 200


async def test_A05_late_401_from_an_old_token(server: MatatikaServer) -> None:
    answer = asyncio.Event()
    late = server.faults.add(path=API, status=401, delay=answer)
    server.faults.add(path=API, status=401)
    async with server.session() as session:
        early_call = asyncio.create_task(call(session))
        await late.wait()
        await call(session)
        assert len(server.requests.token) == 2
        answer.set()
        await early_call
        await call(session)
    assert len(server.requests.token) == 2
    assert tokens_used(server) == [0, 0, 1, 1, 1]


async def test_A06_401_on_the_secret_creating_PUT(server: MatatikaServer) -> None:
    server.faults.add(method="PUT", status=401)
    async with server.session() as session:
        key = await session.apikeys.create("robot")
    assert key.client_secret == server.api_keys[key.id].client_secret
    assert server.requests.methods() == ["POST", "PUT", "PUT"]
    assert tokens_used(server) == [0, 0, 1]


async def test_A25_challenge_with_claims(server: MatatikaServer, witness: Witness) -> None:
    async with stranger() as evil, server.session() as session:
        challenge = f'Bearer error="insufficient_claims", claims="eyJhY2Nlc3MifQ==", authorization_uri="{evil.url}"'
        server.faults.add(path=API, status=401, headers={"WWW-Authenticate": challenge}, times=None)
        with witness.raises(AuthenticationError) as caught:
            await call(session)
    assert caught.value.code == "insufficient_claims"
    assert "401 insufficient_claims" in str(caught.value)
    assert tokens_used(server) == [0, 1]
    assert "claims" not in server.requests.token[1].form()
