"""Tokens from a user's callable."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiomatatika import AccessToken, AuthenticationError, Secret
from aiomatatika.testing import ControlledClock
from aiomatatika.auth.token_callable import callable_grant
from aiomatatika.auth.token import Granted, Refused

from ..servers import caught, everything_shown


def granted(outcome: Granted | Refused) -> Granted:
    assert isinstance(outcome, Granted)
    return outcome


async def test_a_str_of_a_callable_lasts_until_it_is_refused(clock: ControlledClock) -> None:
    async def bring() -> str:
        return "a.b.c"

    token = granted(await callable_grant(bring, clock, 60)(1))
    assert (token.value, token.lifetime) == (Secret("a.b.c"), None)


async def test_an_access_token_of_a_callable_lives_as_long_as_it_says(clock: ControlledClock) -> None:
    async def bring() -> AccessToken:
        clock.advance(3)
        return AccessToken("a.b.c", expires_in=60)

    token = granted(await callable_grant(bring, clock, 60)(1))
    assert (token.value, token.lifetime) == (Secret("a.b.c"), 60)
    assert token.asked_at.age(clock) == 3


@pytest.mark.parametrize(
    "brought, says",
    [
        (None, "NoneType: expected str or AccessToken"),
        (b"canary", "bytes: expected str or AccessToken"),
        ("", "no bearer token"),
        ("Bearer canary", "no bearer token"),
        ("canary\n", "no bearer token"),
        (Secret("canary\n"), "no bearer token"),
    ],
)
async def test_what_else_a_callable_brings_is_refused_and_not_shown(
    clock: ControlledClock, brought: Any, says: str
) -> None:
    async def bring() -> Any:
        return brought

    outcome = await callable_grant(bring, clock, 60)(1)
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, AuthenticationError)
    assert says in str(outcome.error)
    assert "canary" not in everything_shown(outcome.error)


async def test_what_a_callable_raises_passes_through(clock: ControlledClock) -> None:
    async def bring() -> str:
        raise LookupError

    assert isinstance(await caught(callable_grant(bring, clock, 60)(1)), LookupError)


async def test_a_callable_that_hangs_is_given_up(clock: ControlledClock) -> None:
    async def bring() -> str:
        await asyncio.Event().wait()
        return "never"

    assert isinstance(await caught(callable_grant(bring, clock, 0.01)(1)), TimeoutError)
