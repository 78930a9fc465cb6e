"""The calls on API keys: what each one sends, what it returns, and what it refuses to send."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from aiomatatika import (
    ApiKey,
    BadRequestError,
    BearerToken,
    ConfigurationError,
    InvalidArgumentError,
    MatatikaSession,
    NewApiKey,
    NotFoundError,
    PendingError,
    Profile,
    ResponseError,
    Secret,
    SecretLostError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..conftest import works

KEYS = "/api/apikeys"
ONE_KEY = "/api/apikeys/*"


def sent(server: MatatikaServer) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in server.requests.api]


# list and find


async def test_list_sends_what_it_is_told_and_nothing_else(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(5)
    await matatika_session.apikeys.list().page()
    keys = await matatika_session.apikeys.list(page=1, size=2, sort="name,desc").collect(2)
    assert [key.name for key in keys] == ["key-00003", "key-00002"]
    await matatika_session.apikeys.list(page=0, sort=["name,asc", "created"]).page()
    plain, told, sorted_twice = matatika_server.requests.api
    assert (plain.method, plain.path, plain.query) == ("GET", KEYS, {})
    assert plain.headers["Accept"].startswith("application/hal+json")
    assert told.query == {"page": "1", "size": "2", "sort": "name,desc"}
    assert sorted_twice.parameters == [("page", "0"), ("sort", "name,asc"), ("sort", "created")]


@pytest.mark.parametrize(
    "options",
    [
        *({"size": size} for size in (0, -1, True, "20", 1.0, 100_001)),
        *({"page": page} for page in (-1, "0", False)),
        *({"sort": sort} for sort in ("", 5, [], [""], [5], b"name")),
    ],
    ids=repr,
)
async def test_list_refuses_arguments_that_cannot_work(matatika_session: MatatikaSession, options: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(options))):
        matatika_session.apikeys.list(**options)


async def test_list_takes_the_largest_size_and_no_other_options(matatika_session: MatatikaSession) -> None:
    assert await matatika_session.apikeys.list(size=100_000).count() == 1
    options: Any = {"limit": 5}
    with pytest.raises(TypeError, match=r"list\(\) takes size, sort, page, prefetch, not limit"):
        matatika_session.apikeys.list(**options)


async def test_the_default_key_shows_its_token_to_those_who_ask(matatika_session: MatatikaSession) -> None:
    key = await matatika_session.apikeys.list().first()
    assert key is not None
    assert key.access_token is not None
    assert key.access_token.reveal().count(".") == 2
    assert key.access_token.reveal()[:12] not in repr(key)


async def test_find_returns_every_key_of_a_name(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(30)
    made = {(await matatika_session.apikeys.create("key-00001")).id for _ in range(2)}
    found = await matatika_session.apikeys.find("key-00001")
    assert {key.id for key in found} > made
    assert len(found) == 3
    assert await matatika_session.apikeys.find("key") == []


# get


@pytest.mark.parametrize("form", [lambda id: id, str, lambda id: str(id).upper(), lambda id: ApiKey(id=id)])
async def test_get_takes_a_key_its_id_or_its_text(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID, form: Callable[[UUID], Any]
) -> None:
    key = await matatika_session.apikeys.get(form(key_id))
    stored = matatika_server.api_keys[key_id]
    assert (key.id, key.name, key.client_id) == (key_id, stored.name, stored.client_id)
    assert (key.created, key.last_modified) == (stored.created, stored.last_modified)
    assert key.profile_id == matatika_server.profile_id
    assert sent(matatika_server) == [("GET", f"{KEYS}/{key_id}")]


async def test_a_key_knows_its_links(matatika_session: MatatikaSession, key_id: UUID) -> None:
    key = await matatika_session.apikeys.get(key_id)
    assert key.links.can("update")
    assert key.links.can("delete")
    assert (await matatika_session.follow(key, "profile", Profile)).id == key.profile_id


async def test_what_is_not_there_is_a_not_found_error(matatika_session: MatatikaSession) -> None:
    for call in (matatika_session.apikeys.get, matatika_session.apikeys.delete):
        with pytest.raises(NotFoundError, match="not found"):
            await call(uuid4())


# initialise


async def test_initialise_returns_a_draft_that_the_server_does_not_store(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="POST", path=KEYS, status=503)  # so that a lost one is repeated
    draft = await matatika_session.apikeys.initialise()
    assert (draft.name, draft.client_id) == (None, None)
    assert draft.links["create apikey"].method == "PUT"
    assert draft.id not in matatika_server.api_keys
    assert sent(matatika_server) == [("POST", KEYS)] * 2
    assert matatika_server.requests.api[1].body == b""


# update


async def test_update_renames_and_returns_the_key(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="PUT", drop="after")  # so that a lost one is repeated
    key = await matatika_session.apikeys.update(key_id, name="renamed")
    assert (key.id, key.name) == (key_id, "renamed")
    assert matatika_server.api_keys[key_id].name == "renamed"
    assert sent(matatika_server) == [("PUT", f"{KEYS}/{key_id}")] * 2
    assert matatika_server.requests.api[1].json() == {"name": "renamed"}
    assert matatika_server.requests.api[1].headers["Content-Type"] == "application/json"


async def test_update_sends_back_the_members_that_it_does_not_know_and_no_secret(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    unknown = {"colour": "green", "limits": {"calls": [1, 2]}, "none": None, "blank": ""}
    secrets = {"clientSecret": "a-secret", "accessToken": "a-token", "password": "********", "pin": "\u2022" * 4}
    matatika_server.faults.add(method="GET", edit=lambda key: {**key, **unknown, **secrets})
    key = await matatika_session.apikeys.get(key_id)
    assert (await matatika_session.apikeys.update(key, name="renamed")).name == "renamed"
    assert matatika_server.requests[-1].json() == {**unknown, "name": "renamed"}
    assert matatika_server.requests.methods() == ["GET", "PUT"]


async def test_update_that_is_accepted_and_not_done_is_pending(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="PUT", status=202, json={})
    with pytest.raises(PendingError) as caught:
        await matatika_session.apikeys.update(key_id, name="renamed")
    assert (caught.value.resource_id, caught.value.method, caught.value.attempts) == (key_id, "PUT", 1)


async def test_update_whose_response_is_no_key_is_a_response_error(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="PUT", json={"id": 5}, act=True)
    with pytest.raises(ResponseError, match="id: expected a UUID") as caught:
        await matatika_session.apikeys.update(key_id, name="renamed")
    assert (caught.value.method, caught.value.path, caught.value.status) == ("PUT", f"{KEYS}/{key_id}", 200)


async def test_update_of_an_incomplete_key_changes_the_key_that_was_named(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="GET", path=ONE_KEY, edit=lambda key: {**key, "colour": "green"})
    key = pickle.loads(pickle.dumps(await matatika_session.apikeys.get(key_id)))
    matatika_server.faults.add(method="GET", path=ONE_KEY, edit=lambda key: {**key, "id": str(UUID(int=1))})
    matatika_server.requests.clear()
    await matatika_session.apikeys.update(key, name="renamed")
    assert sent(matatika_server) == [("GET", f"{KEYS}/{key_id}"), ("PUT", f"{KEYS}/{key_id}")]


CREATED_LATER, CREATED_BEFORE = "2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "changes, by_object, by_id",
    [
        ({"clientId": "another", "created": CREATED_BEFORE}, "made anew", "renamed"),
        ({"clientId": ..., "created": CREATED_BEFORE}, "renamed", "renamed"),
        ({"clientId": ..., "created": CREATED_LATER}, "made anew", "made anew"),
        ({"created": CREATED_LATER}, "renamed", "made anew"),
        ({"created": ...}, "renamed", "unclear"),
    ],
)
@pytest.mark.parametrize("form", ["by_object", "by_id"])
async def test_whether_a_lost_update_made_the_key_anew_is_told_by_client_id_else_by_creation(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    caplog: pytest.LogCaptureFixture,
    key_id: UUID,
    changes: dict[str, Any],
    by_object: str,
    by_id: str,
    form: str,
) -> None:
    def edit(key: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**key, **changes}.items() if value is not ...}

    key = await matatika_session.apikeys.get(key_id)
    matatika_server.faults.add(method="PUT", drop="after")
    matatika_server.faults.add(method="PUT", edit=edit)
    outcome, given = "renamed", key if form == "by_object" else key_id
    try:
        await matatika_session.apikeys.update(given, name="renamed")
    except SecretLostError:
        outcome = "made anew"
    if f"made API key {key_id} anew cannot be told" in caplog.text:
        outcome = "unclear"
    assert outcome == (by_object if form == "by_object" else by_id)
    if outcome != "made anew":  # by an attempt that arrives late it can be, where it is deleted meanwhile
        assert f"may still arrive: API key {key_id}" in caplog.text


@pytest.mark.parametrize("hours", [0, -5, 5])
async def test_a_wrong_clock_of_ours_hides_no_key_that_a_lost_update_made(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock, hours: int
) -> None:
    (key_id,) = server.add_api_keys(1)
    clock.jump(3600 * hours)
    clock.advance(5)
    server.faults.add(method="PUT", drop="after")
    await session.apikeys.update(key_id, name="renamed")  # it was there before
    await session.apikeys.delete(key_id)
    server.faults.add(method="PUT", drop="after")
    with pytest.raises(SecretLostError, match="that response was lost"):
        await session.apikeys.update(key_id, name="renamed")


# Names


@pytest.mark.parametrize("name", ["", " ", "\t\n", None, 5, b"x", ["x"]])
async def test_a_name_that_is_blank_is_refused(matatika_session: MatatikaSession, name: Any) -> None:
    for refused in (matatika_session.apikeys.create(name), matatika_session.apikeys.update(uuid4(), name=name)):
        with pytest.raises(InvalidArgumentError, match="name must be a str that is not blank"):
            await refused


async def test_a_name_that_the_server_refuses_is_a_bad_request_with_its_fields(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    error = {"field": "name", "code": "Size", "defaultMessage": "too long"}
    matatika_server.faults.add(method="PUT", status=400, json={"status": 400, "errors": [error]})
    with pytest.raises(BadRequestError) as caught:
        await matatika_session.apikeys.update(key_id, name="x" * 300)
    assert caught.value.errors == (error,)


# delete


async def test_delete_returns_nothing_and_its_repeat_finds_the_goal_reached(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="DELETE", drop="after")
    assert await matatika_session.apikeys.delete(key_id) is None  # type: ignore[func-returns-value]  # that is tested
    assert key_id not in matatika_server.api_keys
    assert [(request.path, request.status) for request in matatika_server.requests.api] == [
        (f"{KEYS}/{key_id}", None),
        (f"{KEYS}/{key_id}", 404),
    ]


# What a new key is


async def test_a_new_key_has_its_secret_and_its_credentials(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    new = await matatika_session.apikeys.create("nightly batch")
    assert isinstance(new, ApiKey)
    assert works(matatika_server, new)
    assert new.name == "nightly batch"
    assert isinstance(new.created, datetime)
    assert abs(new.created - matatika_server.api_keys[new.id].created) < timedelta(microseconds=2)
    assert new.created.tzinfo is UTC
    async with MatatikaSession(new.credentials, deployment=matatika_server.deployment) as robot:
        assert await robot.apikeys.list().count() == 2


async def test_a_new_key_without_a_client_id_has_no_credentials() -> None:
    new = NewApiKey(id=uuid4(), client_secret=Secret("a-secret"))
    with pytest.raises(ConfigurationError):
        new.credentials  # noqa: B018  # it raises


async def test_copies_of_a_new_key_keep_its_secret_and_pickles_do_not(matatika_session: MatatikaSession) -> None:
    new = await matatika_session.apikeys.create("nightly batch")
    assert copy.deepcopy(new).client_secret.reveal() == attrs.evolve(new, name="x").client_secret.reveal()
    with pytest.raises(ValueError, match="pickle"):
        pickle.loads(pickle.dumps(new)).client_secret.reveal()


# Without a token endpoint

NEED_TOKENS: list[Callable[[MatatikaSession, UUID], Awaitable[object]]] = [
    lambda session, _: session.apikeys.create("x", ready_within=5),
    lambda session, key_id: session.apikeys.rotate(key_id),
    lambda session, key_id: session.apikeys.rotate(key_id, ready_within=0),
]


@pytest.mark.parametrize("call", NEED_TOKENS)
async def test_where_no_token_can_be_asked_for_readiness_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, key_id: UUID, call: Callable[..., Any]
) -> None:
    deployment = attrs.evolve(matatika_server.deployment, token_url=None)
    async with MatatikaSession(BearerToken("a-token"), deployment=deployment) as session:
        with pytest.raises(ConfigurationError, match="give the Deployment its token_url"):
            await call(session, key_id)
    assert not matatika_server.requests
