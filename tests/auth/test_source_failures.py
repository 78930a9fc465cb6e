"""What a failed fetch of a token means for the calls after it."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from aiomatatika import AuthenticationError, MatatikaError, RateLimitError, TransportError
from aiomatatika.testing import ControlledClock
from aiomatatika.auth.token import Refused

from ..servers import caught, everything_shown
from .issuer import DAY, Issuer, down, limited


@pytest.fixture
async def issuer(clock: ControlledClock) -> Issuer:
    return Issuer(clock)


def refusal() -> Refused:
    return Refused(AuthenticationError("refused", status=401, code="access_denied"), final=True)


async def asked_at(issuer: Issuer, seconds: int) -> list[int]:
    """Ask once a second, and return at which seconds the issuer was asked."""
    moments = []
    for second in range(seconds):
        before = len(issuer.asked)
        with contextlib.suppress(MatatikaError):
            await issuer.get_and_settle()
        if len(issuer.asked) > before:
            moments.append(second)
        issuer.clock.advance(1)
    return moments


# While the old token is valid


async def test_an_early_refresh_that_fails_is_tried_again_ever_more_seldom(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    await issuer.first()
    issuer.answers.extend(down() for _ in range(100))
    await issuer.get_at(0.8 * DAY - 1)
    issuer.clock.advance(1)
    caplog.clear()
    assert await asked_at(issuer, 1_200) == [29, 89, 209, 509, 809, 1109]  # the first was a second before
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 6
    assert "503" in caplog.text


async def test_the_failure_of_an_early_refresh_is_forgotten_when_one_succeeds(issuer: Issuer) -> None:
    await issuer.first()
    issuer.answers.append(down())
    await issuer.get_at(0.8 * DAY)
    await issuer.get_at(0.8 * DAY + 31)
    assert await issuer.get_at(0.8 * DAY + 32) == "token-3"
    issuer.answers.append(down())
    await issuer.get_at(1.6 * DAY)
    assert await asked_at(issuer, 100) == [30]


async def test_a_rate_limit_puts_an_early_refresh_off_as_long_as_it_says(issuer: Issuer) -> None:
    await issuer.first()
    issuer.answers.append(limited(1_200))
    await issuer.get_at(0.8 * DAY)
    assert await asked_at(issuer, 1_300) == [1_200]


async def test_an_issuer_that_is_down_is_noticed_at_the_real_end_alone(issuer: Issuer) -> None:
    await issuer.first()
    issuer.answers.extend(down() for _ in range(200))
    await issuer.get_at(DAY - 1_800)
    for _ in range(1_789):
        issuer.clock.advance(1)
        assert await issuer.get_and_settle() == "token-1"
    issuer.clock.advance(1)
    with pytest.raises(TransportError):
        await issuer.get()
    before = len(issuer.asked)
    assert len(await asked_at(issuer, 1_800)) <= 60
    assert before < 15
    issuer.answers.clear()
    issuer.clock.advance(30)
    assert (await issuer.get()).startswith("token-")


# Without a token


@pytest.mark.parametrize(
    "outcome, moments",
    [
        (down(), [0, 5, 15, 35, 65, 95]),
        (refusal(), [0, 60]),
        (limited(None), [0, 5, 15, 35, 65, 95]),
        (limited(61), [0, 61]),
        (limited(3_540), [0]),
    ],
    ids=["down", "refused", "limited", "limited for 61 s", "limited for an hour"],
)
async def test_a_failure_is_remembered_and_soon_tried_again(
    issuer: Issuer, outcome: Refused, moments: list[int]
) -> None:
    issuer.answers.extend([outcome] * 30)
    # A caller whose time is short does not wait for a limit to pass.
    seen = []
    for second in range(100):
        before = len(issuer.asked)
        assert isinstance(await caught(issuer.get(lambda: 1.0)), type(outcome.error))
        seen += [second] * (len(issuer.asked) - before)
        issuer.clock.advance(1)
    assert seen == moments


async def test_after_a_failure_one_request_is_allowed_in_place_of_three(issuer: Issuer) -> None:
    issuer.answers.append(down())
    await caught(issuer.get())
    issuer.clock.advance(6)
    await issuer.get()
    assert issuer.asked == [3, 1]


async def test_each_caller_gets_an_error_object_of_its_own(issuer: Issuer) -> None:
    issuer.answers.append(refusal())
    errors = await asyncio.gather(*(caught(issuer.get()) for _ in range(100)))
    errors.append(await caught(issuer.get()))
    assert len({id(error) for error in errors}) == 101
    assert {(type(error), str(error), vars(error)["code"]) for error in errors} == {
        (AuthenticationError, "refused", "access_denied")
    }
    assert len(issuer.asked) == 1


async def test_what_is_left_of_a_rate_limit_is_told(issuer: Issuer) -> None:
    issuer.answers.append(limited(3_540))
    await caught(issuer.get())
    issuer.clock.advance(40)
    error = await caught(issuer.get())
    assert isinstance(error, RateLimitError)
    assert error.retry_after == pytest.approx(3_500)


# A short rate limit


async def test_a_short_rate_limit_is_waited_for_once_by_all(issuer: Issuer) -> None:
    issuer.answers.append(limited(3))
    assert set(await asyncio.gather(*(issuer.get() for _ in range(10)))) == {"token-2"}
    assert len(issuer.asked) == 2
    assert set(issuer.clock.sleeps) == {3.5}  # and half a second by chance


async def test_a_rate_limit_that_is_over_is_waited_for_a_second(issuer: Issuer) -> None:
    issuer.answers.append(limited(0))
    assert await issuer.get() == "token-2"
    assert issuer.clock.sleeps == [1.5]


async def test_the_wait_for_a_rate_limit_leaves_time_for_the_call(issuer: Issuer) -> None:
    issuer.answers.append(limited(3))
    await issuer.get(lambda: 3.2)
    assert issuer.clock.sleeps == [pytest.approx(3.1)]


async def test_a_second_rate_limit_is_not_waited_for(issuer: Issuer) -> None:
    issuer.answers += [limited(3), limited(3)]
    with pytest.raises(RateLimitError):
        await issuer.get()
    assert len(issuer.asked) == 2


@pytest.mark.parametrize("retry_after, time_left", [(61, 600.0), (3, 3.0), (3, 0.5)])
async def test_a_rate_limit_that_does_not_fit_is_raised_at_once(
    issuer: Issuer, retry_after: float, time_left: float
) -> None:
    issuer.answers.append(limited(retry_after))
    with pytest.raises(RateLimitError) as raised:
        await issuer.get(lambda: time_left)
    assert raised.value.retry_after == retry_after
    assert issuer.clock.sleeps == []


# What an issuer should not do


@pytest.mark.parametrize("lifetime", [0.0, -1.0, -DAY])
async def test_a_token_that_is_expired_as_it_comes_is_a_failure(issuer: Issuer, lifetime: float) -> None:
    issuer.lifetime = lifetime
    for _ in range(3):
        with pytest.raises(AuthenticationError, match="already expired"):
            await issuer.get()
    assert len(issuer.asked) == 1


async def test_an_error_of_ours_that_is_raised_is_remembered_as_it_is(issuer: Issuer) -> None:
    raised = TransportError("no vault", sent="no")
    issuer.answers.append(raised)
    errors = [await caught(issuer.get()) for _ in range(2)]
    assert [(type(error), str(error)) for error in errors] == [(TransportError, "no vault")] * 2
    assert raised not in errors
    assert len(issuer.asked) == 1


async def test_of_another_exception_its_type_and_place_are_told_and_nothing_else(issuer: Issuer) -> None:
    issuer.answers.append(ValueError("canary"))
    error = await caught(issuer.get())
    assert isinstance(error, AuthenticationError)
    assert "ValueError at issuer.py:" in str(error)
    assert "canary" not in everything_shown(error)
    await caught(issuer.get())
    assert len(issuer.asked) == 1
