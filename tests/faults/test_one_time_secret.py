"""S: what becomes of a one-time secret on its way here. On its way to the caller: `test_one_time_secret_delivery`."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from aiomatatika import (
    ConflictError,
    MatatikaSession,
    NewApiKey,
    PendingError,
    Retries,
    SecretLostError,
    ServerError,
    Timeouts,
)
from aiomatatika.testing import MatatikaServer, RecordedRequest

from .conftest import Witness

REPAIRED = ["POST", "PUT", "GET", "DELETE", "POST", "PUT"]
ONE_KEY = "/api/apikeys/*"

Plan = Callable[[MatatikaServer], None]


def made_keys(server: MatatikaServer) -> list[uuid.UUID]:
    """Return the ids of the keys that are there beyond the first."""
    return [id for id in server.api_keys if id != server.default_key_id]


def put_ids(server: MatatikaServer) -> list[uuid.UUID]:
    """Return the ids that a PUT was sent to, in order."""
    return [uuid.UUID(request.path.rpartition("/")[2]) for request in server.requests.api if request.method == "PUT"]


async def assert_created(server: MatatikaServer, session: MatatikaSession) -> NewApiKey:
    """Create a key, and see that its secret works and that no other key is left."""
    new = await session.apikeys.create("nightly batch")
    assert made_keys(server) == [new.id]
    assert server.api_keys[new.id].credentials == new.credentials
    return new


async def lost(session: MatatikaSession, witness: Witness) -> SecretLostError:
    with witness.raises(SecretLostError) as caught:
        await session.apikeys.create("nightly batch")
    assert isinstance(caught.value, SecretLostError)
    assert str(caught.value.key_id) in str(caught.value)
    return caught.value


def warned(log: pytest.LogCaptureFixture) -> str:
    """Return the one WARNING."""
    (message,) = [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]
    return message


async def test_S01_happy_path(server: MatatikaServer) -> None:
    async with server.session() as session:
        new = await assert_created(server, session)
    assert server.requests.methods() == ["POST", "PUT"]
    assert new.client_secret.reveal() not in repr(new) + str(new) + f"{new}"


LOST_AFTER = [
    {"drop": "after"},
    {"drop": "after", "reset": True},
    {"raw": b"no HTTP\r\n\r\n"},
    {"raw": b"HTTP/1.1 201 Cre"},
    {"status": 504, "act": True},
]


@pytest.mark.parametrize("fault", LOST_AFTER, ids=["closed", "reset", "no HTTP", "half a head", "504"])
async def test_S02_response_of_the_put_lost_and_it_was_executed(server: MatatikaServer, fault: Any) -> None:
    server.faults.add(method="PUT", **fault)
    async with server.session() as session:
        new = await assert_created(server, session)
    assert server.requests.methods() == REPAIRED
    first, second = put_ids(server)
    assert (first != second, second) == (True, new.id)


async def test_S02_response_of_every_put_lost(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(method="PUT", drop="after", times=None)
    async with server.session() as session:
        error = await lost(session, witness)
    assert (error.created, error.orphan, made_keys(server)) == (True, False, [])
    assert server.requests.methods() == [*["POST", "PUT", "GET", "DELETE"] * 3]
    assert error.key_id == put_ids(server)[-1]


async def test_S02_response_of_the_put_lost_and_the_key_cannot_be_deleted(
    server: MatatikaServer, witness: Witness
) -> None:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="DELETE", status=403)
    async with server.session() as session:
        error = await lost(session, witness)
    assert (error.created, error.orphan, [error.key_id]) == (True, True, made_keys(server))


async def test_S03_hidden_repeat_of_aiohttp(server: MatatikaServer) -> None:
    server.faults.add(method="PUT", drop="after")
    async with server.session() as session:
        await session.apikeys.list().first()  # the PUT goes out over a connection that was used before
        server.requests.clear()
        await assert_created(server, session)
    assert server.requests.methods()[:3] == ["POST", "PUT", "GET"]
    assert len(set(put_ids(server))) == len(put_ids(server)), "no id was put twice"


@pytest.mark.parametrize("shown", [None, {"_links": {"create apikey": {"href": "x"}}}], ids=["404", "create apikey"])
@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "before", "reset": True}], ids=repr)
async def test_S04_put_lost_and_it_was_not_executed(server: MatatikaServer, fault: Any, shown: Any) -> None:
    server.faults.add(method="PUT", **fault)
    if shown is not None:
        server.faults.add(method="GET", path=ONE_KEY, json=shown)
    async with server.session() as session:
        await assert_created(server, session)
    assert server.requests.methods() == ["POST", "PUT", "GET", "PUT"]
    assert len(set(put_ids(server))) == 1


async def test_S05_put_answers_200_instead_of_201(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        taken = await session.apikeys.create("somebody's")
        server.requests.clear()
        server.faults.add(method="POST", edit=lambda document: document | {"id": str(taken.id)})
        error = await lost(session, witness)
    assert server.requests.methods() == ["POST", "PUT"]
    assert (error.key_id, error.created, error.orphan) == (taken.id, False, False)
    assert made_keys(server) == [taken.id]


@pytest.mark.parametrize("secret", [..., None, "", "********", 5, ["canary-in-a-list"], {"value": "canary"}])
async def test_S06_201_without_a_usable_secret(server: MatatikaServer, witness: Witness, secret: Any) -> None:
    def edit(document: dict[str, Any]) -> None:
        witness.secrets.add(document.pop("clientSecret"))
        if secret is not ...:
            document["clientSecret"] = secret

    server.faults.add(method="PUT", edit=edit)
    async with server.session() as session:
        error = await lost(session, witness)
    assert (error.created, error.orphan, made_keys(server)) == (True, False, [])
    assert server.requests.methods() == ["POST", "PUT", "DELETE"]
    assert "canary" not in str(error)


async def test_S07_201_and_the_body_is_cut_inside_the_secret(server: MatatikaServer, witness: Witness) -> None:
    secret = "canary-" + 64 * "s"
    body = json.dumps({"id": str(uuid.uuid4()), "clientId": "x", "clientSecret": secret, "name": "n"}).encode()
    for length in (body.index(b"canary-") + 20, 1, 0, len(body) - 1):
        server.faults.add(method="PUT", status=201, body=body, cut_after=length, act=True)
        witness.secrets.add(secret)
        async with server.session() as session:
            error = await lost(session, witness)
        assert (error.created, error.orphan, made_keys(server)) == (True, False, [])
        assert server.requests.methods()[-3:] == ["POST", "PUT", "DELETE"]


@pytest.mark.parametrize(
    "broken",
    [
        {"created": "not a date"},
        {"created": 5, "lastModified": []},
        {"created": "2026-01-11T18:58:35.961073921"},
        {"name": None},
        {"name": ...},
        {"name": {"extra": ["nesting"]}},
        {"profileId": ["auth0|5eb0"]},
        {"state": "A_STATE_THAT_NOBODY_KNOWS"},
        {"_links": "none", "_embedded": 5},
        {"id": None},
        {"id": "another"},
    ],
    ids=repr,
)
async def test_S08_201_whole_and_another_field_broken(server: MatatikaServer, broken: dict[str, Any]) -> None:
    def edit(document: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in (document | broken).items() if value is not ...}

    server.faults.add(method="PUT", edit=edit)
    async with server.session() as session:
        await assert_created(server, session)
    assert server.requests.methods() == ["POST", "PUT"]


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_S13_put_5xx(server: MatatikaServer, status: int, executed: bool) -> None:
    await put_answered(server, status, executed=executed)


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("status", [408, 425])
async def test_A26_408_and_425_to_the_creating_put(server: MatatikaServer, status: int, executed: bool) -> None:
    await put_answered(server, status, executed=executed)


async def put_answered(server: MatatikaServer, status: int, *, executed: bool) -> None:
    server.faults.add(method="PUT", status=status, act=executed)
    async with server.session() as session:
        await assert_created(server, session)
    assert server.requests.methods() == (REPAIRED if executed else ["POST", "PUT", "GET", "PUT"])


@pytest.mark.parametrize("executed", [True, False])
async def test_S15_get_after_the_loss_fails(server: MatatikaServer, witness: Witness, executed: bool) -> None:
    server.faults.add(method="PUT", drop="after" if executed else "before")
    server.faults.add(method="GET", path=ONE_KEY, drop="before", times=None)
    async with server.session() as session:
        error = await lost(session, witness)
    assert (error.created, error.orphan) == (None, None)
    assert [error.key_id] == put_ids(server)


async def test_S15_network_gone_after_the_loss(server: MatatikaServer, witness: Witness) -> None:
    put = server.faults.add(method="PUT", delay=asyncio.Event())
    async with server.session() as session:
        creation = asyncio.create_task(lost(session, witness))
        await put.wait()
        await server.close()
        error = await creation
    assert (error.created, error.orphan, [error.key_id]) == (None, None, made_keys(server))


async def test_S18_two_creates_at_once_of_the_same_name(server: MatatikaServer) -> None:
    async with server.session() as session:
        new = await asyncio.gather(*(session.apikeys.create("nightly batch") for _ in range(2)))
    assert len(server.requests.api) == 4
    assert sorted(key.id for key in new) == sorted(made_keys(server))
    for key in new:
        assert server.api_keys[key.id].credentials == key.credentials


async def test_S23_put_409(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(method="PUT", status=409)
    async with server.session() as session:
        with witness.raises(ConflictError) as caught:
            await session.apikeys.create("nightly batch")
    assert server.requests.methods() == ["POST", "PUT"]
    (key_id,) = put_ids(server)
    assert str(key_id) in "".join(caught.value.__notes__)
    assert caught.value.path == f"/api/apikeys/{key_id}"


async def test_S24_delete_of_a_lost_key_races_a_human(server: MatatikaServer) -> None:
    def human(request: RecordedRequest) -> str:
        key = server.api_keys[uuid.UUID(request.path.rpartition("/")[2])]
        server._store.delete_key(key)
        return json.dumps({"status": 404, "error": "Not Found"})

    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="DELETE", status=404, body=human)
    async with server.session() as session:
        await assert_created(server, session)
    assert server.requests.methods() == REPAIRED


@pytest.mark.parametrize("body", [b"", b'{"message": "accepted"}', b"not JSON"])
async def test_S25_put_202_accepted(server: MatatikaServer, witness: Witness, body: bytes) -> None:
    server.faults.add(method="PUT", status=202, body=body)
    async with server.session() as session:
        with witness.raises(PendingError) as caught:
            await session.apikeys.create("nightly batch")
    assert isinstance(caught.value, PendingError)
    assert [caught.value.resource_id] == put_ids(server)
    assert server.requests.methods() == ["POST", "PUT"]


def unreachable(server: MatatikaServer) -> None:
    """Have the look-up be the last that anybody can ask."""

    def stop_listening(_: object) -> bytes:
        assert server._listener is not None
        server._listener.close()
        return b"{}"

    server.faults.add(method="GET", path=ONE_KEY, status=404, headers={"Connection": "close"}, body=stop_listening)


def second_put(**fault: Any) -> Plan:
    """Have the look-up show no key, as a replica that lags, and the second PUT end so."""

    def plan(server: MatatikaServer) -> None:
        server.faults.add(method="GET", path=ONE_KEY, status=404)
        server.faults.add(method="PUT", **fault)

    return plan


def nothing_more(server: MatatikaServer) -> None:
    second_put(delay=asyncio.Event(), times=None)(server)
    server.faults.add(method="GET", path=ONE_KEY, delay=asyncio.Event(), times=None)


ENDINGS: dict[str, Plan] = {
    "refused connection": unreachable,
    "409": second_put(status=409),
    "429": second_put(status=429, headers={"Retry-After": "900"}),
    "403": second_put(status=403),
    "401 twice": second_put(status=401, times=2),
    "504, and for good": second_put(status=504, times=None),
    "deadline": nothing_more,
}
LOSSES = [{"status": 504, "act": True}, {"drop": "after", "reset": True}, {"status": 408, "act": True}, LOST_AFTER[3]]


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("ending", ENDINGS)
async def test_S26_lost_creating_put_is_never_forgotten(
    server: MatatikaServer, witness: Witness, caplog: pytest.LogCaptureFixture, ending: str, loss: dict[str, Any]
) -> None:
    server.faults.add(method="PUT", **loss)
    ENDINGS[ending](server)
    options: dict[str, Any] = {"timeouts": Timeouts(total=0.3)} if ending == "deadline" else {}
    async with server.session(retries=Retries(attempts=1), **options) as session:
        await session.apikeys.list().first()
        server.requests.clear()
        error = await lost(session, witness)
    first = put_ids(server)[0]
    assert (error.key_id, error.created, error.orphan) == (first, None, None)
    assert (error.method, error.path) == ("PUT", f"/api/apikeys/{first}")
    assert str(first) in warned(caplog)


async def test_S26_that_nothing_was_created_is_said_where_a_look_up_has_proved_it(
    server: MatatikaServer, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(method="PUT", status=503, times=None)
    async with server.session() as session:
        with witness.raises(ServerError) as caught:
            await session.apikeys.create("nightly batch")
    assert made_keys(server) == []
    assert server.requests.methods() == ["POST", *["PUT", "GET"] * 3]
    (key_id,) = set(put_ids(server))
    assert str(key_id) in warned(caplog)
    assert str(key_id) in "".join(caught.value.__notes__)


@pytest.mark.parametrize("repaired", [False, True])
async def test_S33_lost_put_that_arrives_late(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, repaired: bool
) -> None:
    server.faults.add(method="PUT", drop="before")  # it is held up on its way
    if repaired:
        server.faults.add(method="PUT", drop="after")
    async with server.session() as session:
        new = await assert_created(server, session)
        first = put_ids(server)[0]
        assert warned(caplog) == f"a creating PUT got no response and may still be carried out: API key {first}"
        if first == new.id:
            await session.apikeys.delete(new)
        await session.request("PUT", f"/apikeys/{first}", json={"name": "nightly batch"})
    assert first in made_keys(server), "no client can exclude it"


@pytest.mark.parametrize("rest", [{"drop": "after"}, {"cut_after": 20}], ids=repr)
async def test_S33_what_a_late_put_can_bring_back_is_not_said_to_be_gone(
    server: MatatikaServer, witness: Witness, rest: dict[str, Any]
) -> None:
    server.faults.add(method="PUT", drop="before", times=2)
    server.faults.add(method="PUT", **rest)
    async with server.session() as session:
        error = await lost(session, witness)
    assert (error.created, error.orphan, made_keys(server)) == (True, None, [])
    assert "a lost PUT can bring it back" in str(error)


@pytest.mark.parametrize("refusal", [{"status": 403}, {"drop": "before", "times": None}], ids=repr)
async def test_S34_clean_up_that_fails(server: MatatikaServer, witness: Witness, refusal: dict[str, Any]) -> None:
    server.faults.add(method="PUT", cut_after=20)
    server.faults.add(method="DELETE", **refusal)
    async with server.session() as session:
        error = await lost(session, witness)
    assert (error.created, error.orphan, [error.key_id]) == (True, True, made_keys(server))
    assert "no usable secret, and deleting the key failed (" in str(error)
    assert ("403" if "status" in refusal else "connection") in str(error)
