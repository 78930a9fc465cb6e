"""What a failed fetch of a token means for the calls after it."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from aiomatatika import AuthenticationError, MatatikaError, RateLimitError, TransportError
from aiomatatika.auth.token import Refused
from aiomatatika.testing import ControlledClock

from ..servers import caught
from .issuer import DAY, Issuer, down, limited

REFUSED = Refused(AuthenticationError("refused", status=401, code="access_denied"), final=True)


@pytest.fixture
async def issuer(clock: ControlledClock) -> Issuer:
    return Issuer(clock)


async def asked_at(issuer: Issuer, seconds: int, time_left: float = 60.0) -> list[int]:
    """Ask once a second, and return at which seconds the issuer was asked."""
    moments = []
    for second in range(seconds):
        before = len(issuer.asked)
        with contextlib.suppress(MatatikaError):
            await issuer.get(lambda: time_left)
        for _ in range(5):
            await asyncio.sleep(0)
        moments += [second] * (len(issuer.asked) - before)
        issuer.clock.advance(1)
    return moments


# While the old token is good


@pytest.mark.parametrize(
    "lifetime, answers, moments",
    [
        (DAY, [down()] * 9, [0, 30, 90, 210, 510, 810, 1110]),
        (DAY, [down(), down(), DAY], [0, 30, 90]),
        (DAY, [limited(700)] * 2, [0, 700]),
        (DAY, [limited(7)] * 9, [0, 30, 90, 210, 510, 810, 1110]),
        (DAY, [REFUSED] * 9, [0, 30, 90, 210, 510, 810, 1110]),
        (200.0, [down()] * 9, [0, 20]),  # not longer apart than a tenth of the lifetime
    ],
    ids=["down", "down for a minute", "limited", "limited for a moment", "refused", "a lifetime of 200 s"],
)
async def test_a_refresh_that_fails_is_repeated_ever_more_seldom(
    issuer: Issuer,
    caplog: pytest.LogCaptureFixture,
    lifetime: float,
    answers: list[Refused | float | None],
    moments: list[int],
) -> None:
    issuer.lifetime = lifetime
    await issuer.first()
    issuer.clock.advance(0.8 * lifetime)
    issuer.answers.extend(answers)
    assert await asked_at(issuer, 1_200 if lifetime == DAY else 30) == moments
    failures = [answer for answer in answers if isinstance(answer, Refused)][: len(moments)]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * len(failures)
    assert all(str(failure.error) in caplog.text for failure in failures)


async def test_the_failures_are_forgotten_when_a_refresh_succeeds(issuer: Issuer) -> None:
    await issuer.first()
    issuer.answers.extend([down(), down(), DAY, down()])
    issuer.clock.advance(0.8 * DAY)
    assert await asked_at(issuer, 100) == [0, 30, 90]
    issuer.clock.advance(0.8 * DAY)
    assert await asked_at(issuer, 31) == [0, 30]


async def test_the_warning_tells_how_long_there_is_and_when_it_is_tried_again(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    await issuer.first()
    issuer.answers.append(down())
    await issuer.get_at(DAY - 3_610)
    (message,) = caplog.messages
    assert message.startswith("refreshing the token failed (the token endpoint answered 503)")
    assert message.endswith("; the old one is good for 3600 s more, next attempt in 30 s")


@pytest.mark.parametrize("before, waits", [(2, [3.5]), (5, [0.0]), (6, [])])
async def test_the_first_call_after_the_end_waits_for_the_repeat_of_a_refresh_that_has_just_failed(
    issuer: Issuer, before: int, waits: list[float]
) -> None:
    await issuer.first()
    issuer.answers.append(down())
    await issuer.get_at(DAY - 10 - before)
    issuer.clock.advance(before)
    assert await issuer.get() == "token-3"
    assert issuer.clock.sleeps == [wait for wait in waits if wait]
    assert issuer.asked == [3, 1, 1]


async def test_where_that_takes_too_long_the_call_fails(issuer: Issuer) -> None:
    issuer.lifetime = 400.0
    await issuer.first()
    issuer.answers.extend([down()] * 3)
    for age in (305.0, 346.0, 387.0):  # with pauses of 5, 10 and 20 s where there is no token
        await issuer.get_at(age)
    issuer.clock.advance(4)
    assert isinstance(await caught(issuer.get()), TransportError)
    assert issuer.asked == [3, 1, 1, 1]


# Without a token


@pytest.mark.parametrize(
    "outcome, moments",
    [
        *((down(), [0, 5, 15, 35, 65, 95]), (REFUSED, [0, 60]), (limited(None), [0, 5, 15, 35, 65, 95])),
        *((limited(61), [0, 61]), (limited(3_540), [0])),
    ],
    ids=["down", "refused", "limited", "limited for 61 s", "limited for an hour"],
)
async def test_a_failure_is_remembered_and_soon_tried_again(
    issuer: Issuer, outcome: Refused, moments: list[int]
) -> None:
    issuer.answers.extend([outcome] * 30)
    # A caller whose time is short does not wait for a limit to pass.
    assert await asked_at(issuer, 100, time_left=0.5) == moments


async def test_after_a_short_lived_token_the_pauses_begin_at_a_tenth_of_its_lifetime(issuer: Issuer) -> None:
    issuer.lifetime = 20.0
    await issuer.first()
    issuer.clock.advance(20)
    issuer.answers.extend([down()] * 30)
    assert await asked_at(issuer, 100) == [0, 2, 6, 14, 30, 60, 90]
    assert issuer.asked == [3, 3, 1, 1, 1, 1, 1, 1]  # after a failure one request in place of three


@pytest.mark.parametrize(
    "answer, time_left, slept",
    [(limited(3), 60.0, 3.5), (limited(0), 60.0, 1.5), (limited(3), 3.2, 3.1), (limited(60), 90.0, 60.5)],
)
async def test_a_rate_limit_that_fits_is_waited_for_once_by_all(
    issuer: Issuer, answer: Refused, time_left: float, slept: float
) -> None:
    issuer.answers.append(answer)
    assert set(await asyncio.gather(*(issuer.get(lambda: time_left) for _ in range(10)))) == {"token-2"}
    assert len(issuer.asked) == 2
    assert issuer.clock.sleeps == [pytest.approx(slept)] * 10  # up to a second late, and in time for the call


async def test_a_second_rate_limit_is_not_waited_for(issuer: Issuer) -> None:
    issuer.answers += [limited(3), limited(3)]
    assert isinstance(await caught(issuer.get()), RateLimitError)
    assert len(issuer.asked) == 2


@pytest.mark.parametrize("retry_after, time_left", [(61, 600.0), (3, 3.0), (3, 0.5), (None, 600.0)])
async def test_a_rate_limit_that_does_not_fit_is_raised_at_once(
    issuer: Issuer, retry_after: float | None, time_left: float
) -> None:
    issuer.answers.append(limited(retry_after))
    error = await caught(issuer.get(lambda: time_left), RateLimitError)
    assert error.retry_after == retry_after
    assert issuer.clock.sleeps == []
