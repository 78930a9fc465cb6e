"""What the tests of every resource need to see of a key."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import ApiKey, NewApiKey
from aiomatatika.testing import MatatikaServer


@pytest.fixture
def key_id(matatika_server: MatatikaServer) -> UUID:
    """The id of a key that is there already."""
    return matatika_server.add_api_keys(1, "there")[0]


def works(server: MatatikaServer, key: ApiKey) -> bool:
    """Tell whether the server has a key of this id with the secret that the caller holds."""
    stored = server.api_keys.get(key.id)
    return (
        stored is not None
        and isinstance(key, NewApiKey)
        and (stored.client_id, stored.client_secret) == (key.client_id, key.client_secret)
    )


async def cancellation_of(task: asyncio.Task[Any]) -> Any:
    """Return the `asyncio.CancelledError` that a task ends with, and that can have a new key on it."""
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value
