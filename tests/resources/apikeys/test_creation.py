"""The PUT whose answer is the only sight of a secret: what is sent, and what is repaired when the answer is lost."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from aiomatatika import ConflictError, MatatikaError, MatatikaSession, ServerError, Timeouts, TransportError
from aiomatatika.testing import MatatikaServer

from .creation import ONE_KEY, REPAIRED, assert_delivered, lost, made

# The answer comes


async def test_a_key_is_made_by_a_post_and_a_put_to_its_id(server: MatatikaServer, session: MatatikaSession) -> None:
    new = await session.apikeys.create("nightly batch")
    assert_delivered(server, new)
    post, put = server.requests.api
    assert (post.method, post.path, post.body) == ("POST", "/api/apikeys", b"")
    assert (put.method, put.path, put.json()) == ("PUT", f"/api/apikeys/{new.id}", {"name": "nightly batch"})
    assert put.status == 201


async def test_two_keys_of_one_name_made_at_once_are_not_mixed_up(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    keys = await asyncio.gather(*(session.apikeys.create("same") for _ in range(2)))
    assert len(server.requests.api) == 4
    for key in keys:
        assert server.api_keys[key.id].client_secret == key.client_secret


@pytest.mark.parametrize(
    "broken",
    [
        {"created": "not a date"},
        {"created": 5, "lastModified": []},
        {"name": None},
        {"name": {"nested": "x"}},
        {"clientId": 5},
        {"profileId": ["x"]},
        {"accessToken": 5},
        {"_links": "x", "_embedded": 5},
        {"id": "no id"},
        {"id": None},
        {"id": "00000000-0000-0000-0000-000000000000"},
    ],
    ids=repr,
)
async def test_other_fields_that_are_broken_do_not_cost_the_secret(
    server: MatatikaServer, session: MatatikaSession, broken: dict[str, Any]
) -> None:
    server.faults.add(method="PUT", edit=lambda document: document | broken)
    new = await session.apikeys.create("x")
    assert made(server) == [new.id]
    assert new.client_secret == server.api_keys[new.id].client_secret
    assert new.client_id == (server.api_keys[new.id].client_id if "clientId" not in broken else None)


async def test_an_answer_that_is_not_whole_is_a_warning_without_its_values(
    server: MatatikaServer, session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(method="PUT", edit=lambda document: document | {"created": "yesterday"})
    new = await session.apikeys.create("x")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == (
        f"API key {new.id} was created, but its answer is not whole (created: expected a timestamp)"
    )


@pytest.mark.parametrize("status", [200, 203, 206])
async def test_a_secret_counts_whatever_success_brings_it(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(method="PUT", status=status, act=True)
    assert_delivered(server, await session.apikeys.create("x"))


async def test_the_id_is_in_the_log_before_the_put_is_sent(
    server: MatatikaServer, session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "aiomatatika")
    server.faults.add(method="PUT", status=409)
    with pytest.raises(ConflictError):
        await session.apikeys.create("x")
    path = server.requests.api[-1].path
    assert f"creating API key {path.rpartition('/')[2]}" in caplog.messages


# The answer is lost


@pytest.mark.parametrize(
    "fault",
    [{"drop": "after"}, {"drop": "after", "reset": True}, {"raw": b"HTTP/9 x\r\n\r\n"}, {"status": 502, "act": True}],
    ids=repr,
)
async def test_a_key_whose_secret_nobody_saw_is_deleted_and_another_is_made(
    server: MatatikaServer, session: MatatikaSession, fault: Any
) -> None:
    server.faults.add(method="PUT", **fault)
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == REPAIRED


@pytest.mark.parametrize(
    "fault",
    [{"drop": "before"}, {"drop": "before", "reset": True}, *({"status": status} for status in (500, 502, 503, 504))],
    ids=repr,
)
async def test_a_put_that_was_not_carried_out_is_sent_again_to_the_same_id(
    server: MatatikaServer, session: MatatikaSession, fault: Any
) -> None:
    server.faults.add(method="PUT", **fault)
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == ["POST", "PUT", "GET", "PUT"]


@pytest.mark.parametrize("template", [{"_links": {"create apikey": {"href": "x"}}}, {}, [], {"clientId": None}])
async def test_a_template_that_is_shown_again_is_no_key(
    server: MatatikaServer, session: MatatikaSession, template: Any
) -> None:
    server.faults.add(method="PUT", drop="before")
    server.faults.add(method="GET", path=ONE_KEY, json=template)
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == ["POST", "PUT", "GET", "PUT"]


async def test_a_key_is_known_by_its_links_as_well(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path=ONE_KEY, edit=lambda document: document.pop("clientId") and None)
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == REPAIRED


async def test_no_answer_in_time_is_a_lost_answer_and_leaves_time_for_the_repair(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    # In real time: two thirds of the deadline are the PUT's, the rest is enough for the repair.
    matatika_server.faults.add(method="PUT", delay=asyncio.Event())
    hasty = matatika_session.with_options(timeouts=Timeouts(total=0.9))
    assert_delivered(matatika_server, await hasty.apikeys.create("x"))
    assert matatika_server.requests.methods() == REPAIRED


async def test_a_put_that_is_carried_out_late_is_repaired_as_well(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path=ONE_KEY, status=404)  # it has not happened yet
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == ["POST", "PUT", "GET", "PUT", "GET", "DELETE", "POST", "PUT"]


async def test_a_late_put_whose_second_answer_breaks_off_is_repaired_as_well(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path=ONE_KEY, status=404)
    server.faults.add(method="PUT", cut_after=20)
    assert_delivered(server, await session.apikeys.create("x"))


async def test_a_second_loss_is_repaired_too(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PUT", drop="after", times=2)
    assert_delivered(server, await session.apikeys.create("x"))
    assert server.requests.methods() == [*REPAIRED, *REPAIRED[2:]]


async def test_after_three_lost_answers_nothing_is_left_and_the_error_says_so(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", drop="after", times=None)
    error = await lost(session)
    assert (error.created, error.orphan) == (True, False)
    assert made(server) == []
    assert server.requests.methods() == [*REPAIRED, *REPAIRED[2:], "GET", "DELETE"]


@pytest.mark.parametrize(
    "fault, kind", [({"drop": "before"}, TransportError), ({"status": 503}, ServerError)], ids=["dropped", "503"]
)
async def test_three_puts_that_were_not_carried_out_end_in_the_error_of_the_last(
    server: MatatikaServer, session: MatatikaSession, fault: Any, kind: type[MatatikaError]
) -> None:
    server.faults.add(method="PUT", **fault, times=None)
    with pytest.raises(kind):
        await session.apikeys.create("x")
    assert server.requests.methods() == ["POST", *["PUT", "GET"] * 3]


async def test_a_key_that_somebody_deletes_first_is_gone_all_the_same(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="DELETE", status=404, act=True)
    assert_delivered(server, await session.apikeys.create("x"))


@pytest.mark.parametrize("answer", [{"drop": "before"}, {"body": "<html>"}, {"json": []}, {"cut_after": 20}])
async def test_without_an_answer_to_the_question_nothing_is_known(
    server: MatatikaServer, session: MatatikaSession, answer: dict[str, Any]
) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path=ONE_KEY, **answer, times=None)
    error = await lost(session)
    assert (error.created, error.orphan) == (None, None)
    assert made(server) == [error.key_id]


async def test_a_lost_key_that_cannot_be_deleted_is_named(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="DELETE", status=503, times=None)
    error = await lost(session)
    assert (error.created, error.orphan) == (True, True)
    assert made(server) == [error.key_id]


async def test_where_no_new_id_can_be_had_nothing_is_left(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="POST", path="/api/apikeys", status=503, skip=1)
    with pytest.raises(ServerError):
        await session.apikeys.create("x")
    assert made(server) == []
