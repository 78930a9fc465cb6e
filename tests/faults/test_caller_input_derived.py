"""I: derived sessions (I16), and mocks in a session's place (I22)."""

from __future__ import annotations

import warnings
from unittest import mock
from uuid import uuid4

import pytest

from aiomatatika import ConfigurationError, MatatikaSession, Retries, ServerError, SessionClosedError, Timeouts
from aiomatatika.resources import Groups
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, call, open_files


class Bots(MatatikaSession):
    """A session of a user's own."""


@pytest.mark.parametrize("wrong", [{"retries": 3}, {"retries": 0}, {"timeouts": 5}, {"timeouts": False}], ids=str)
def test_I16_options_are_checked_like_those_of_the_constructor(
    server: MatatikaServer, witness: Witness, wrong: dict[str, object]
) -> None:
    texts = set()
    for make in (server.session().with_options, server.session):
        with witness.raises(ConfigurationError) as caught:
            make(**wrong)  # type: ignore[arg-type]
        texts.add(str(caught.value))
    assert len(texts) == 1


async def test_I16_a_derived_session_has_its_own_limits_and_all_else_of_the_first(
    server: MatatikaServer, clock: ControlledClock
) -> None:
    with clock.installed():
        session = Bots(server.credentials, deployment=server.deployment, retries=Retries(attempts=4))
    async with session:
        derived = session.with_options(retries=Retries(attempts=2)).with_options(timeouts=Timeouts(total=30))
        assert type(derived) is Bots
        await call(session)
        server.faults.add(status=503, times=None)
        for each, attempts in ((derived, 2), (session, 4), (session.with_options(), 4)):
            for request in (call(each), each.apikeys.list().count()):
                with pytest.raises(ServerError) as caught:
                    await request
                assert caught.value.attempts == attempts
    assert len(server.requests.token) == 1
    assert len({request.connection for request in server.requests}) == 1
    with pytest.raises(SessionClosedError):
        await call(derived)


async def test_I16_leaving_the_block_closes_what_nobody_else_holds(server: MatatikaServer) -> None:
    before = open_files()
    async with server.session().with_options() as session:
        await call(session)
        assert open_files() > before
    assert session.closed
    one = server.session().with_options()
    other = one.with_options()
    for each, was_closed in ((one, False), (other, True)):  # held by a name, and not in use any more
        async with each:
            await call(each)
        assert each.closed is was_closed


async def test_I16_only_the_last_that_goes_says_that_it_was_forgotten(server: MatatikaServer) -> None:
    family = [server.session()]
    family += [family[0].with_options() for _ in range(3)]
    state = family[0]._client.state
    await call(family[1])
    await family[3].close()
    said = []
    while family:  # the first, two that were derived from it, and one that was closed
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del family[0]
        said.append([str(warning.message) for warning in caught])
    forgotten = f"<MatatikaSession {server.url}/api> was not closed: use 'async with' or await close()"
    assert said == [[], [], [forgotten], []]
    await state.close()


@pytest.mark.parametrize("options", [{"instance": True}, {}, {"instance": True, "spec_set": True}], ids=str)
async def test_I22_a_specced_mock_knows_every_group_and_call(options: dict[str, bool]) -> None:
    double = mock.create_autospec(MatatikaSession, **options)
    double = double if options else double(None)
    for name in Groups.__annotations__.keys() - {"_client", "_groups"}:
        assert hasattr(double, name)
    double.apikeys.get.return_value = "a key"
    assert await double.apikeys.get(uuid4()) == "a key"
    with pytest.raises(TypeError):
        double.apikeys.get()
    for each in (double, double.apikeys):
        assert not hasattr(each, "nothing")
