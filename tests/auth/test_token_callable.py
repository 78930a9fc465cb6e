"""Tokens from a user's callable; `tests/faults/test_caller_input_tokens.py` has what can be wrong with one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiomatatika import AccessToken, AuthenticationError, Secret, TransportTimeoutError
from aiomatatika.auth.token import Granted, Instant, Refused
from aiomatatika.auth.token_callable import callable_grant
from aiomatatika.testing import ControlledClock

from ..servers import everything_shown


@pytest.mark.parametrize(
    "brought, lifetime", [("a.b.c", None), (Secret("a.b.c"), None), (AccessToken("a.b.c", expires_in=60), 60)]
)
async def test_a_token_lasts_as_long_as_its_callable_says_or_until_it_is_refused(
    clock: ControlledClock, brought: Any, lifetime: float | None
) -> None:
    began = Instant.now(clock)

    async def bring() -> Any:
        clock.advance(3)
        return brought

    assert await callable_grant(bring, clock, 60)(1) == Granted(Secret("a.b.c"), lifetime, began)


@pytest.mark.parametrize(
    "brought, says",
    [
        (None, "returned NoneType: expected str, Secret or AccessToken"),
        (b"canary", "returned bytes: expected str, Secret or AccessToken"),
        ("", "returned no bearer token: value is not a bearer token"),
        ("Bearer canary", "give the bare token"),
        (Secret("canary\n"), "give the bare token"),
        ("canary" * 3_000, "returned no bearer token: value is longer than 16 KiB"),
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


async def test_a_callable_that_hangs_is_given_up(clock: ControlledClock) -> None:
    async def bring() -> str:
        await asyncio.Event().wait()
        return "never"

    outcome = await callable_grant(bring, clock, 0.01)(1)
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, TransportTimeoutError)
    assert str(outcome.error) == "the token callable did not end within 0.01 s"
    assert outcome.error.transient
