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
    MatatikaSession,
    NewApiKey,
    NotFoundError,
    PendingError,
    Profile,
    ResponseError,
    Secret,
    SecretDeliveryError,
    SecretLostError,
    ServerError,
)
from aiomatatika.testing import MatatikaServer

from ..conftest import works

KEYS = "/api/apikeys"

# list


async def test_list_sends_no_query_of_its_own(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    await matatika_session.apikeys.list().collect()
    (request,) = matatika_server.requests.api
    assert (request.method, request.path, request.query) == ("GET", KEYS, {})
    assert request.headers["Accept"].startswith("application/hal+json")


async def test_list_passes_page_size_and_sort(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(5)
    keys = await matatika_session.apikeys.list(page=1, size=2, sort="name,desc").collect(2)
    assert [key.name for key in keys] == ["key-00003", "key-00002"]
    assert matatika_server.requests.api[0].query == {"page": "1", "size": "2", "sort": "name,desc"}


@pytest.mark.parametrize(
    "options",
    [
        {"size": 0},
        {"size": -1},
        {"size": True},
        {"size": "20"},
        {"size": 1.0},
        {"size": 100_001},
        {"page": -1},
        {"page": "0"},
        {"page": False},
        {"sort": ""},
        {"sort": 5},
        {"sort": ["name"]},
    ],
    ids=repr,
)
async def test_list_refuses_arguments_that_cannot_work(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, options: Any
) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        matatika_session.apikeys.list(**options)
    assert not matatika_server.requests


async def test_the_default_key_shows_its_token_to_those_who_ask(matatika_session: MatatikaSession) -> None:
    key = await matatika_session.apikeys.list().first()
    assert key is not None
    assert key.access_token is not None
    assert key.access_token.reveal().count(".") == 2
    assert key.access_token.reveal()[:12] not in repr(key)


# get


@pytest.mark.parametrize("form", [UUID, str, lambda key_id: str(key_id).upper(), lambda key_id: ApiKey(id=key_id)])
async def test_get_takes_a_key_its_id_or_its_text(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID, form: Callable[[str], Any]
) -> None:
    key = await matatika_session.apikeys.get(form(str(key_id)) if form is UUID else form(key_id))  # type: ignore[arg-type]  # any form
    stored = matatika_server.api_keys[key_id]
    assert (key.id, key.name, key.client_id) == (key_id, stored.name, stored.client_id)
    assert (key.created, key.last_modified, key.profile_id) == (
        stored.created,
        stored.last_modified,
        matatika_server.profile_id,
    )
    (request,) = matatika_server.requests.api
    assert (request.method, request.path) == ("GET", f"{KEYS}{key_id}")


async def test_a_key_knows_its_links(matatika_session: MatatikaSession, key_id: UUID) -> None:
    key = await matatika_session.apikeys.get(key_id)
    assert key.links.can("update")
    assert key.links.can("delete")
    owner = await matatika_session.follow(key, "profile", Profile)
    assert owner.id == key.profile_id


async def test_get_of_nothing_is_a_not_found_error(matatika_session: MatatikaSession) -> None:
    with pytest.raises(NotFoundError, match="not found"):
        await matatika_session.apikeys.get(uuid4())


NOT_IDS = [
    "",
    ".",
    "..",
    "../workspaces",
    "%2e%2e/x",
    "a/b",
    "..%2fx",
    "0" * 32,
    "{00000000-0000-0000-0000-000000000000}",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-000000000000\n",
    "\u06600000000-0000-0000-0000-000000000000",
    None,
    5,
    b"00000000-0000-0000-0000-000000000000",
]
CALLS: list[Callable[[MatatikaSession, Any], Awaitable[object]]] = [
    lambda session, key: session.apikeys.get(key),
    lambda session, key: session.apikeys.update(key, name="x"),
    lambda session, key: session.apikeys.delete(key),
    lambda session, key: session.apikeys.rotate(key),
]


@pytest.mark.parametrize("call", CALLS, ids=["get", "update", "delete", "rotate"])
@pytest.mark.parametrize("key", NOT_IDS, ids=repr)
async def test_what_is_no_id_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, call: Callable[..., Any], key: Any
) -> None:
    with pytest.raises(ValueError, match="key must be a UUID or its canonical text"):
        await call(matatika_session, key)
    assert not matatika_server.requests


# initialise


async def test_initialise_returns_a_template_that_the_server_does_not_store(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    draft = await matatika_session.apikeys.initialise()
    assert (draft.name, draft.client_id) == (None, None)
    assert draft.links["create apikey"].href.endswith(f"{KEYS}{draft.id}")
    assert draft.links["create apikey"].method == "PUT"
    assert draft.id not in matatika_server.api_keys
    (request,) = matatika_server.requests.api
    assert (request.method, request.path, request.body) == ("POST", KEYS, b"")


async def test_initialise_is_sent_once(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.faults.add(method="POST", path=KEYS, status=503)
    with pytest.raises(ServerError):
        await matatika_session.apikeys.initialise()
    assert matatika_server.requests.methods() == ["POST"]


# update


async def test_update_renames_and_returns_the_key(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    key = await matatika_session.apikeys.update(key_id, name="renamed")
    assert (key.id, key.name) == (key_id, "renamed")
    assert matatika_server.api_keys[key_id].name == "renamed"
    (request,) = matatika_server.requests.api
    assert (request.method, request.path, request.json()) == ("PUT", f"{KEYS}{key_id}", {"name": "renamed"})
    assert request.headers["Content-Type"] == "application/json"


async def test_update_sends_back_the_members_that_it_does_not_know(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.api_keys[key_id].extra |= {"colour": "green", "limits": {"calls": [1, 2]}, "none": None}
    key = await matatika_session.apikeys.get(key_id)
    key = await matatika_session.apikeys.update(key, name="renamed")
    assert matatika_server.api_keys[key_id].extra == {"colour": "green", "limits": {"calls": [1, 2]}, "none": None}
    assert key.extra["colour"] == "green"


async def test_update_sends_no_secret_back(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    def edit(document: Any) -> None:
        document.update(clientSecret="a-secret", accessToken="a-token", colour="green")

    matatika_server.faults.add(method="GET", edit=edit)
    await matatika_session.apikeys.update(await matatika_session.apikeys.get(key_id), name="renamed")
    assert matatika_server.requests[-1].json() == {"name": "renamed", "colour": "green"}


async def test_an_update_whose_answer_is_lost_is_repeated(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="PUT", drop="after")
    assert (await matatika_session.apikeys.update(key_id, name="renamed")).name == "renamed"
    assert matatika_server.requests.methods() == ["PUT", "PUT"]


async def test_an_update_that_is_accepted_and_not_done_is_pending(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="PUT", status=202, json={})
    with pytest.raises(PendingError) as caught:
        await matatika_session.apikeys.update(key_id, name="renamed")
    assert caught.value.resource_id == key_id


async def test_an_update_of_a_key_that_has_gone_delivers_the_key_that_it_made(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    await matatika_session.apikeys.delete(key_id)
    matatika_server.requests.clear()
    with pytest.raises(SecretDeliveryError, match=f"{key_id} had gone") as caught:
        await matatika_session.apikeys.update(key_id, name="renamed")
    assert works(matatika_server, caught.value.api_key)
    assert caught.value.step == "update"
    assert matatika_server.requests.methods() == ["PUT"]  # nothing is deleted behind the caller's back


async def test_an_update_that_made_a_key_without_showing_its_secret_names_the_orphan(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="PUT", edit=lambda document: document.pop("clientSecret") and None)
    with pytest.raises(SecretLostError, match="had gone") as caught:
        await matatika_session.apikeys.update(key_id := uuid4(), name="renamed")
    assert (caught.value.key_id, caught.value.created, caught.value.orphan) == (key_id, True, True)
    assert key_id in matatika_server.api_keys


async def test_an_update_that_made_a_key_and_whose_answer_was_lost_names_the_orphan(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    key = await matatika_session.apikeys.get(key_id)
    await matatika_session.apikeys.delete(key)
    matatika_server.faults.add(method="PUT", drop="after")
    with pytest.raises(SecretLostError, match="that answer was lost") as caught:
        await matatika_session.apikeys.update(key, name="renamed")
    assert (caught.value.key_id, caught.value.created, caught.value.orphan) == (key_id, True, True)


async def test_an_update_whose_answer_is_no_key_is_a_response_error(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="PUT", json={"id": 5}, act=True)
    with pytest.raises(ResponseError, match="id: expected a UUID") as caught:
        await matatika_session.apikeys.update(key_id, name="renamed")
    assert (caught.value.method, caught.value.path, caught.value.status) == ("PUT", f"{KEYS}{key_id}", 200)


@pytest.mark.parametrize("name", ["", " ", "\t\n", None, 5, b"x", ["x"]], ids=repr)
async def test_a_name_that_is_blank_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, name: Any
) -> None:
    for refused in (
        matatika_session.apikeys.create(name),
        matatika_session.apikeys.update(uuid4(), name=name),
    ):
        with pytest.raises(ValueError, match="name must be a str that is not blank"):
            await refused
    assert not matatika_server.requests


async def test_a_name_that_json_has_no_form_for_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    with pytest.raises(ValueError, match="JSON has no form for"):
        await matatika_session.apikeys.create("\ud800")
    assert not matatika_server.requests


async def test_a_name_that_the_server_refuses_is_a_bad_request_with_its_fields(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    error = {"field": "name", "code": "Size", "defaultMessage": "too long"}
    matatika_server.faults.add(method="PUT", status=400, json={"status": 400, "errors": [error]})
    with pytest.raises(BadRequestError) as caught:
        await matatika_session.apikeys.update(key_id, name="x" * 300)
    assert caught.value.errors == (error,)


# delete


async def test_delete_returns_nothing(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    assert await matatika_session.apikeys.delete(key_id) is None  # type: ignore[func-returns-value]  # that is tested
    assert key_id not in matatika_server.api_keys
    (request,) = matatika_server.requests.api
    assert (request.method, request.path, request.status) == ("DELETE", f"{KEYS}{key_id}", 204)


async def test_deleting_nothing_is_a_not_found_error(matatika_session: MatatikaSession) -> None:
    with pytest.raises(NotFoundError):
        await matatika_session.apikeys.delete(uuid4())


async def test_a_delete_whose_answer_is_lost_is_repeated_and_finds_its_goal_reached(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    matatika_server.faults.add(method="DELETE", drop="after")
    await matatika_session.apikeys.delete(key_id)
    assert [(request.method, request.status) for request in matatika_server.requests.api] == [
        ("DELETE", None),
        ("DELETE", 404),
    ]


# What a new key is


async def test_a_new_key_has_its_secret_and_its_credentials(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    new = await matatika_session.apikeys.create("nightly batch")
    assert isinstance(new, ApiKey)
    assert works(matatika_server, new)
    assert new.name == "nightly batch"
    assert new.created is not None
    assert abs(new.created - matatika_server.api_keys[new.id].created) < timedelta(microseconds=2)
    assert new.created.tzinfo is UTC
    assert isinstance(new.created, datetime)
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


@pytest.mark.parametrize(
    "call",
    [
        lambda session, key_id: session.apikeys.create("x", ready_within=5),
        lambda session, key_id: session.apikeys.rotate(key_id),
        lambda session, key_id: session.apikeys.rotate(key_id, ready_within=0),
    ],
)
async def test_where_no_token_can_be_asked_for_readiness_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, key_id: UUID, call: Callable[..., Any]
) -> None:
    deployment = attrs.evolve(matatika_server.deployment, token_url=None)
    async with MatatikaSession(BearerToken("a-token"), deployment=deployment) as session:
        with pytest.raises(ConfigurationError, match="no token_url is known"):
            await call(session, key_id)
    assert not matatika_server.requests
