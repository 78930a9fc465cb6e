"""A token that the API refuses, and one that is not to be had."""

from __future__ import annotations

import asyncio

import pytest

from aiomatatika import AccessToken, AuthenticationError, BearerToken, MatatikaSession, RateLimitError, Repeat, Secret
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import API_KEYS, KEYS, TOKEN, caught, everything_shown, get, raw_server, session_at


def tokens_used(server: MatatikaServer) -> list[str]:
    return [request.headers["Authorization"] for request in server.requests.api]


# One token for many calls


async def test_calls_one_after_another_need_one_token(server: MatatikaServer, session: MatatikaSession) -> None:
    for _ in range(100):
        await get(session)
    assert len(server.requests.token) == 1
    assert len(set(tokens_used(server))) == 1


async def test_two_thousand_tasks_on_a_cold_session_need_one_token(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    # More than a second of real requests: what happens between so many tasks shows nowhere else.
    assert set(await asyncio.gather(*(get(session) for _ in range(2_000)))) == {200}
    assert len(server.requests.token) == 1


async def test_an_early_refresh_does_not_hold_up_the_calls(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    await get(session)
    clock.advance(70_000)
    refreshed = asyncio.Event()
    server.faults.add(path=TOKEN, delay=refreshed)
    assert set(await asyncio.gather(*(get(session) for _ in range(100)))) == {200}
    assert len(server.requests.token) == 2
    assert len(set(tokens_used(server))) == 1
    refreshed.set()
    async with asyncio.timeout(5):
        while len(set(tokens_used(server))) == 1:
            await get(session)
    assert len(server.requests.token) == 2


# 401


@pytest.mark.parametrize("method, repeat", [("GET", None), ("PUT", None), ("POST", None), ("POST", Repeat.ONCE)])
async def test_a_refused_token_is_replaced_and_the_call_made_again(
    server: MatatikaServer, session: MatatikaSession, method: str, repeat: Repeat | None
) -> None:
    server.faults.add(path=API_KEYS, status=401)
    server.faults.add(path=API_KEYS, status=200)
    assert (await session.request(method, KEYS, repeat=repeat)).status == 200
    assert server.requests.methods() == [method, method]  # a 401 was refused before anything was done
    assert len(server.requests.token) == 2
    assert len(set(tokens_used(server))) == 2


async def test_a_replacement_that_is_refused_too_ends_the_call(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=API_KEYS, status=401, times=None)
    error = await caught(get(session))
    assert isinstance(error, AuthenticationError)
    assert (error.status, error.code, error.attempts) == (401, "invalid_token", 2)
    assert (error.method, error.path) == ("GET", API_KEYS)
    assert len(server.requests.token) == 2


async def test_a_refused_token_takes_nothing_from_the_repeats(server: MatatikaServer, session: MatatikaSession) -> None:
    for status in (401, 503, 503):
        server.faults.add(path=API_KEYS, status=status)
    assert await get(session) == 200
    assert len(server.requests.api) == 4


async def test_a_401_without_a_challenge_is_one_as_well(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=API_KEYS, status=401, headers={"WWW-Authenticate": None}, times=None)
    error = await caught(get(session))
    assert isinstance(error, AuthenticationError)
    assert error.code is None
    assert "without a code" in str(error)


async def test_what_a_challenge_points_to_is_not_asked(server: MatatikaServer, session: MatatikaSession) -> None:
    async with raw_server(b"") as other:
        challenge = f'Bearer error="insufficient_claims", claims="x", authorization_uri="{other.url}/"'
        server.faults.add(path=API_KEYS, status=401, headers={"WWW-Authenticate": challenge}, times=None)
        error = await caught(get(session))
        assert other.requests == []
    assert isinstance(error, AuthenticationError)
    assert error.code == "insufficient_claims"


async def test_an_api_that_refuses_every_token_causes_one_token_request_in_thirty_seconds(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=API_KEYS, status=401, times=None)
    for _ in range(301):
        assert isinstance(await caught(get(session)), AuthenticationError)
        clock.advance(1)
    assert len(server.requests.token) <= 1 + 11


async def test_two_hundred_calls_at_once_replace_their_token_once(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    await get(session)
    server.revoke_tokens()
    assert set(await asyncio.gather(*(get(session) for _ in range(200)))) == {200}
    assert len(server.requests.token) == 2
    assert len(server.requests.api) <= 1 + 400


async def test_a_late_refusal_is_answered_with_the_token_that_came_meanwhile(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    await get(session)
    late = asyncio.Event()
    fault = server.faults.add(path=API_KEYS, status=401, delay=late)
    slow = asyncio.create_task(get(session))
    await fault.wait()
    server.revoke_tokens()
    await get(session)
    late.set()
    assert await slow == 200
    assert len(server.requests.token) == 2


async def test_a_call_is_made_again_once_and_no_more(server: MatatikaServer, session: MatatikaSession) -> None:
    await get(session)
    late = asyncio.Event()
    fault = server.faults.add(path=API_KEYS, status=401, delay=late)
    slow = asyncio.create_task(caught(get(session)))
    await fault.wait()
    server.revoke_tokens()
    await get(session)
    server.faults.add(path=API_KEYS, status=401)
    late.set()
    error = await slow
    assert isinstance(error, AuthenticationError)
    assert error.attempts == 2


async def test_a_403_says_nothing_about_the_token(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=API_KEYS, status=403)
    await caught(get(session))
    assert len(server.requests.token) == 1
    assert len(server.requests.api) == 1


# Tokens of the user


async def test_a_fixed_token_is_sent_and_its_refusal_is_the_end(server: MatatikaServer, clock: ControlledClock) -> None:
    async with session_at(server.url, clock, BearerToken("a.b.c")) as session:
        error = await caught(get(session))
    assert isinstance(error, AuthenticationError)
    assert tokens_used(server) == ["Bearer a.b.c"]
    assert server.requests.token == []


async def test_a_callable_is_asked_again_when_its_token_is_refused_or_ends(
    server: MatatikaServer, clock: ControlledClock
) -> None:
    brought: list[str | AccessToken] = ["first", AccessToken("second", 100), "third"]

    async def bring() -> str | AccessToken:
        return brought.pop(0)

    async with session_at(server.url, clock, BearerToken(bring)) as session:
        server.faults.add(path=API_KEYS, status=200)
        server.faults.add(path=API_KEYS, status=401)
        server.faults.add(path=API_KEYS, status=200, times=None)
        await get(session)
        await get(session)
        clock.advance(95)
        await get(session)
    assert tokens_used(server) == [f"Bearer {name}" for name in ("first", "first", "second", "third")]


async def test_a_callable_runs_once_for_any_number_of_calls(server: MatatikaServer, clock: ControlledClock) -> None:
    ran = 0

    async def bring() -> str:
        nonlocal ran
        ran += 1
        await asyncio.sleep(0)
        return "a.b.c"

    server.faults.add(path=API_KEYS, status=200, times=None)
    async with session_at(server.url, clock, BearerToken(bring)) as session:
        await asyncio.gather(*(get(session) for _ in range(100)))
    assert ran == 1


# No token


async def test_refused_credentials_are_remembered(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=TOKEN, status=401, times=None)
    errors = [await caught(get(session)) for _ in range(10)]
    assert {(type(error), str(error)) for error in errors} == {(AuthenticationError, str(errors[0]))}
    assert (errors[0].code, errors[0].path) == ("access_denied", TOKEN)  # type: ignore[attr-defined]
    assert len(server.requests.token) == 1
    assert server.requests.api == []
    assert server.credentials.client_secret.reveal() not in everything_shown(errors[0])


async def test_a_short_limit_of_the_identity_provider_is_waited_for(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3"})
    assert set(await asyncio.gather(*(get(session) for _ in range(10)))) == {200}
    assert len(server.requests.token) == 2
    assert max(clock.sleeps) >= 3


async def test_a_long_limit_of_the_identity_provider_is_raised(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=TOKEN, status=429, headers={"Retry-After": "3540"})
    for _ in range(10):
        error = await caught(get(session))
        assert isinstance(error, RateLimitError)
        assert error.retry_after == 3_540
    assert len(server.requests.token) == 1


async def test_a_hundred_callers_of_a_dead_identity_provider_make_three_requests(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=TOKEN, status=503, times=None)
    errors = await asyncio.gather(*(caught(get(session)) for _ in range(100)))
    assert len({id(error) for error in errors}) == 100
    assert len(server.requests.token) == 3
    assert server.requests.api == []


async def test_a_secret_of_the_callables_own_type_is_taken_too(server: MatatikaServer, clock: ControlledClock) -> None:
    async def bring() -> AccessToken:
        return AccessToken(Secret("a.b.c"))

    server.faults.add(path=API_KEYS, status=200)
    async with session_at(server.url, clock, BearerToken(bring)) as session:
        assert await get(session) == 200
    assert tokens_used(server) == ["Bearer a.b.c"]
