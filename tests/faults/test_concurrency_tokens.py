"""C: what callers that wait for one token share, and what a suspended machine remembers."""

from __future__ import annotations

import asyncio

from aiomatatika import BearerToken, MatatikaError, RateLimitError, TransportError
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
    for number, error in enumerate(errors):
        assert isinstance(error, MatatikaError)
        assert error.__notes__ == ["tried: vault-1", f"seen by {number}"]
        assert error.next_url == str(number)
    assert raised.__notes__ == ["tried: vault-1"]
    assert len({id(error) for error in errors}) == len({id(getattr(error, "__traceback__", None)) for error in errors})
    witness.saw(errors[0])


async def test_C19_asleep_after_a_refusal(server: MatatikaServer, clock: ControlledClock, witness: Witness) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3540"})
    async with server.session() as session:
        for _ in range(2):
            with witness.raises(RateLimitError):
                await call(session)
        assert len(server.requests.token) == 1
        clock.jump(2 * DAY)  # the monotonic clock stands still while a machine is suspended
        await call(session)
    assert len(server.requests.token) == 2


async def test_C19_a_clock_that_is_set_back_does_not_prolong_a_refusal(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3540"})
    async with server.session() as session:
        with witness.raises(RateLimitError):
            await call(session)
        clock.jump(-DAY)
        clock.advance(3_540)
        await call(session)
