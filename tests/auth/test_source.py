"""The life of a token, and who shares it."""

from __future__ import annotations

import asyncio
import contextlib
from math import ceil

import pytest

from aiomatatika import AuthenticationError, SessionClosedError, TransportError
from aiomatatika.auth import source
from aiomatatika.auth.token import Granted, Refused
from aiomatatika.testing import ControlledClock

from ..servers import caught
from .issuer import DAY, Issuer, down


@pytest.fixture
async def issuer(clock: ControlledClock) -> Issuer:
    return Issuer(clock)


# One fetch for all


async def test_a_fetch_that_its_loop_cancels_is_begun_again_by_those_who_wait(issuer: Issuer) -> None:
    issuer.gate.clear()
    caller = asyncio.create_task(issuer.get())
    await asyncio.sleep(0)
    (fetch,) = (task for task in asyncio.all_tasks() if task.get_name() == "aiomatatika token")
    await asyncio.sleep(0)
    fetch.cancel()
    issuer.gate.set()
    assert await caller == "token-2"


async def test_a_fetch_that_is_over_is_not_kept(issuer: Issuer) -> None:
    assert await issuer.first() == "token-1"
    await asyncio.sleep(0)
    assert issuer.source._fetches == {}  # each would keep its loop


# Ahead of time


@pytest.mark.parametrize("chance, begins", [(0.0, 0.75 * DAY), (0.5, 0.7625 * DAY), (0.999, ceil(0.774975 * DAY))])
async def test_in_its_last_quarter_a_token_is_refreshed_in_the_background(
    issuer: Issuer, chance: float, begins: float
) -> None:
    issuer.clock.randomness = chance
    await issuer.first()
    assert await issuer.get_at(begins - 1) == "token-1"
    assert issuer.asked == [3]
    assert await issuer.get_at(begins) == "token-1"  # the old one, at once
    assert issuer.asked == [3, 1]
    assert await issuer.get() == "token-2"


LIFETIMES = pytest.mark.parametrize("lifetime", [DAY, 100.0], ids=["a day", "100 s"])


@LIFETIMES
@pytest.mark.parametrize("early, token", [(1, "token-1"), (0, "token-2")], ids=["before", "then"])
async def test_in_its_last_tenth_or_minute_the_next_token_is_waited_for(
    issuer: Issuer, lifetime: float, early: float, token: str
) -> None:
    issuer.lifetime = lifetime
    await issuer.first()
    issuer.clock.advance(lifetime - min(60, lifetime / 10) - early)
    assert await issuer.get() == token


@LIFETIMES
async def test_in_its_last_seconds_a_token_counts_as_expired(issuer: Issuer, lifetime: float) -> None:
    issuer.lifetime = lifetime
    await issuer.first()
    last = lifetime - min(10, lifetime / 20)
    issuer.answers += [down(), down()]
    assert await issuer.get_at(last - 1) == "token-1"  # where the next one is not to be had, the old one serves
    issuer.clock.advance(1)
    await caught(issuer.get(lambda: 0.1), TransportError)


@pytest.mark.parametrize("patience, time_left", [(0.01, 60.0), (5.0, 0.02)], ids=["5 s", "half of the time left"])
async def test_the_next_token_is_waited_for_within_limits(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, patience: float, time_left: float
) -> None:
    assert source._REFRESH_WAIT == 5
    monkeypatch.setattr(source, "_REFRESH_WAIT", patience)
    waits, wait = [], asyncio.wait

    async def noted(tasks: set[asyncio.Task[None]], *, timeout: float) -> None:
        waits.append(timeout)
        await wait(tasks, timeout=timeout)

    await issuer.first()
    monkeypatch.setattr(asyncio, "wait", noted)
    issuer.gate.clear()
    issuer.clock.advance(DAY - 59)
    async with asyncio.timeout(1):
        assert await issuer.get(lambda: time_left) == "token-1"
    assert waits == [pytest.approx(min(patience, time_left / 2))]


async def test_a_fetch_that_hangs_holds_callers_up_once(issuer: Issuer) -> None:
    await issuer.first()
    issuer.gate.clear()
    await issuer.get_at(0.9 * DAY)
    async with asyncio.timeout(1):
        assert await issuer.get_at(DAY - 30) == "token-1"
    assert len(issuer.asked) == 2


async def test_a_token_without_a_lifetime_is_never_refreshed(issuer: Issuer) -> None:
    issuer.lifetime = None
    await issuer.first()
    assert await issuer.get_at(10_000 * DAY) == "token-1"


# A token that the API refused


@pytest.mark.parametrize("clock_moves", ["advance", "jump"])
async def test_tokens_that_were_never_good_are_replaced_once_in_thirty_seconds(
    issuer: Issuer, clock_moves: str
) -> None:
    replaced = []
    for second in range(100):
        if issuer.source.replace(await issuer.token()):
            replaced.append(second)
        getattr(issuer.clock, clock_moves)(1)
    assert replaced == [0, 30, 60, 90]
    assert len(issuer.asked) == 5


async def test_tokens_that_were_good_are_replaced_as_often_as_four_times_in_two_minutes(issuer: Issuer) -> None:
    replaced = []
    for second in range(250):
        token = await issuer.token()
        issuer.source.confirm(token)
        if issuer.source.replace(token):
            replaced.append(second)
        issuer.clock.advance(1)
    assert replaced == [0, 1, 2, 3, 120, 121, 122, 123, 240, 241, 242, 243]


# Closing


async def test_closing_ends_the_wait_for_the_next_token(issuer: Issuer) -> None:
    await issuer.first()
    issuer.clock.advance(DAY - 59)
    issuer.gate.clear()
    caller = asyncio.create_task(issuer.get())
    await asyncio.sleep(0)
    await issuer.close()
    await caught(caller, SessionClosedError)


async def test_a_token_callable_may_close_its_own_session(clock: ControlledClock) -> None:
    class Closing(Issuer):
        async def __call__(self, attempts: int) -> Granted | Refused:
            await self.close()
            return await super().__call__(attempts)

    with pytest.raises(SessionClosedError):
        await Closing(clock).get()


def test_closing_reaches_the_fetches_of_other_loops(clock: ControlledClock) -> None:
    issuer = Issuer(clock)

    async def begin() -> asyncio.Task[str]:
        issuer.gate.clear()
        caller = asyncio.get_running_loop().create_task(issuer.get())
        await asyncio.sleep(0)
        return caller

    live, dead = asyncio.new_event_loop(), asyncio.new_event_loop()
    caller, abandoned = live.run_until_complete(begin()), dead.run_until_complete(begin())
    tasks = asyncio.all_tasks(dead)
    dead.close()
    asyncio.run(issuer.close())
    with contextlib.closing(live), pytest.raises(SessionClosedError):
        live.run_until_complete(caller)
    assert not abandoned.done()
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # its loop was closed under it, on purpose


async def test_a_callable_that_is_cancelled_by_itself_is_a_failure(issuer: Issuer) -> None:
    issuer.answers.append(asyncio.CancelledError())
    with pytest.raises(AuthenticationError, match=r"^fetching a token was cancelled by the token callable itself$"):
        await issuer.get()
    assert len(issuer.asked) == 1
