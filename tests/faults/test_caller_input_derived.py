"""I: derived sessions (I16), one except clause for every mistake (I21), and mocks in a session's place (I22)."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from unittest import mock
from uuid import uuid4

import pytest

from aiomatatika import (
    ApiError,
    ApiKey,
    ConfigurationError,
    HalResource,
    InvalidArgumentError,
    Links,
    MatatikaError,
    MatatikaSession,
    RelationNotFoundError,
    Retries,
    ServerError,
    SessionClosedError,
    Timeouts,
    TransportError,
    TransportTimeoutError,
    errors,
)
from aiomatatika.resources import Groups
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, call, open_files

Call = Callable[[MatatikaSession], Awaitable[object]]


class Bots(MatatikaSession):
    """A session of a user's own."""


# Derived sessions


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
    async with server.session().with_options(timeouts=Timeouts(total=5)) as session:
        await call(session)
        assert open_files() > before
    assert session.closed
    one = server.session().with_options()
    other = one.with_options()
    for each, was_closed in ((one, False), (other, True)):  # held by a name, and not in use any more
        async with each:
            await call(each)
        assert each.closed is was_closed


async def test_I16_leaving_the_block_leaves_open_what_somebody_holds(server: MatatikaServer) -> None:
    async with server.session() as session:
        async with session.with_options() as derived:
            await call(derived)
        assert not session.closed
        await call(session)
        await call(derived)
    assert derived.closed


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


# One except clause

MISTAKES: dict[str, tuple[Call, type[MatatikaError], type[Exception]]] = {
    **{
        name: (request, InvalidArgumentError, ValueError)
        for name, request in {
            "id": lambda session: session.apikeys.get("a/b"),
            "resource of another kind": lambda session: session.apikeys.delete(HalResource()),
            "blank name": lambda session: session.apikeys.create(" "),
            "blank new name": lambda session: session.apikeys.update(uuid4(), name=""),
            "name to find": lambda session: session.apikeys.find(5),
            "draft": lambda session: session.apikeys.create("x", draft=5),
            "ready_within": lambda session: session.apikeys.create("x", ready_within=-1),
            "save": lambda session: session.apikeys.create("x", save=5),
            "credentials": lambda session: session.apikeys.wait_until_accepted(5),
            "size": lambda session: session.apikeys.list(size=0).first(),
            "sort": lambda session: session.apikeys.list(sort=[]).first(),
            "limit": lambda session: session.apikeys.list().collect(limit=-1),
            "prefetch": lambda session: session.apikeys.list(prefetch=-1).first(),
            "profile": lambda session: session.profiles.get(".."),
            "method": lambda session: session.request("no method", "/x"),
            "json": lambda session: session.request("PUT", "/x", json=object()),
            "path": lambda session: session.request("GET", 5),
            "target": lambda session: session.follow(5),
            "rel": lambda session: session.follow("/api/x", "self"),
            "action": lambda session: session.act(HalResource(), 5),
        }.items()
    },
    "relation": (lambda session: session.follow(HalResource(), "x"), RelationNotFoundError, KeyError),
    "offer": (lambda session: session.act(HalResource(), "verify"), RelationNotFoundError, KeyError),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_I21_a_mistake_is_an_error_of_the_library_too(
    server: MatatikaServer, witness: Witness, name: str
) -> None:
    mistake, ours, builtin = MISTAKES[name]
    async with server.session() as session:
        with witness.raises(MatatikaError) as caught:
            await mistake(session)
    assert type(caught.value) is ours
    assert isinstance(caught.value, builtin)
    assert list(server.requests) == []


async def test_I21_an_error_of_the_callers_own_sink_stays_an_os_error(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        with witness.raises(FileNotFoundError):
            await session.apikeys.create("x", save="/no/such/folder/key.json")
    assert list(server.requests) == []


def test_I21_links_and_members_of_a_resource_are_missing_as_in_a_mapping() -> None:
    with pytest.raises(KeyError, match=r"^no link 'x'; there are: none$"):
        Links()["x"]
    assert Links().get("x") is None
    with pytest.raises(KeyError):
        ApiKey(id=uuid4(), created=datetime.now(UTC)).extra["x"]


ALWAYS, IF_REPEATABLE, NEVER = (True, True), (False, True), (False, False)
"""Whether an error is transient where its call is not repeatable, and where it is."""
TRANSIENT: list[tuple[MatatikaError, tuple[bool, bool]]] = [
    *((kind("lost", sent="no"), ALWAYS) for kind in (TransportError, TransportTimeoutError)),
    *((kind("lost", sent="maybe"), IF_REPEATABLE) for kind in (TransportError, TransportTimeoutError)),
    *((ApiError(status), NEVER) for status in (400, 401, 403, 404, 405, 409, 410, 418, 422, 501, 505)),
    *((ApiError(status), IF_REPEATABLE) for status in (408, 425, 500, 502, 503, 504, 506, 520, 599)),
    (errors.ServerError(503), IF_REPEATABLE),
    (errors.RateLimitError(429), ALWAYS),
    *((kind(400), NEVER) for kind in (errors.BadRequestError, errors.ForbiddenError, errors.NotFoundError)),
    *((kind(405), NEVER) for kind in (errors.MethodNotAllowedError, errors.ConflictError)),
    *((kind("wrong"), NEVER) for kind in (MatatikaError, ConfigurationError, InvalidArgumentError, SessionClosedError)),
    *((kind("wrong"), NEVER) for kind in (errors.AuthenticationError, errors.ResponseError, errors.PendingError)),
    *((kind("wrong"), NEVER) for kind in (errors.LinkError, RelationNotFoundError, errors.UnsafeLinkError)),
    (errors.PaginationError("wrong"), NEVER),
    (errors.SecretLostError("lost", key_id=uuid4(), created=None, orphan=None), NEVER),
    (errors.SecretDeliveryError("made", api_key=None), NEVER),
]


@pytest.mark.parametrize("error, transient", TRANSIENT, ids=lambda value: repr(value)[:40])
def test_I21_every_error_says_whether_to_repeat_the_call(error: MatatikaError, transient: tuple[bool, bool]) -> None:
    assert error.request_id is None
    error.request_id = "8f2a-CDG"
    for repeatable in (False, True):
        error.repeatable = repeatable
        for each in (error, pickle.loads(pickle.dumps(error))):
            assert (each.transient, each.request_id) == (transient[repeatable], "8f2a-CDG")


def test_I21_no_error_is_left_out() -> None:
    assert {type(error).__name__ for error, _ in TRANSIENT} == set(errors.__all__)


# Mocks


@pytest.mark.parametrize(
    "double",
    [
        mock.create_autospec(MatatikaSession, instance=True),
        mock.create_autospec(MatatikaSession)(None),
        mock.create_autospec(MatatikaSession, spec_set=True, instance=True),
    ],
)
async def test_I22_a_specced_mock_knows_every_group_and_call(double: mock.Mock) -> None:
    for name in Groups.__annotations__.keys() - {"_client", "_groups"}:
        assert hasattr(double, name)
    double.apikeys.get.return_value = "a key"
    assert await double.apikeys.get(uuid4()) == "a key"
    with pytest.raises(TypeError):
        double.apikeys.get()
    for each in (double, double.apikeys):
        with pytest.raises(AttributeError):
            each.nothing  # noqa: B018  # asking is the test
