"""The token request: how often it is sent, and what becomes of one without a response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs
import pytest

from aiomatatika import (
    ConfigurationError,
    Deployment,
    MatatikaError,
    ResponseError,
    Retries,
    Timeouts,
    TransportError,
)
from aiomatatika.auth.client_credentials import ClientCredentialsGrant
from aiomatatika.auth.token import Granted, Refused
from aiomatatika.options import Options
from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.lifetime import Lifetime

from ..servers import TOKEN, everything_shown

DEFAULTS = Options(Timeouts(), Retries())
Ask = Callable[..., Awaitable[Granted | Refused]]


@pytest.fixture
async def ask(server: MatatikaServer, clock: ControlledClock) -> AsyncIterator[Ask]:
    """Ask the embedded server for a token, with up to three requests."""
    connections = Connections(Lifetime(), "agent/1")

    async def ask(attempts: int = 3, options: Options = DEFAULTS, scheme: str = "http") -> Granted | Refused:
        deployment = attrs.evolve(server.deployment, token_url=f"{server.url}{TOKEN}".replace("http", scheme))
        return await ClientCredentialsGrant(server.credentials, deployment, connections, clock, options)(attempts)

    yield ask
    await connections.close()


def refusal(outcome: Granted | Refused) -> MatatikaError:
    assert isinstance(outcome, Refused)
    assert (outcome.error.method, outcome.error.path) == ("POST", TOKEN)
    return outcome.error


def test_without_a_token_endpoint_there_is_no_grant(clock: ControlledClock) -> None:
    credentials, deployment = MatatikaServer().credentials, Deployment("https://api.test/api")
    with pytest.raises(ConfigurationError, match="never guessed"):
        ClientCredentialsGrant(credentials, deployment, Connections(Lifetime(), ""), clock, DEFAULTS)


async def test_the_lifetime_counts_from_the_moment_of_asking(
    server: MatatikaServer, ask: Ask, clock: ControlledClock
) -> None:
    response = asyncio.Event()
    fault = server.faults.add(delay=response)
    asking = asyncio.ensure_future(ask())
    await fault.wait()
    clock.advance(20)
    response.set()
    granted = await asking
    assert isinstance(granted, Granted)
    assert granted.asked_at.age(clock) == 20


@pytest.mark.parametrize("attempts, total, asked", [(1, 60, 1), (2, 60, 2), (3, 60, 3), (5, 60, 3), (3, 0.5, 2)])
async def test_an_endpoint_that_is_down_is_asked_again_within_all_limits(
    server: MatatikaServer, ask: Ask, clock: ControlledClock, attempts: int, total: float, asked: int
) -> None:
    server.faults.add(status=503, times=None)
    error = refusal(await ask(attempts, Options(Timeouts(total=total), Retries(attempts=3))))
    assert isinstance(error, TransportError)
    assert (error.sent, error.attempts) == ("no", asked)
    assert len(server.requests) == asked
    assert clock.sleeps == [0.375, 0.75][: asked - 1]


@pytest.mark.parametrize(
    "fault", [{"status": 429}, {"status": 401}, {"status": 302}, {"json": {}}, {"status": 201}, {"cut_after": 5}]
)
async def test_where_it_says_no_or_makes_no_sense_it_is_not_asked_again(
    server: MatatikaServer, ask: Ask, fault: dict[str, Any]
) -> None:
    server.faults.add(**fault, times=None)
    assert refusal(await ask()).attempts == 1
    assert len(server.requests) == 1


async def test_an_endpoint_without_tls_is_not_asked_again(ask: Ask) -> None:
    error = refusal(await ask(scheme="https"))
    assert isinstance(error, TransportError)
    assert (error.attempts, error.sent) == (1, "no")


@pytest.mark.parametrize(
    "fault, kind, says",
    [
        ({"drop": "after"}, TransportError, "no response from the token endpoint: the connection broke"),
        ({"raw": b"\x16\x03\x01"}, TransportError, "no response from the token endpoint: "),
        ({"cut_after": 5}, ResponseError, "the token endpoint's response: the body is incomplete"),
        ({"headers": {"Content-Encoding": "gzip"}, "body": b"no"}, ResponseError, "the token endpoint's response: "),
    ],
)
async def test_a_response_that_is_lost_or_damaged(
    server: MatatikaServer, ask: Ask, fault: dict[str, Any], kind: type[Exception], says: str
) -> None:
    server.faults.add(**fault, times=None)
    error = refusal(await ask())
    assert type(error) is kind
    assert says in str(error)
    assert error.transient is (kind is TransportError)
    assert server.credentials.client_secret.reveal() not in everything_shown(error)
