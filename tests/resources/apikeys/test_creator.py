"""How the steps of a creation are carried out: what is sent, how each response is read, and what is logged.

What follows which event: `test_creation`. What becomes of a secret under each fault: tests/faults.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import (
    AuthenticationError,
    ConflictError,
    InvalidArgumentError,
    MatatikaError,
    MatatikaSession,
    NewApiKey,
    PendingError,
    ResponseError,
    SecretDeliveryError,
    SecretLostError,
    ServerError,
    SessionClosedError,
    Timeouts,
    TransportError,
)
from aiomatatika.resources.apikeys import creator
from aiomatatika.testing import MatatikaServer

from ...canary import assert_hidden, secrets_on_the_wire, shown_by_error
from ...servers import caught as outcome_of
from ..conftest import cancellation_of, works

ONE_KEY = "/api/apikeys/*"
REPEATED, REPAIRED = ["POST", "PUT", "GET", "PUT"], ["POST", "PUT", "GET", "DELETE", "POST", "PUT"]


async def created(server: MatatikaServer, session: MatatikaSession, **options: Any) -> NewApiKey:
    """Create a key, and see that the caller holds the secret of the only one."""
    new = await session.apikeys.create("x", **options)
    assert works(server, new)
    assert list(server.api_keys) == [server.default_key_id, new.id]
    return new


async def test_a_key_is_made_by_a_post_and_a_put_to_its_id(server: MatatikaServer, session: MatatikaSession) -> None:
    new = await session.apikeys.create("nightly batch")
    post, put = server.requests.api
    assert (post.method, post.path, post.body) == ("POST", "/api/apikeys", b"")
    assert (put.method, put.path, put.json()) == ("PUT", f"/api/apikeys/{new.id}", {"name": "nightly batch"})


async def test_the_id_is_in_the_log_before_the_put_is_sent(
    server: MatatikaServer, session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "aiomatatika.resources")
    server.faults.add(method="PUT", status=409)
    with pytest.raises(ConflictError) as caught:
        await session.apikeys.create("x")
    key_id = server.requests.api[-1].path.rpartition("/")[2]
    assert caplog.messages == [f"creating API key {key_id}"]
    assert caught.value.__notes__ == [f"the id of the API key was {key_id}"]


@pytest.mark.parametrize("status", [200, 203, 206])
async def test_a_secret_counts_whatever_success_brings_it(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(method="PUT", status=status, act=True)
    await created(server, session)


# How a response to the PUT is read


@pytest.mark.parametrize(
    "fault, wire",
    [
        *(({"status": status}, REPEATED) for status in (408, 425, 500, 502, 503, 504, 599)),
        ({"drop": "before"}, REPEATED),
        ({"status": 401}, ["POST", "PUT", "PUT"]),
        ({"status": 429, "headers": {"Retry-After": "3"}}, ["POST", "PUT", "PUT"]),
    ],
    ids=repr,
)
async def test_what_was_lost_is_looked_up_and_what_was_refused_for_now_is_repeated(
    server: MatatikaServer, session: MatatikaSession, fault: dict[str, Any], wire: list[str]
) -> None:
    server.faults.add(method="PUT", **fault)
    await created(server, session)
    assert server.requests.methods() == wire


@pytest.mark.parametrize(
    "fault, kind",
    [
        ({"status": 409}, ConflictError),
        ({"status": 401}, AuthenticationError),
        ({"status": 501}, ServerError),
        ({"status": 505}, ServerError),
        ({"status": 307, "headers": {"Location": "/api/apikeys"}}, ResponseError),
    ],
    ids=repr,
)
async def test_a_refusal_is_raised_as_it_is_and_nothing_is_looked_up(
    server: MatatikaServer, session: MatatikaSession, fault: dict[str, Any], kind: type[MatatikaError]
) -> None:
    server.faults.add(method="PUT", **fault, times=None)
    with pytest.raises(kind) as caught:
        await session.apikeys.create("x")
    assert set(server.requests.methods()) == {"POST", "PUT"}
    (note,) = caught.value.__notes__
    assert note == f"the id of the API key was {server.requests.api[-1].path.rpartition('/')[2]}"


async def test_a_put_that_finds_no_token_was_not_sent(server: MatatikaServer, session: MatatikaSession) -> None:
    draft = await session.apikeys.initialise()
    server.faults.add(method="PUT", status=401)
    server.faults.add(path="/oauth/token", drop="before", times=None)
    with pytest.raises(TransportError):
        await session.apikeys.create("x", draft=draft)
    assert server.requests.methods() == ["POST", "PUT"]


async def test_a_server_that_cannot_be_reached_has_made_nothing(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    draft = await session.apikeys.initialise()
    await server.close()
    with pytest.raises(TransportError) as caught:
        await session.apikeys.create("x", draft=draft)
    assert caught.value.sent == "no"


@pytest.mark.parametrize("status", [202, 203, 204])
async def test_a_success_without_a_secret_tells_of_its_put(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(method="PUT", status=status, body=b"")
    with pytest.raises((SecretLostError, PendingError)) as caught:
        await session.apikeys.create("x")
    error = caught.value
    assert (error.method, error.path, error.attempts) == ("PUT", server.requests.api[-1].path, 1)
    assert not hasattr(error, "__notes__"), "the only id is told already"
    assert not error.transient
    assert_hidden(shown_by_error(error, but_not=__file__), secrets_on_the_wire(server))


# How a look-up is read

DRAFT = {"_links": {"create apikey": {"href": "x"}}}


@pytest.mark.parametrize(
    "answer, wire",
    [
        ({"status": 404}, REPEATED),
        ({"json": DRAFT}, REPEATED),
        ({"json": {**DRAFT, "clientId": None}}, REPEATED),
        ({"json": {**DRAFT, "clientId": "x"}}, REPAIRED),
        ({"json": {"_links": {"update delete apikey": {"href": "x"}}}}, REPAIRED),
        ({"json": {"clientId": "x", "_links": 5}}, REPAIRED),
        ({"json": {}}, None),
        ({"json": []}, None),
        ({"json": {"clientId": None, "_links": {"self": DRAFT}}}, None),
        ({"body": "<html>"}, None),
        ({"cut_after": 20}, None),
        ({"status": 403}, None),
    ],
    ids=repr,
)
async def test_a_look_up_shows_a_key_or_a_draft_or_nothing_that_counts(
    server: MatatikaServer, session: MatatikaSession, answer: dict[str, Any], wire: list[str] | None
) -> None:
    server.faults.add(method="PUT", drop="before")
    server.faults.add(method="GET", path=ONE_KEY, **{"status": 200, **answer}, times=None)
    if wire is not None:
        await created(server, session)
        assert server.requests.methods() == wire
        return
    with pytest.raises(SecretLostError, match="the look-up does not tell") as caught:
        await session.apikeys.create("x")
    assert (caught.value.created, caught.value.orphan) == (None, None)
    assert set(server.requests.methods()) == {"POST", "PUT", "GET"}


async def test_two_thirds_of_the_deadline_are_the_puts_and_the_rest_is_for_the_repair(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="PUT", delay=asyncio.Event())  # in real time
    hasty = matatika_session.with_options(timeouts=Timeouts(total=0.9))
    await created(matatika_server, hasty)
    assert matatika_server.requests.methods() == REPAIRED


@pytest.mark.parametrize("status", [202, 203])
async def test_a_clean_up_that_is_accepted_is_not_done(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(method="PUT", cut_after=20)
    server.faults.add(method="DELETE", status=status)
    with pytest.raises(SecretLostError, match=str(status)) as caught:
        await session.apikeys.create("x")
    assert (caught.value.created, caught.value.orphan) == (True, None)


# Drafts


@pytest.mark.parametrize("lost", [None, "before"])
async def test_a_draft_spares_the_post(server: MatatikaServer, session: MatatikaSession, lost: Any) -> None:
    draft = await session.apikeys.initialise()
    if lost:
        server.faults.add(method="PUT", drop=lost)
    assert (await created(server, session, draft=draft)).id == draft.id
    assert server.requests.methods() == (REPEATED if lost else ["POST", "PUT"])


async def test_what_exists_under_a_draft_is_never_deleted(server: MatatikaServer, session: MatatikaSession) -> None:
    draft = await session.apikeys.initialise()
    server.faults.add(method="PUT", drop="after")
    with pytest.raises(SecretLostError) as caught:
        await session.apikeys.create("x", draft=draft)
    assert caught.value.key_id == draft.id
    assert server.requests.methods() == ["POST", "PUT", "GET"]


async def test_what_is_no_draft_is_refused(server: MatatikaServer, session: MatatikaSession) -> None:
    new = await session.apikeys.create("x")
    server.requests.clear()
    drafts: list[Any] = [new, new.id, str(new.id)]
    for no_draft in drafts:
        with pytest.raises(InvalidArgumentError, match="draft must be what initialise"):
            await session.apikeys.create("x", draft=no_draft)
    assert not server.requests


# What interrupts it


async def test_the_caller_is_told_of_a_key_that_came_in_its_grace(
    server: MatatikaServer, session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "aiomatatika")
    held = server.faults.add(method="PUT", delay=(release := asyncio.Event()))
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    creation.cancel()
    await asyncio.sleep(0)
    release.set()
    error = await cancellation_of(creation)
    assert works(server, error.api_key)
    assert error.__notes__ == [f"API key {error.api_key.id} was created; it is in .api_key of this exception"]
    assert caplog.messages == [
        f"API key {error.api_key.id} was created",
        f"the creation of API key {error.api_key.id} was cancelled by its caller",
        f"the creation of API key {error.api_key.id} has ended, after its caller was cancelled",
    ]


@pytest.mark.parametrize("stage", ["GET", "DELETE", "second POST"])
async def test_cancelled_in_the_repair_the_caller_is_told_what_is_left(
    server: MatatikaServer, session: MatatikaSession, stage: str
) -> None:
    server.faults.add(method="PUT", drop="after")
    method, skip = stage.removeprefix("second "), int(stage.startswith("second"))
    path = "/api/apikeys" if skip else ONE_KEY
    held = server.faults.add(method=method, path=path, skip=skip, delay=asyncio.Event())
    await session.apikeys.list().first()
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    creation.cancel()
    error = await outcome_of(creation)
    key_id = UUID(server.requests.api[2].path.rpartition("/")[2])
    notes = [f"API key {key_id} may exist without anybody having its secret: look, and delete it"]
    assert getattr(error, "__notes__", []) == ([] if skip else notes)


async def test_a_session_that_is_closed_names_the_key_under_way(
    server: MatatikaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiomatatika.transport.lifetime._SECRET_GRACE", 0.0)
    session = server.session()
    held = server.faults.add(method="PUT", delay=asyncio.Event())
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    await session.close()
    with pytest.raises(SessionClosedError) as caught:
        await creation
    (key_id,) = set(server.api_keys) - {server.default_key_id}
    assert str(key_id) in "".join(caught.value.__notes__)


async def test_a_session_that_is_closed_before_the_put_names_nothing(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    draft = await session.apikeys.initialise()
    await session.close()
    with pytest.raises(SessionClosedError) as caught:
        await session.apikeys.create("x", draft=draft)
    assert caught.value.__notes__ == [f"the id of the API key was {draft.id}"]


# Our own mistakes


class Broken(logging.Handler):
    """Fails with every warning."""

    def emit(self, _: logging.LogRecord) -> None:
        raise ZeroDivisionError


async def test_a_log_handler_that_fails_costs_no_secret(server: MatatikaServer, session: MatatikaSession) -> None:
    logger, handler = logging.getLogger("aiomatatika"), Broken(logging.WARNING)
    server.faults.add(method="PUT", drop="before")  # of which a warning tells
    logger.addHandler(handler)
    try:
        await created(server, session)
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_reader_that_fails_is_not_swallowed_and_its_key_is_named(
    server: MatatikaServer, session: MatatikaSession, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    def read(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(creator, "read_new_key", read)
    held = server.faults.add(method="PUT", delay=(release := asyncio.Event()))
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    if cancelled:
        creation.cancel()
        await asyncio.sleep(0)
    release.set()
    error = await outcome_of(creation)
    assert isinstance(error, asyncio.CancelledError if cancelled else ZeroDivisionError)
    (key_id,) = set(server.api_keys) - {server.default_key_id}
    assert str(key_id) in "".join(error.__notes__)


async def test_a_sink_that_ends_the_program_takes_the_key_along(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    class EndOfProgram(BaseException):
        pass

    def save(_: NewApiKey) -> None:
        raise EndOfProgram

    error: Any = await outcome_of(session.apikeys.create("x", save=save))
    assert isinstance(error, EndOfProgram)
    assert works(server, vars(error)["api_key"])


async def test_a_sink_that_fails_tells_of_the_put(server: MatatikaServer, session: MatatikaSession) -> None:
    def save(_: NewApiKey) -> None:
        raise ZeroDivisionError

    error: Any = await outcome_of(session.apikeys.create("x", save=save))
    assert isinstance(error, SecretDeliveryError)
    assert (error.method, error.path) == ("PUT", f"/api/apikeys/{error.api_key.id}")
    assert not hasattr(error, "__notes__")
