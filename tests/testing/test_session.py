"""A session on the server: by its clock, with its credentials."""

from __future__ import annotations

from aiomatatika import ApiKey, Profile
from aiomatatika.options import Retries
from aiomatatika.testing import ControlledClock, MatatikaServer


async def test_a_session_works_at_once(server: MatatikaServer) -> None:
    server.add_api_keys(45)
    async with server.session() as session:
        keys = [key async for key in session.apikeys.list()]
    assert [key.id for key in keys] == list(server.api_keys)
    assert isinstance(keys[0], ApiKey)
    assert server.requests.methods() == ["GET", "GET", "GET"]
    assert server.tokens_issued == 1


async def test_it_runs_by_the_servers_clock(server: MatatikaServer) -> None:
    clock = server.clock
    assert isinstance(clock, ControlledClock)
    async with server.session() as session:
        await session.apikeys.list().count()
        clock.advance(86_401)
        await session.apikeys.list().count()
        assert [request.status for request in server.requests.api] == [200, 200]  # nobody had to be refused
        assert server.tokens_issued == 2
        server.faults.add(path="/api/apikeys", status=503, headers={"Retry-After": "3"})
        await session.apikeys.list().count()
    assert clock.sleeps
    assert clock.sleeps[-1] >= 3


async def test_it_takes_what_a_session_takes(server: MatatikaServer) -> None:
    async with server.session(user_agent="mine/1", retries=Retries(attempts=1)) as session:
        await session.apikeys.list().count()
    assert server.requests.api[0].headers["User-Agent"].startswith("mine/1")


async def test_a_whole_life_under_another_host_name() -> None:
    async with MatatikaServer(alias_host="app.matatika.com", new_key_delay=20) as server, server.session() as session:
        new = await session.apikeys.create("robot", ready_within=45)
        assert server.api_keys[new.id].credentials == new.credentials
        owner = await session.follow(new, "profile", Profile)
        assert owner.id == server.profile_id
        await session.apikeys.update(new, name="other")
        assert server.api_keys[new.id].name == "other"
        await session.apikeys.delete(new)
        assert list(server.api_keys) == [server.default_key_id]
