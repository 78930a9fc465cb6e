"""New keys that the identity provider does not know yet: `create(…, ready_within=…)` and `rotate`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika import (
    AuthenticationError,
    BearerToken,
    ConflictError,
    InvalidArgumentError,
    MatatikaError,
    MatatikaSession,
    NotFoundError,
    SecretDeliveryError,
    SecretLostError,
    Timeouts,
    TransportError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..conftest import cancellation_of, works

TOKEN = "/oauth/token"


@pytest.fixture
async def server(clock: ControlledClock) -> AsyncIterator[MatatikaServer]:
    """A server that knows a new key half a minute after it was made."""
    async with MatatikaServer(clock=clock, new_key_delay=30) as server:
        yield server


@pytest.fixture
async def session(server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
    async with server.session() as session:
        await session.apikeys.list().first()
        server.requests.clear()
        yield session


def asked_as(server: MatatikaServer, client_id: str | None) -> int:
    return sum(request.form()["client_id"] == client_id for request in server.requests.token)


# create


async def test_create_does_not_wait_unless_told(server: MatatikaServer, session: MatatikaSession) -> None:
    assert works(server, await session.apikeys.create("x"))
    assert not server.requests.token


async def test_create_waits_until_the_key_is_accepted(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    began = clock.monotonic()
    new = await session.apikeys.create("x", ready_within=45)
    assert 30 <= clock.monotonic() - began <= 35
    assert clock.sleeps[:4] == [1, 2, 4, 5]
    assert asked_as(server, new.client_id) == len(clock.sleeps) + 1
    async with MatatikaSession(new.credentials, deployment=server.deployment) as robot:
        assert await robot.apikeys.list().count() == 2


async def test_a_key_that_is_not_accepted_in_time_is_delivered_by_the_error(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    began = clock.monotonic()
    with pytest.raises(SecretDeliveryError, match=r"not accepted yet.*refuses the credentials") as caught:
        await session.apikeys.create("x", ready_within=20)
    assert works(server, caught.value.api_key)
    assert caught.value.step == "accept"
    assert clock.monotonic() - began <= 20
    assert server.requests.methods() == ["POST", "PUT"]


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 500, "body": "no"}, {"drop": "before"}, {"status": 200, "body": "<html>"}]
)
async def test_a_failing_identity_provider_is_asked_again(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock, fault: Any
) -> None:
    server.faults.add(path=TOKEN, **fault, times=2)
    clock_before = clock.monotonic()
    new = await session.apikeys.create("x", ready_within=60)
    assert works(server, new)
    assert clock.monotonic() - clock_before < 60


async def test_a_rate_limit_is_waited_out(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "31"})
    new = await session.apikeys.create("x", ready_within=45)
    assert clock.sleeps == [31]
    assert asked_as(server, new.client_id) == 2


async def test_a_rate_limit_that_does_not_fit_ends_the_wait_at_once(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(SecretDeliveryError, match="limits token requests"):
        await session.apikeys.create("x", ready_within=45)
    assert clock.sleeps == []


async def test_a_rate_limit_without_a_wait_is_asked_again_as_usual(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=TOKEN, status=429)
    await session.apikeys.create("x", ready_within=45)
    assert clock.sleeps[0] == 1


async def test_an_identity_provider_that_never_answers_holds_nothing_up_for_ever(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=TOKEN, delay=asyncio.Event(), times=None)
    impatient = session.with_options(timeouts=Timeouts(connect=0.05))
    with pytest.raises(SecretDeliveryError, match=r"no response within 0\.5 s") as caught:
        await impatient.apikeys.create("x", ready_within=0.5)
    assert works(server, caught.value.api_key)


async def test_a_key_without_a_client_id_is_delivered_although_nothing_can_be_asked_with_it(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", edit=lambda document: document.pop("clientId") and None)
    with pytest.raises(SecretDeliveryError, match="client_id") as caught:
        await session.apikeys.create("x", ready_within=5)
    new = caught.value.api_key
    assert new.client_secret == server.api_keys[new.id].client_secret


@pytest.mark.parametrize("seconds", [-1, 3601, True, None, "45", float("nan"), float("inf")], ids=repr)
async def test_seconds_out_of_range_are_refused_before_anything_is_sent(
    server: MatatikaServer, session: MatatikaSession, seconds: Any
) -> None:
    for refused in (
        session.apikeys.create("x", ready_within=seconds),
        session.apikeys.rotate(uuid4(), ready_within=seconds),
    ):
        with pytest.raises(ValueError, match="ready_within must be seconds"):
            await refused
    assert not server.requests


async def test_a_caller_that_is_cancelled_while_it_waits_holds_the_key(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    held = server.faults.add(path=TOKEN, delay=asyncio.Event(), times=None)
    creation = asyncio.create_task(session.apikeys.create("x", ready_within=45))
    await held.wait()
    creation.cancel()
    cancelled = await cancellation_of(creation)
    assert works(server, cancelled.api_key)
    assert cancelled.__notes__ == [f"API key {cancelled.api_key.id} was created; it is in .api_key of this exception"]


async def test_a_session_that_is_closed_while_a_key_gets_ready_delivers_it(server: MatatikaServer) -> None:
    session = server.session()
    await session.apikeys.list().first()
    held = server.faults.add(path=TOKEN, status=503, delay=(release := asyncio.Event()))
    creation = asyncio.create_task(session.apikeys.create("x", ready_within=45))
    await held.wait()
    await session.close()
    release.set()
    with pytest.raises(SecretDeliveryError, match="closed") as caught:
        await creation
    assert works(server, caught.value.api_key)


# rotate


@pytest.fixture
def old(server: MatatikaServer) -> UUID:
    return server.add_api_keys(1, "old")[0]


async def test_rotate_makes_a_successor_waits_for_it_and_only_then_deletes(
    server: MatatikaServer, session: MatatikaSession, old: UUID
) -> None:
    new = await session.apikeys.rotate(old)
    assert works(server, new)
    assert new.name == "old-00001"
    assert old not in server.api_keys
    sent = [(request.method, request.path) for request in server.requests]
    path = "/api/apikeys"
    assert sent[:3] == [("GET", f"{path}/{old}"), ("POST", path), ("PUT", f"{path}/{new.id}")]
    assert set(sent[3:-1]) == {("POST", TOKEN)}
    assert sent[-1] == ("DELETE", f"{path}/{old}")


async def test_rotate_takes_the_name_of_a_key_that_the_caller_has(
    server: MatatikaServer, session: MatatikaSession, old: UUID
) -> None:
    key = await session.apikeys.get(old)
    server.requests.clear()
    await session.apikeys.rotate(key)
    assert server.requests.methods() == ["POST", "PUT", "DELETE"]


async def test_rotate_asks_for_one_token_where_it_is_not_to_wait(session: MatatikaSession, old: UUID) -> None:
    with pytest.raises(SecretDeliveryError, match="not accepted yet"):
        await session.apikeys.rotate(old, ready_within=0)


def fail(**fault: Any) -> Callable[[MatatikaServer], object]:
    return lambda server: server.faults.add(**{"times": None, **fault})


@pytest.mark.parametrize(
    "plan, error",
    [
        (fail(method="GET", status=404), NotFoundError),
        (fail(method="POST", path="/api/apikeys", status=503), MatatikaError),
        (fail(method="POST", path="/api/apikeys", drop="before"), TransportError),
        (fail(method="PUT", status=409), ConflictError),
        (fail(method="PUT", status=200, json={}), SecretLostError),
        (fail(method="PUT", cut_after=80), SecretLostError),
    ],
    ids=["get", "post", "post lost", "put", "put 200", "put cut"],
)
async def test_rotate_that_fails_before_there_is_a_successor_leaves_the_old_key(
    server: MatatikaServer, session: MatatikaSession, old: UUID, plan: Callable[..., object], error: type[MatatikaError]
) -> None:
    plan(server)
    with pytest.raises(error):
        await session.apikeys.rotate(old)
    assert list(server.api_keys) == [server.default_key_id, old]


@pytest.mark.parametrize(
    "plan, why",
    [
        (fail(path=TOKEN, status=401), "not accepted yet"),
        (fail(method="DELETE", status=503), "deleting its predecessor .* failed: 503"),
        (fail(method="DELETE", status=403), "deleting its predecessor .* failed: 403"),
        (fail(method="DELETE", drop="before"), "deleting its predecessor .* failed: the connection broke"),
    ],
)
async def test_rotate_that_fails_after_it_leaves_both_and_delivers_the_successor(
    server: MatatikaServer, session: MatatikaSession, old: UUID, plan: Callable[..., object], why: str
) -> None:
    plan(server)
    with pytest.raises(SecretDeliveryError, match=why) as caught:
        await session.apikeys.rotate(old)
    assert works(server, caught.value.api_key)
    assert caught.value.step == ("accept" if "accepted" in why else "delete")
    assert "accepted" in why or (caught.value.method, caught.value.path) == ("DELETE", f"/api/apikeys/{old}")
    assert old in server.api_keys


async def test_rotate_that_is_cancelled_while_it_deletes_delivers_the_successor(
    server: MatatikaServer, session: MatatikaSession, old: UUID
) -> None:
    held = server.faults.add(method="DELETE", delay=asyncio.Event())
    rotation = asyncio.create_task(session.apikeys.rotate(old))
    await held.wait()
    rotation.cancel()
    cancelled = await cancellation_of(rotation)
    assert works(server, cancelled.api_key)
    (note,) = cancelled.__notes__
    assert str(old) in note
    assert str(cancelled.api_key.id) in note


async def test_rotate_deletes_the_key_that_was_named_whatever_the_server_shows(
    server: MatatikaServer, session: MatatikaSession, old: UUID
) -> None:
    server.faults.add(method="GET", edit=lambda key: {**key, "id": str(server.default_key_id)})
    await session.apikeys.rotate(old)
    assert old not in server.api_keys
    assert server.default_key_id in server.api_keys


@pytest.mark.parametrize("name", [None, "", " "])
async def test_rotate_makes_no_successor_without_a_name(
    server: MatatikaServer, session: MatatikaSession, old: UUID, name: str | None
) -> None:
    server.faults.add(method="GET", edit=lambda key: {**key, "name": name})
    with pytest.raises(InvalidArgumentError, match=f"{old} has no name"):
        await session.apikeys.rotate(old)
    assert server.requests.methods() == ["GET"]


async def test_rotate_of_a_key_that_somebody_deletes_meanwhile_has_reached_its_goal(
    server: MatatikaServer, session: MatatikaSession, old: UUID
) -> None:
    server.faults.add(method="DELETE", status=404, act=True)
    new = await session.apikeys.rotate(old)
    assert works(server, new)
    assert old not in server.api_keys


# A key that was made before


async def test_a_key_that_was_made_before_is_waited_for(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    new = await session.apikeys.create("x")
    began = clock.monotonic()
    await session.apikeys.wait_until_accepted(new.credentials)
    assert 30 <= clock.monotonic() - began <= 35
    await session.apikeys.wait_until_accepted(new.credentials, within=0)


async def test_why_it_is_not_accepted_is_the_error(server: MatatikaServer, session: MatatikaSession) -> None:
    new = await session.apikeys.create("x")
    with pytest.raises(AuthenticationError, match="refuses the credentials") as caught:
        await session.apikeys.wait_until_accepted(new.credentials, within=10)
    assert caught.value.__context__ is None
    server.faults.add(path=TOKEN, delay=asyncio.Event(), times=None)
    impatient = session.with_options(timeouts=Timeouts(connect=0.05))
    with pytest.raises(TransportError, match="no response within") as silence:
        await impatient.apikeys.wait_until_accepted(new.credentials, within=0.1)
    assert isinstance(silence.value, TimeoutError)


async def test_it_waits_for_an_api_key_and_for_some_seconds(server: MatatikaServer, session: MatatikaSession) -> None:
    token: Any = BearerToken("token")
    with pytest.raises(ValueError, match="credentials must be ClientCredentials"):
        await session.apikeys.wait_until_accepted(token)
    with pytest.raises(ValueError, match="within must be seconds"):
        await session.apikeys.wait_until_accepted(server.credentials, within=-1)
    assert not server.requests
