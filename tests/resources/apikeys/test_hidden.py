"""A key that an error carries out of a call shows no secret on its way, and is not lost on it."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika import MatatikaSession, SecretDeliveryError
from aiomatatika.testing import MatatikaServer

from ...canary import assert_hidden, secrets_on_the_wire, shown_by, shown_by_error
from ..conftest import works

Story = Callable[[MatatikaSession, MatatikaServer, UUID], Awaitable[object]]


async def created_by_an_update(session: MatatikaSession, server: MatatikaServer, key_id: UUID) -> object:
    return await session.apikeys.update(uuid4(), name="x")


async def not_accepted_in_time(session: MatatikaSession, server: MatatikaServer, key_id: UUID) -> object:
    server.faults.add(path="/oauth/token", status=401, times=None)
    return await session.apikeys.create("x", ready_within=3)


async def predecessor_not_deleted(session: MatatikaSession, server: MatatikaServer, key_id: UUID) -> object:
    server.faults.add(method="DELETE", status=403)
    return await session.apikeys.rotate(key_id)


async def cancelled_while_it_waits(session: MatatikaSession, server: MatatikaServer, key_id: UUID) -> object:
    held = server.faults.add(path="/oauth/token", delay=asyncio.Event())
    rotation = asyncio.create_task(session.apikeys.rotate(key_id))
    await held.wait()
    rotation.cancel()
    return await rotation


STORIES: list[Story] = [
    created_by_an_update,
    not_accepted_in_time,
    predecessor_not_deleted,
    cancelled_while_it_waits,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_the_error_holds_the_key_and_shows_no_secret(
    story: Story, matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    await matatika_session.apikeys.list().first()
    with pytest.raises((SecretDeliveryError, asyncio.CancelledError)) as caught:
        await story(matatika_session, matatika_server, key_id)
    error: Any = caught.value
    assert works(matatika_server, error.api_key)
    secrets = secrets_on_the_wire(matatika_server)
    assert error.api_key.client_secret.reveal() in secrets
    assert_hidden(shown_by_error(error, but_not=__file__), secrets)
    assert_hidden(shown_by(error), secrets)
    assert_hidden(shown_by(error.api_key), secrets)


async def test_a_copy_of_the_error_keeps_the_secret_and_a_pickle_does_not(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    with pytest.raises(SecretDeliveryError) as caught:
        await created_by_an_update(matatika_session, matatika_server, key_id)
    assert works(matatika_server, copy.copy(caught.value).api_key)
    pickled: SecretDeliveryError = pickle.loads(pickle.dumps(caught.value))
    assert pickled.api_key.id == caught.value.api_key.id
    assert not works(matatika_server, pickled.api_key)
