"""No secret shows: not in `repr`, logs, errors, tracebacks with their locals, pickles or `attrs.asdict`.

A story runs with everything switched on that could show one. Then every object, error and log record that it left is
searched for every secret that crossed the wire.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import attrs
import pytest

from aiomatatika import (
    AccessToken,
    ApiKey,
    BearerToken,
    ClientCredentials,
    MatatikaError,
    MatatikaSession,
    Retries,
    Secret,
    Timeouts,
)
from aiomatatika.testing import MatatikaServer

from .canary import assert_hidden as assert_all_hidden, secrets_on_the_wire, shown_by, shown_by_error

Step = Callable[[MatatikaSession, MatatikaServer], Awaitable[object]]


async def drop_then_fail(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path="/api/apikeys/*", status=503, times=None)
    return await session.apikeys.create("lost")


async def echo(session: MatatikaSession, server: MatatikaServer) -> object:
    secret = server.credentials.client_secret.reveal()
    server.faults.add(
        path="/api/apikeys",
        status=500,
        body=lambda request: (
            f'{{"message": "bad header {request.headers["Authorization"]} and {secret}", "errors": []}}'
        ),
        times=None,
    )
    return await session.apikeys.list().first()


async def broken_item(session: MatatikaSession, server: MatatikaServer) -> object:
    def edit(document: dict[str, Any]) -> None:
        document["_embedded"]["apikeys"][-1]["id"] = 5

    server.faults.add(path="/api/apikeys", edit=edit)
    return await session.apikeys.list().collect()


async def cut_secret(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(method="PUT", cut_after=300)
    return await session.apikeys.create("cut")


async def broken_field(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(method="PUT", edit=lambda document: document.update(created="not a date"))
    return await session.apikeys.create("broken field")


async def cancelled(session: MatatikaSession, server: MatatikaServer) -> object:
    reached = asyncio.Event()
    server.faults.add(method="PUT", delay=reached)
    task = asyncio.ensure_future(session.apikeys.create("cancelled"))
    while "PUT" not in server.requests.methods():
        await asyncio.sleep(0)
    task.cancel()
    asyncio.get_running_loop().call_later(0.02, reached.set)
    return await task


async def timed_out(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/api/apikeys", delay=asyncio.Event(), times=None)
    async with asyncio.timeout(0.05):
        return await session.apikeys.list().first()


async def out_of_time(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/api/apikeys", delay=asyncio.Event(), times=None)
    return await session.with_options(timeouts=Timeouts(total=0.05)).apikeys.list().first()


async def refused_token(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/api/apikeys", status=401, times=None)
    return await session.apikeys.list().first()


async def not_http(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/api/apikeys", raw=b"HTP/9 what\r\n\r\n", times=None)
    return await session.apikeys.list().first()


async def redirected(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/api/apikeys", status=307, headers={"Location": "https://evil.example/"}, times=None)
    return await session.apikeys.list().first()


async def no_token(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/oauth/token", status=401, json={"error": "access_denied"}, times=None)
    async with server.session() as other:
        return await other.apikeys.list().first()


async def no_json_from_the_identity_provider(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path="/oauth/token", status=200, body=server.credentials.client_secret.reveal(), times=None)
    async with server.session() as other:
        return await other.apikeys.list().first()


async def failing_callable(session: MatatikaSession, server: MatatikaServer) -> object:
    async def bring() -> str:
        raise RuntimeError(server.credentials.client_secret.reveal())

    async with MatatikaSession(BearerToken(bring), deployment=server.deployment) as other:
        return await other.apikeys.list().first()


async def bad_secret(session: MatatikaSession, server: MatatikaServer) -> object:
    return ClientCredentials("id", Secret(server.credentials.client_secret.reveal() + "\n"))


async def bad_token(session: MatatikaSession, server: MatatikaServer) -> object:
    return AccessToken(Secret("Bearer " + server.credentials.client_secret.reveal()))


FAILURES: list[Step] = [
    drop_then_fail,
    echo,
    broken_item,
    cut_secret,
    cancelled,
    timed_out,
    out_of_time,
    refused_token,
    not_http,
    redirected,
    no_token,
    no_json_from_the_identity_provider,
    failing_callable,
    bad_secret,
    bad_token,
]


@pytest.fixture(autouse=True)
def logged_in_full(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def assert_hidden(texts: Iterable[str], server: MatatikaServer) -> None:
    assert_all_hidden(texts, secrets_on_the_wire(server))


@pytest.mark.parametrize("step", FAILURES, ids=lambda step: step.__name__)
async def test_a_failure_shows_no_secret(
    step: Step, matatika_server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.get_running_loop().set_debug(True)
    async with matatika_server.session(retries=Retries(attempts=2)) as session:
        await session.apikeys.list().first()
        with pytest.raises((MatatikaError, TimeoutError, asyncio.CancelledError)) as caught:
            await step(session, matatika_server)

    assert_hidden(shown_by_error(caught.value, but_not=__file__), matatika_server)
    assert_hidden(shown_by(pickle.loads(pickle.dumps(caught.value))), matatika_server)  # our own
    assert_hidden(shown_by(copy.copy(caught.value)), matatika_server)
    assert_hidden([record.getMessage() + repr(vars(record)) for record in caplog.records], matatika_server)


async def test_what_a_session_hands_out_shows_no_secret(
    matatika_server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.get_running_loop().set_debug(True)
    matatika_server.add_api_keys(3)
    async with matatika_server.session() as session:
        default = next(key for key in await session.apikeys.list().collect() if key.name == "default")
        assert isinstance(default.access_token, Secret)
        new = await session.apikeys.create("shown", ready_within=10)
        half = await broken_field(session, matatika_server)
        things: list[object] = [
            session,
            session.with_options(),
            session.apikeys,
            session.apikeys.list(),
            session._client.state,  # what a debugger shows
            session._client.state.tokens._token,  # as above
            default,
            new,
            half,
            new.credentials,
            new.client_secret,
            new.links,
            new.extra,
            await session.apikeys.list().pages().__anext__(),
            await session.request("GET", "/apikeys"),
            await session.follow(new),
            await session.apikeys.rotate(new),
            matatika_server.credentials,
            matatika_server,
            BearerToken(default.access_token),
            AccessToken(default.access_token, expires_in=5),
        ]
        for thing in things:
            assert_hidden(shown_by(thing), matatika_server)
            assert default.access_token.reveal()[:16] not in "".join(shown_by(thing))

    assert_hidden([record.getMessage() + repr(vars(record)) for record in caplog.records], matatika_server)


async def test_members_that_look_secret_do_not_travel_in_a_pickle(matatika_server: MatatikaServer) -> None:
    def edit(document: dict[str, Any]) -> None:
        document.update(refreshSecret="canary-in-an-unknown-field", colour="green")

    async with matatika_server.session() as session:
        key_id = matatika_server.add_api_keys(1)[0]
        matatika_server.faults.add(method="GET", path="/api/apikeys/*", edit=edit)
        key = await session.apikeys.get(key_id)

    assert key.extra["refreshSecret"] == "canary-in-an-unknown-field"
    for text in shown_by(key):
        assert "canary" not in text
    assert dict(pickle.loads(pickle.dumps(key)).extra) == {"colour": "green"}  # our own


async def test_a_resource_and_its_pickle_are_equal(matatika_session: MatatikaSession) -> None:
    key = await matatika_session.apikeys.list().first()
    assert isinstance(key, ApiKey)
    restored = pickle.loads(pickle.dumps(key))  # our own
    assert attrs.evolve(restored, access_token=None) == attrs.evolve(key, access_token=None)
    assert restored.links["self"] == key.links["self"]
