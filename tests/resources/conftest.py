"""What the tests of every resource need to see of a key."""

from __future__ import annotations

from collections.abc import Awaitable
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


async def raised(awaitable: Awaitable[object]) -> BaseException:
    """Return what is raised; no frame of the test itself, which may hold secrets, is in its traceback."""
    try:
        await awaitable
    except BaseException as error:
        return error
    pytest.fail("nothing was raised")
