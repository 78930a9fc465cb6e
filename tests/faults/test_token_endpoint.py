"""T: what the token endpoint can do wrong."""

from __future__ import annotations

from aiomatatika import AuthenticationError
from aiomatatika.testing import MatatikaServer

from .conftest import Witness


async def test_T12_wrong_secret(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(path="/oauth/token", status=401, json={"error": "access_denied"}, times=None)
    async with server.session() as session:
        for _ in range(1_001):
            with witness.raises(AuthenticationError) as caught:
                await session.apikeys.list().first()
            assert isinstance(caught.value, AuthenticationError)
            assert (caught.value.status, caught.value.code) == (401, "access_denied")
            del witness.errors[1:]
    assert len(server.requests.token) == 1
    assert server.requests.api == []
