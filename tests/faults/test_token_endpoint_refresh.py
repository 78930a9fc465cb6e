"""T: what the token endpoint, or a clock, can do wrong while a token is in hand."""

from __future__ import annotations

import asyncio
import logging
import random
from itertools import pairwise
from typing import Any

import pytest

from aiomatatika import AuthenticationError, MatatikaSession, Timeouts, TransportError
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..auth.issuer import Issuer
from .conftest import Witness, call, fetched

TOKEN = "/oauth/token"
DAY = 86_400
HOUR = 3_600
MINUTE = 60


async def token_with(left: float, session: MatatikaSession, clock: ControlledClock) -> None:
    """Get a token and let time pass until so many seconds of its day are left."""
    await call(session)
    clock.advance(DAY - left)


async def use(session: MatatikaSession, clock: ControlledClock, seconds: int, *, every: int) -> None:
    """Make calls for so many seconds; none of them fails, and a refresh that one has begun ends before the next."""
    for _ in range(0, seconds, every):
        await call(session)
        await fetched()
        clock.advance(every)


def assert_a_warning_each(log: pytest.LogCaptureFixture, refreshes: int) -> None:
    warnings = [record.getMessage() for record in log.records if record.levelno == logging.WARNING]
    assert len(warnings) == refreshes
    assert all("refreshing the token failed" in warning for warning in warnings)


async def test_T16_quota_exceeded_during_early_refresh(server: MatatikaServer, clock: ControlledClock) -> None:
    server.faults.add(path=TOKEN, skip=1, status=429, headers={"Retry-After": "1200"})
    async with server.session() as session:
        await token_with(30 * MINUTE, session, clock)
        await use(session, clock, 1_190, every=10)
        await call(session)
        await fetched()
        assert len(server.requests.token) == 2  # the second is the refresh
        assert clock.sleeps == []
        clock.advance(10)
        await call(session)
        await fetched()
        assert len(server.requests.token) == 3


async def test_T19_identity_provider_down_token_still_valid(
    server: MatatikaServer, clock: ControlledClock, caplog: pytest.LogCaptureFixture
) -> None:
    down: list[dict[str, Any]] = [
        *({"status": status} for status in (500, 502, 503, 504)),
        {"drop": "after", "reset": True},
        {"drop": "before"},
    ]
    async with server.session(timeouts=Timeouts(read=0.2)) as session:
        await token_with(HOUR, session, clock)
        for fault in [{"delay": asyncio.Event()}, *down, *down, *down]:
            server.faults.add(path=TOKEN, **fault)
        began = clock.monotonic()
        await use(session, clock, 55 * MINUTE, every=10)
    refreshes = server.requests.token[1:]
    moments = [0, 30, 90, *range(210, 55 * MINUTE, 300)]
    assert [request.at - began for request in refreshes] == pytest.approx(moments, abs=5)
    assert len(refreshes) <= 15
    assert_a_warning_each(caplog, len(refreshes))
    assert {request.status for request in server.requests.api} == {200}


async def test_T21_down_beyond_expiry_then_back(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    async with server.session() as session:
        await token_with(30 * MINUTE, session, clock)
        down = server.faults.add(path=TOKEN, status=503, times=None)
        await use(session, clock, 30 * MINUTE - 15, every=15)  # the last ten seconds of a token are kept in reserve
        clock.advance(15)
        for _ in range(0, 30 * MINUTE, 15):
            with witness.raises(TransportError):
                await call(session)
            del witness.errors[1:]
            clock.advance(15)
        assert down.hits <= 80
        assert min(later.at - earlier.at for earlier, later in pairwise(server.requests.token[1:])) >= 30
        server.faults.clear()
        clock.advance(30)
        await call(session)


async def test_T22_mandatory_window_must_not_fail_early(
    server: MatatikaServer, clock: ControlledClock, witness: Witness
) -> None:
    async with server.session() as session:
        await token_with(10 * MINUTE, session, clock)
        server.faults.add(path=TOKEN, status=503, times=None)
        await use(session, clock, 9 * MINUTE + 30, every=30)
        await use(session, clock, 18, every=3)
        clock.advance(3)
        with witness.raises(TransportError):
            await call(session)
    assert {request.status for request in server.requests.api} == {200}


async def test_T29_clock_jumps_forward(server: MatatikaServer, clock: ControlledClock) -> None:
    async with server.session() as session:
        await call(session)
        clock.jump(DAY)
        await call(session)
    first, second = server.requests.api
    assert (first.status, second.status) == (200, 200)
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert len(server.requests.token) == 2


async def test_T30_clock_jumps_back(server: MatatikaServer, clock: ControlledClock) -> None:
    async with server.session() as session:
        await call(session)
        clock.jump(-DAY)
        clock.advance(DAY)
        await call(session)
    assert [request.status for request in server.requests.api] == [200, 200]  # no 401: the old token was not sent
    assert len(server.requests.token) == 2


async def test_T33_secret_rotated_while_running(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.session() as session:
        await token_with(3 * HOUR, session, clock)
        server.faults.add(path=TOKEN, status=401, times=None)
        await use(session, clock, 3 * HOUR - MINUTE, every=MINUTE)
        assert_a_warning_each(caplog, len(server.requests.token) - 1)
        assert len(server.requests.token) > 30
        clock.advance(MINUTE)
        with witness.raises(AuthenticationError):
            await call(session)


@pytest.mark.parametrize("step", [0.25, 0.3, 1.0, 4.9])
async def test_T38_a_short_lived_token_and_one_failing_refresh(
    server: MatatikaServer, clock: ControlledClock, step: float
) -> None:
    server.faults.add(path=TOKEN, edit=lambda token: token | {"expires_in": 5}, times=2)
    server.faults.add(path=TOKEN, status=503)
    server.faults.add(path=TOKEN, edit=lambda token: token | {"expires_in": 5}, times=None)
    async with server.session() as session:
        while len(server.requests.token) < 6:
            await call(session)
            await fetched()
            clock.advance(step)
    assert {request.status for request in server.requests.api} == {200}
    failed, repeated = server.requests.token[2:4]
    assert repeated.at - failed.at < 0.5 + 2 * step


async def test_T36_fleet_refreshes_together() -> None:
    dice = random.Random(36)
    moments = []
    for _ in range(200):
        clock = ControlledClock(frozen=True)
        clock.randomness = dice.random()
        issuer = Issuer(clock)
        await issuer.first()
        age = 0.75 * DAY
        while len(issuer.asked) == 1:
            await issuer.get_at(age)
            age += MINUTE
        moments.append(age)
    assert max(moments) - min(moments) >= 10 * MINUTE
    busiest = max(sum(moment <= other < moment + MINUTE for other in moments) for moment in moments)
    assert busiest <= 20  # a tenth of the fleet in the worst minute
