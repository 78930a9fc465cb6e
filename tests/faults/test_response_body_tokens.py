"""B: token responses that are too large."""

from __future__ import annotations

import time

import pytest

from aiomatatika import AuthenticationError, ResponseError
from aiomatatika.testing import MatatikaServer

from ..servers import bomb
from .conftest import Witness, call

TOKEN = "/oauth/token"
KIB = 1_024


def token_of(size: int) -> bytes:
    return b'{"access_token": "%s", "expires_in": 60}' % (b"x" * size)


@pytest.mark.parametrize(
    "body, headers, says",
    [
        (token_of(KIB * KIB), {}, "the body is larger than 64 KiB"),
        (bomb(20), {"Content-Encoding": "gzip"}, "the body is larger than 64 KiB"),
        (token_of(64 * KIB - 40), {}, "access_token: longer than 16 KiB"),
        (token_of(16 * KIB + 1), {}, "access_token: longer than 16 KiB"),
    ],
    ids=["1 MiB", "a bomb", "64 KiB", "16 KiB and a byte"],
)
async def test_B26_caps_that_fit(
    server: MatatikaServer, witness: Witness, body: bytes, headers: dict[str, str], says: str
) -> None:
    server.faults.add(path=TOKEN, headers=headers, body=body)
    async with server.session() as session:
        with witness.raises(ResponseError, within=1) as caught:
            await call(session)
    assert says in str(caught.value)
    assert len(server.requests.token) == 1


async def test_B26_an_error_without_end(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(path=TOKEN, status=401, body=b"x" * 8 * KIB * KIB)
    began = time.monotonic()
    async with server.session() as session:
        with witness.raises(AuthenticationError, within=5):
            await call(session)
    assert time.monotonic() - began < 5
