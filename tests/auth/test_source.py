"""The life of a token, and who shares it."""

from __future__ import annotations

import asyncio
import contextvars
import gc

import pytest

from aiomatatika import AuthenticationError, Secret, SessionClosedError
from aiomatatika.testing import ControlledClock
from aiomatatika.auth import source as tokens
from aiomatatika.auth.source import TokenSource

from .issuer import DAY, Issuer, down


@pytest.fixture
async def issuer(clock: ControlledClock) -> Issuer:
    return Issuer(clock)


# One fetch for all


async def test_nothing_is_fetched_before_somebody_asks_and_then_once(issuer: Issuer) -> None:
    assert issuer.asked == []
    assert [await issuer.get() for _ in range(3)] == ["token-1"] * 3
    assert issuer.asked == [3]  # nothing else can be done without a token: three requests are allowed


async def test_two_thousand_callers_share_one_fetch(issuer: Issuer) -> None:
    assert set(await asyncio.gather(*(issuer.get() for _ in range(2_000)))) == {"token-1"}
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("cancelled", [slice(0, 1), slice(0, 60), slice(1, 100)], ids=["first", "most", "all but one"])
async def test_a_cancelled_caller_hurts_nobody(issuer: Issuer, cancelled: slice) -> None:
    issuer.gate.clear()
    callers = [asyncio.create_task(issuer.get()) for _ in range(100)]
    await asyncio.sleep(0)
    for caller in callers[cancelled]:
        caller.cancel()
    await asyncio.sleep(0)
    issuer.gate.set()
    served = [caller for caller in callers if caller not in callers[cancelled]]
    assert set(await asyncio.gather(*served)) == {"token-1"}
    assert all(caller.cancelled() for caller in callers[cancelled])
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("answer", [DAY, down(), ValueError("no")], ids=["granted", "refused", "raised"])
async def test_a_fetch_that_nobody_waits_for_any_more_ends_quietly(issuer: Issuer, answer: float) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    issuer.gate.clear()
    issuer.answers.append(answer)
    callers = [asyncio.create_task(issuer.get()) for _ in range(10)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    issuer.gate.set()
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert complaints == []
    assert len(issuer.asked) == 1


async def test_a_fetch_whose_callers_have_gone_serves_the_next(issuer: Issuer) -> None:
    issuer.gate.clear()
    caller = asyncio.create_task(issuer.get())
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait({caller})
    issuer.gate.set()
    assert await issuer.get() == "token-1"
    assert len(issuer.asked) == 1


async def test_a_fetch_does_not_keep_its_callers_context(clock: ControlledClock) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nobody's")
    seen = []

    class Curious(Issuer):
        async def __call__(self, attempts: int) -> tokens.Granted | tokens.Refused:
            seen.append(variable.get())
            return await super().__call__(attempts)

    variable.set("the caller's")
    await Curious(clock).get()
    assert seen == ["nobody's"]


# Ahead of time


@pytest.mark.parametrize("chance, begins", [(0.0, 0.75 * DAY), (0.5, 0.7625 * DAY), (0.999, 0.774975 * DAY)])
async def test_in_its_last_quarter_a_token_is_refreshed_in_the_background(
    issuer: Issuer, chance: float, begins: float
) -> None:
    issuer.clock.randomness = chance
    await issuer.first()
    assert await issuer.get_at(begins - 1) == "token-1"
    assert issuer.asked == [3]
    issuer.gate.clear()
    assert await issuer.get_at(begins + 1) == "token-1"  # the old one, at once
    assert [await issuer.get() for _ in range(100)] == ["token-1"] * 100
    assert issuer.asked == [3, 1]
    issuer.gate.set()
    await issuer.get_and_settle()
    assert await issuer.get() == "token-2"


@pytest.mark.parametrize("lifetime, age", [(DAY, DAY - 60), (100.0, 90.0)], ids=["a day", "100 s"])
async def test_in_its_last_tenth_or_minute_the_next_token_is_waited_for(
    issuer: Issuer, lifetime: float, age: float
) -> None:
    issuer.lifetime = lifetime
    await issuer.first()
    issuer.clock.advance(age)
    assert await issuer.get() == "token-2"


async def test_the_old_token_serves_where_the_next_one_is_not_to_be_had(issuer: Issuer) -> None:
    await issuer.first()
    issuer.answers.append(down())
    assert await issuer.get_at(DAY - 59) == "token-1"
    assert await issuer.get_at(DAY - 58) == "token-1"
    assert len(issuer.asked) == 2  # it is not asked again at once


async def test_the_old_token_serves_where_the_next_one_does_not_come_in_time(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_PATIENCE", 0.01)
    await issuer.first()
    issuer.gate.clear()
    assert await issuer.get_at(DAY - 59) == "token-1"


async def test_a_fetch_that_hangs_holds_callers_up_once(issuer: Issuer) -> None:
    await issuer.first()
    issuer.gate.clear()
    await issuer.get_at(0.9 * DAY)
    async with asyncio.timeout(1):
        assert await issuer.get_at(DAY - 30) == "token-1"
    assert len(issuer.asked) == 2
    issuer.gate.set()


async def test_the_wait_for_the_next_token_leaves_half_of_the_callers_time(issuer: Issuer) -> None:
    await issuer.first()
    issuer.gate.clear()
    issuer.clock.advance(DAY - 59)
    async with asyncio.timeout(0.1):
        assert await issuer.get(lambda: 0.02) == "token-1"


@pytest.mark.parametrize("lifetime, last", [(DAY, DAY - 10), (100.0, 95.0)], ids=["a day", "100 s"])
async def test_in_its_last_seconds_a_token_counts_as_expired(issuer: Issuer, lifetime: float, last: float) -> None:
    issuer.lifetime = lifetime
    await issuer.first()
    issuer.answers += [down(), down()]
    assert await issuer.get_at(last - 1) == "token-1"
    issuer.clock.advance(1)
    with pytest.raises(Exception, match="503"):
        await issuer.get()


async def test_a_wall_clock_that_jumps_forward_ends_a_token(issuer: Issuer) -> None:
    await issuer.first()
    issuer.clock.jump(DAY)
    assert await issuer.get() == "token-2"


async def test_a_wall_clock_that_jumps_back_does_not_prolong_a_token(issuer: Issuer) -> None:
    await issuer.first()
    issuer.clock.jump(-DAY)
    assert await issuer.get_at(DAY / 2) == "token-1"
    assert await issuer.get_at(DAY) == "token-2"


async def test_a_token_without_a_lifetime_is_never_refreshed(issuer: Issuer) -> None:
    issuer.lifetime = None
    await issuer.first()
    assert await issuer.get_at(10_000 * DAY) == "token-1"


async def test_a_fixed_token_is_handed_out_for_ever_and_cannot_be_replaced(clock: ControlledClock) -> None:
    source = TokenSource(None, clock, fixed=Secret("mine"))
    clock.advance(10_000 * DAY)
    token = await source.get(lambda: 60.0)
    assert token.value == Secret("mine")
    assert token.authorization == Secret("Bearer mine")
    assert not source.replace(token)


# A token that the API refused


async def test_a_refused_token_is_dropped_and_the_next_one_fetched(issuer: Issuer) -> None:
    refused = await issuer.source.get(lambda: 60.0)
    assert issuer.source.replace(refused)
    assert await issuer.get() == "token-2"


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one_alone(issuer: Issuer) -> None:
    old = await issuer.source.get(lambda: 60.0)
    issuer.source.replace(old)
    await issuer.get()
    assert issuer.source.replace(old)  # another attempt helps
    assert await issuer.get() == "token-2"
    assert len(issuer.asked) == 2


async def test_tokens_that_were_never_good_are_replaced_once_in_thirty_seconds(issuer: Issuer) -> None:
    replaced = 0
    for _ in range(301):  # five minutes
        token = await issuer.source.get(lambda: 60.0)
        replaced += issuer.source.replace(token)
        issuer.clock.advance(1)
    assert replaced == 11
    assert len(issuer.asked) == 11


async def test_tokens_that_were_good_are_replaced_as_often_as_four_times_in_two_minutes(issuer: Issuer) -> None:
    replaced = []
    for _ in range(6):
        token = await issuer.source.get(lambda: 60.0)
        issuer.source.confirm(token)
        replaced.append(issuer.source.replace(token))
        issuer.clock.advance(1)
    assert replaced == [True, True, True, True, False, False]
    issuer.clock.advance(114)
    token = await issuer.source.get(lambda: 60.0)
    assert issuer.source.replace(token)


# Closing


async def test_closing_ends_the_wait_for_a_token(issuer: Issuer) -> None:
    issuer.gate.clear()
    callers = [asyncio.create_task(issuer.get()) for _ in range(3)]
    await asyncio.sleep(0)
    await issuer.source.close()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SessionClosedError] * 3
    with pytest.raises(SessionClosedError):
        await issuer.get()
    await issuer.source.close()


async def test_closing_ends_the_wait_for_the_next_token(issuer: Issuer) -> None:
    await issuer.first()
    issuer.gate.clear()
    issuer.clock.advance(DAY - 59)
    caller = asyncio.create_task(issuer.get())
    await asyncio.sleep(0)
    await issuer.source.close()
    with pytest.raises(SessionClosedError):
        await caller


async def test_a_token_callable_may_close_its_own_session(clock: ControlledClock) -> None:
    class Closing(Issuer):
        async def __call__(self, attempts: int) -> tokens.Granted | tokens.Refused:
            await self.source.close()
            return await super().__call__(attempts)

    with pytest.raises(SessionClosedError):
        await Closing(clock).get()


def test_closing_reaches_the_fetches_of_other_loops(clock: ControlledClock) -> None:
    live, dead = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def begun() -> tuple[Issuer, asyncio.Task[str]]:
        issuer = Issuer(clock)
        issuer.gate.clear()
        return issuer, await begin(issuer)

    async def begin(issuer: Issuer) -> asyncio.Task[str]:
        caller = asyncio.get_running_loop().create_task(issuer.get())
        await asyncio.sleep(0)
        return caller

    try:
        issuer, caller = live.run_until_complete(begun())
        abandoned = dead.run_until_complete(begin(issuer))
        tasks = asyncio.all_tasks(dead)
        dead.close()
        asyncio.run(issuer.source.close())
        with pytest.raises(SessionClosedError):
            live.run_until_complete(caller)
        assert not abandoned.done()
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # its loop was closed under it, on purpose
    finally:
        live.close()


async def test_a_fetch_that_its_loop_cancels_is_begun_again_by_those_who_wait(issuer: Issuer) -> None:
    issuer.gate.clear()
    caller = asyncio.create_task(issuer.get())
    await asyncio.sleep(0)
    (fetch,) = (task for task in asyncio.all_tasks() if task.get_name() == "aiomatatika token")
    await asyncio.sleep(0)
    fetch.cancel()
    issuer.gate.set()
    assert await caller == "token-2"


async def test_a_callable_that_is_cancelled_by_itself_is_a_failure(issuer: Issuer) -> None:
    issuer.answers.append(asyncio.CancelledError())
    with pytest.raises(AuthenticationError, match="cancelled by the token callable itself"):
        await issuer.get()
    assert len(issuer.asked) == 1
