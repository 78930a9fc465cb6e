"""What became of the creation of a key: what the tests of `once` ask of the server and of the error."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aiomatatika import MatatikaSession, NewApiKey, SecretLostError
from aiomatatika.testing import MatatikaServer

REPAIRED = ["POST", "PUT", "GET", "DELETE", "POST", "PUT"]
ONE_KEY = "/api/apikeys/*"


def made(server: MatatikaServer) -> list[UUID]:
    """Return the ids of the keys that were made beside the built-in one."""
    return [key_id for key_id in server.api_keys if key_id != server.default_key_id]


def assert_delivered(server: MatatikaServer, new: NewApiKey) -> None:
    """Fail unless there is one new key, and the caller holds its secret."""
    assert made(server) == [new.id]
    stored = server.api_keys[new.id]
    assert (stored.client_id, stored.client_secret) == (new.client_id, new.client_secret)


async def lost(session: MatatikaSession, **options: Any) -> SecretLostError:
    with pytest.raises(SecretLostError) as caught:
        await session.apikeys.create("x", **options)
    assert str(caught.value.key_id) in str(caught.value)
    return caught.value
