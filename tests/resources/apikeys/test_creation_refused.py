"""Creations that come to nothing: answers without a secret, refusals, drafts, and a session that is closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiomatatika import (
    AuthenticationError,
    ConflictError,
    MatatikaError,
    MatatikaSession,
    PendingError,
    ResponseError,
    SessionClosedError,
    TransportError,
)
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport import state

from ...canary import assert_hidden, secrets_on_the_wire, shown_by_error
from .creation import assert_delivered, lost, made

# The answer has no secret


async def test_a_key_that_was_there_before_is_left_alone(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PUT", status=200, json={"name": "x"})
    error = await lost(session)
    assert (error.created, error.orphan) == (False, False)
    assert server.requests.methods() == ["POST", "PUT"]


@pytest.mark.parametrize("secret", [..., None, "", 5, ["x"], {"value": "x"}], ids=repr)
async def test_a_key_that_was_made_without_a_usable_secret_is_deleted(
    server: MatatikaServer, session: MatatikaSession, secret: Any
) -> None:
    def edit(document: Any) -> None:
        document["clientSecret"] = secret
        if secret is ...:
            del document["clientSecret"]

    server.faults.add(method="PUT", edit=edit)
    error = await lost(session)
    assert (error.created, error.orphan) == (True, False)
    assert made(server) == []
    assert server.requests.methods() == ["POST", "PUT", "DELETE"]


@pytest.mark.parametrize(
    "fault", [{"cut_after": 0}, {"cut_after": 300}, {"cut_after": 300, "reset": True}, {"body": "<html>", "act": True}]
)
async def test_half_a_secret_is_none(server: MatatikaServer, session: MatatikaSession, fault: Any) -> None:
    server.faults.add(method="PUT", **{"status": 201, "act": True} | fault)
    error = await lost(session)
    assert (error.created, error.orphan) == (True, False)
    assert made(server) == []
    assert server.requests.methods() == ["POST", "PUT", "DELETE"]


async def test_a_key_without_a_secret_that_cannot_be_deleted_is_named(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", cut_after=300)
    server.faults.add(method="DELETE", status=403)
    error = await lost(session)
    assert (error.created, error.orphan) == (True, True)
    assert made(server) == [error.key_id]


@pytest.mark.parametrize("status", [203, 204])
async def test_a_success_that_means_nothing_here_leaves_everything_unknown(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(method="PUT", status=status, body=b"")
    error = await lost(session)
    assert (error.created, error.orphan) == (None, None)
    assert server.requests.methods() == ["POST", "PUT"]


async def test_what_is_accepted_and_not_done_is_pending_and_not_deleted(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", status=202, json={})
    with pytest.raises(PendingError) as caught:
        await session.apikeys.create("x")
    assert server.requests.api[-1].path.endswith(str(caught.value.resource_id))
    assert server.requests.methods() == ["POST", "PUT"]


# Refusals


@pytest.mark.parametrize(
    "fault, kind",
    [
        ({"status": 409}, ConflictError),
        ({"status": 401}, AuthenticationError),
        ({"status": 307, "headers": {"Location": "/api/apikeys"}}, ResponseError),
    ],
    ids=["409", "401", "307"],
)
async def test_a_refusal_is_raised_as_it_is_and_nothing_is_looked_up(
    server: MatatikaServer, session: MatatikaSession, fault: Any, kind: type[MatatikaError]
) -> None:
    server.faults.add(method="PUT", **fault, times=None)
    with pytest.raises(kind) as caught:
        await session.apikeys.create("x")
    assert set(server.requests.methods()) == {"POST", "PUT"}
    if kind is not ResponseError:
        (note,) = caught.value.__notes__
        assert note == f"the id of the API key was {server.requests.api[-1].path.rpartition('/')[2]}"


async def test_a_token_that_is_refused_costs_no_secret(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PUT", status=401)
    assert_delivered(server, await session.apikeys.create("x"))
    assert len(server.requests.token) == 2


async def test_a_rate_limit_is_waited_out_because_nothing_was_done(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", status=429, headers={"Retry-After": "3"})
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == ["POST", "PUT", "PUT"]


async def test_a_server_that_cannot_be_reached_has_made_nothing(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    draft = await session.apikeys.initialise()
    await server.close()
    with pytest.raises(TransportError) as caught:
        await session.apikeys.create("x", draft=draft)
    assert caught.value.sent == "no"


# Drafts


async def test_a_draft_spares_the_post(server: MatatikaServer, session: MatatikaSession) -> None:
    draft = await session.apikeys.initialise()
    new = await session.apikeys.create("x", draft=draft)
    assert new.id == draft.id
    assert_delivered(server, new)
    assert server.requests.methods() == ["POST", "PUT"]


async def test_what_exists_under_the_id_of_a_draft_is_not_provably_ours_and_never_deleted(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    draft = await session.apikeys.initialise()
    server.faults.add(method="PUT", drop="after")
    error = await lost(session, draft=draft)
    assert (error.key_id, error.created, error.orphan) == (draft.id, None, None)
    assert server.requests.methods() == ["POST", "PUT", "GET"]
    assert made(server) == [draft.id]


async def test_a_draft_that_was_not_carried_out_is_sent_again(server: MatatikaServer, session: MatatikaSession) -> None:
    draft = await session.apikeys.initialise()
    server.faults.add(method="PUT", drop="before")
    assert_delivered(server, await session.apikeys.create("x", draft=draft))


async def test_what_is_no_draft_is_refused_before_anything_is_sent(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    new = await session.apikeys.create("x")
    server.requests.clear()
    for no_draft in (new, new.id, str(new.id)):
        with pytest.raises(ValueError, match="draft must be what initialise"):
            await session.apikeys.create("x", draft=no_draft)  # type: ignore[arg-type]  # that is tested
    assert not server.requests


# The session is closed


async def test_closing_the_session_waits_for_a_secret_that_is_on_its_way(server: MatatikaServer) -> None:
    session = server.session()
    held = server.faults.add(method="PUT", delay=(release := asyncio.Event()))
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    asyncio.get_running_loop().call_later(0.02, release.set)
    await session.close()
    assert_delivered(server, await creation)


async def test_closing_the_session_does_not_wait_for_ever_and_names_the_id(
    server: MatatikaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_SECRET_GRACE", 0.02)
    session = server.session()
    held = server.faults.add(method="PUT", delay=asyncio.Event())
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    await session.close()
    with pytest.raises(SessionClosedError) as caught:
        await creation
    assert caught.value.__notes__ == [
        f"API key {made(server)[0]} may exist: the session was closed during its creation"
    ]


# What shows


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 200, "json": {}},
        {"status": 202, "json": {}},
        {"status": 409},
        {"edit": lambda document: document | {"clientSecret": None, "secret": document["clientSecret"]}},
    ],
    ids=["200", "202", "409", "none"],
)
async def test_no_error_shows_a_secret(server: MatatikaServer, session: MatatikaSession, fault: Any) -> None:
    server.faults.add(method="PUT", **fault)
    with pytest.raises(MatatikaError) as caught:
        await session.apikeys.create("x")
    assert_hidden(shown_by_error(caught.value, but_not=__file__), secrets_on_the_wire(server))
