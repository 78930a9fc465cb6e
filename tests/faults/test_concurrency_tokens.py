"""C: what callers that wait for one token share, and what a suspended machine remembers."""

from __future__ import annotations

import asyncio

import pytest

from aiomatatika import BearerToken, RateLimitError, TransportError
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import session_at
from .conftest import Witness, call

TOKEN = "/oauth/token"
DAY = 86_400


async def test_C18_errors_shared_by_waiters(server: MatatikaServer, witness: Witness) -> None:
    raised = TransportError("no vault", sent="no")
    raised.add_note("tried: vault-1")

    async def bring() -> str:
        await asyncio.sleep(0)
        raise raised

    async with session_at(server.url, credentials=BearerToken(bring)) as session:
        errors = await asyncio.gather(*(call(session) for _ in range(500)), return_exceptions=True)
    for number, error in enumerate(errors):
        assert isinstance(error, TransportError)
        error.add_note(f"seen by {number}")
        error.next_url = str(number)
    shared = [(error.__notes__, getattr(error, "next_url", None)) for error in errors if error]
    assert shared == [(["tried: vault-1", f"seen by {number}"], str(number)) for number in range(500)]
    assert raised.__notes__ == ["tried: vault-1"]
    assert len({id(error.__traceback__) for error in errors if error}) == 500
    witness.saw(errors[0])


# The monotonic clock stands still while a machine is suspended; the other one may be set back.
@pytest.mark.parametrize("jump, advance", [(2 * DAY, 0), (-DAY, 3_540)], ids=["suspended", "set back"])
async def test_C19_a_refusal_lasts_by_both_clocks(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, jump: float, advance: float
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3540"})
    async with server.session() as session:
        for _ in range(2):
            with witness.raises(RateLimitError):
                await call(session)
        assert len(server.requests.token) == 1
        clock.jump(jump)
        clock.advance(advance)
        await call(session)
    assert len(server.requests.token) == 2
