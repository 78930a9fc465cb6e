"""B, the second part: JSON that holds something else than was promised, or more than may be seen."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import pytest

from aiomatatika import (
    ApiError,
    ApiKey,
    AuthenticationError,
    BadRequestError,
    HalResource,
    MatatikaError,
    NewApiKey,
    RelationNotFoundError,
    ResponseError,
    ServerError,
)
from aiomatatika.enums import OpenEnum
from aiomatatika.hal import JsonObject
from aiomatatika.testing import MatatikaServer

from ..canary import assert_hidden, shown_by
from .conftest import Witness, call

if TYPE_CHECKING:
    from fractions import Fraction

PROFILES, LIST, KEYS, TOKEN = "/api/profiles", "/api/apikeys", "/api/apikeys/*", "/oauth/token"
KEY = UUID(int=1)
CANARY = "canary-of-a-value"


def in_fourth(**members: Any) -> Callable[[Any], None]:
    """Return what changes the fourth key of a page."""

    def edit(document: Any) -> None:
        document["_embedded"]["apikeys"][3].update(members)

    return edit


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("value", [None, 5, [], {}, True, "", f"{KEY}g", [CANARY]])
async def test_B15_an_id_of_a_wrong_type_is_named_by_its_place(
    server: MatatikaServer, witness: Witness, value: object
) -> None:
    witness.secrets.add(CANARY)
    server.add_api_keys(5)
    server.faults.add(path=LIST, edit=in_fourth(id=value))
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.apikeys.list().collect()
    assert str(caught.value) == "apikeys[3].id: expected a UUID (GET /api/apikeys)"
    assert isinstance(caught.value, ResponseError)
    assert caught.value.status == 200


BROKEN: dict[str, list[Any]] = {
    "name": [{}, 5, [CANARY]],
    "clientId": [[CANARY]],
    "accessToken": [{"token": CANARY}],
    "created": [CANARY, "2026-02-30T00:00:00", 1768157915],
    "_links": [CANARY],
    "_embedded": [[CANARY]],
}


@pytest.mark.parametrize("member, value", [(member, value) for member, values in BROKEN.items() for value in values])
async def test_B15_another_member_of_a_wrong_type_is_left_out_and_named(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, witness: Witness, member: str, value: object
) -> None:
    witness.secrets.add(CANARY)
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "profileId": "p", member: value})
    async with server.session() as session:
        key = await session.apikeys.get(KEY)
    assert key == ApiKey(id=KEY, profile_id="p", extra=JsonObject({member: value}))
    assert warnings_in(caplog) == [f"GET /api/apikeys/{KEY}: not what was promised, and left out: {member}"]


@pytest.mark.parametrize("member", BROKEN)
async def test_P28_it_costs_a_page_nothing_else(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, witness: Witness, member: str
) -> None:
    witness.secrets.add(CANARY)
    server.add_api_keys(12)
    server.faults.add(path=LIST, edit=in_fourth(**{member: BROKEN[member][0]}))
    async with server.session() as session:
        found = await session.apikeys.list().collect()
    assert [key.id for key in found] == list(server.api_keys)
    assert [dict(key.extra) for key in found if key.extra] == [{member: BROKEN[member][0]}]
    (warning,) = warnings_in(caplog)
    assert warning.endswith(f": not what was promised, and left out: apikeys[3].{member}")


# What the user's own class asks for


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    READY = "READY"


class State(OpenEnum):
    READY = "READY"


class Name(str):
    __slots__ = ()


@attrs.frozen(kw_only=True)
class Sample(HalResource):
    flag: bool = False
    n: int = 0
    ratio: float = 0.0
    keys: tuple[ApiKey, ...] = ()
    level: Level | None = None
    word: Word | None = None
    state: State | None = None
    name: Name | None = None


class Slotted(Sample):
    __slots__ = ()

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)


@pytest.mark.parametrize("cls", [Sample, Slotted])
@pytest.mark.parametrize(
    "document, path",
    [
        ({"flag": "false"}, "flag"),
        ({"n": 7.9}, "n"),
        ({"n": True}, "n"),
        ({"ratio": "0.5"}, "ratio"),
        ({"keys": {}}, "keys"),
        ({"keys": [{"id": str(KEY)}, {"id": 5}]}, "keys[1].id"),
        ({"level": 2}, "level"),
        ({"word": "UNHEARD_OF"}, "word"),
    ],
)
async def test_B15_nothing_is_converted_in_a_users_own_class(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, cls: type[Sample], document: Any, path: str
) -> None:
    server.faults.add(path=PROFILES, json=document)
    async with server.session() as session:
        found = await session.follow("/api/profiles", as_type=cls)
    assert found == cls(extra=JsonObject(document))
    assert warnings_in(caplog) == [f"GET /api/profiles: not what was promised, and left out: {path}"]


@pytest.mark.parametrize("cls", [Sample, Slotted])
async def test_I20_enums_and_kinds_of_text_are_what_they_are_annotated_as(
    server: MatatikaServer, cls: type[Sample]
) -> None:
    server.faults.add(path=PROFILES, json={"level": 1, "word": "READY", "state": "paused", "name": "a"})
    async with server.session() as session:
        found = await session.follow("/api/profiles", as_type=cls)
    assert (type(found), found.level, found.word, found.state) == (cls, Level.LOW, Word.READY, "paused")
    assert [type(each) for each in (found.word, found.state, found.name)] == [Word, State, Name]


class Undecorated(HalResource):
    name: str | None = None


@dataclasses.dataclass(frozen=True)
class OtherDecorator(HalResource):
    name: str | None = None


@attrs.frozen(kw_only=True)
class OnlyForCheckers(HalResource):
    name: Fraction | None = None


@attrs.frozen(kw_only=True)
class Price(HalResource):
    name: decimal.Decimal | None = None


@pytest.mark.parametrize("cls", [Undecorated, OtherDecorator, OnlyForCheckers, Price])
async def test_I20_a_class_that_cannot_be_made_is_named_before_anything_is_sent(
    server: MatatikaServer, witness: Witness, cls: type[HalResource]
) -> None:
    async with server.session() as session:
        with witness.raises(TypeError) as caught:
            await session.follow("/api/profiles", as_type=cls)
    assert f"{cls.__name__}.name" in str(caught.value)
    assert server.requests.seen == 0


async def test_B16_unknown_members_are_kept_and_hidden(server: MatatikaServer, witness: Witness) -> None:
    unknown = {"password": CANARY, "nested": {"apiToken": [CANARY]}, "id2": 5, "Id": "other"}
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "name": "known", **unknown})
    async with server.session() as session:
        key = await session.apikeys.get(KEY)
        assert (key.id, key.name) == (KEY, "known")
        assert key.extra == unknown
        assert_hidden([repr(key), str(key), f"{key}", repr(key.extra), repr([key])], {CANARY})


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-01-11T18:58", "18:58"),
        ("2026-01-11T18:58:35.961073921", "18:58:35.961073"),
        ("2026-01-11T18:58:35.5Z", "18:58:35.5"),
        ("2026-01-11T18:58:35-04:30", "23:28:35"),
        *((text, None) for text in ("2026-W02-7T18:58:35", "2026-01-11T24:00:00", "0000-01-01T00:00:00")),
        *((text, None) for text in ("٢٠٢٦-01-11T18:58:35", "2026-01-11", "2026-01-11T18:58:35\n", 1768157915)),
    ],
)
async def test_B17_a_timestamp_is_utc_unless_it_says_otherwise(
    server: MatatikaServer, text: object, expected: str | None
) -> None:
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "created": text})
    async with server.session() as session:
        created = (await session.apikeys.get(KEY)).created
    assert created == (datetime.fromisoformat(f"2026-01-11T{expected}+00:00") if expected else None)
    assert created is None or created.tzinfo is UTC


ECHOES: dict[str, Callable[[str], bytes]] = {
    "message": lambda secret: json.dumps({"status": 500, "message": f"cannot read {secret} here"}).encode(),
    "error": lambda secret: json.dumps({"error": secret, "message": f"{secret}{secret}"}).encode(),
    "errors": lambda secret: json.dumps(
        {"message": "invalid", "errors": [{"field": secret, "rejectedValue": {secret: [secret]}}]}
    ).encode(),
    "HTML": lambda secret: f"<html><body><pre>Authorization: {secret}</pre></body></html>".encode(),
    "no JSON": lambda secret: f'{{"message": "{secret}'.encode(),
    "one name twice": lambda secret: f'{{"message":"{secret}","message":"{secret}"}}'.encode(),
    "far on": lambda secret: json.dumps({"message": "x " * 245 + secret}).encode(),
    "header": lambda secret: json.dumps({"message": f"{{Authorization=[{secret}], Accept=[*/*]}}"}).encode(),
}


@pytest.mark.parametrize("whose", ["token", "client secret"])
@pytest.mark.parametrize("status, kind", [(400, BadRequestError), (401, AuthenticationError), (500, ServerError)])
@pytest.mark.parametrize("where", ECHOES)
async def test_B18_what_an_error_body_echoes_is_cut_out(
    server: MatatikaServer, witness: Witness, where: str, status: int, kind: type[MatatikaError], whose: str
) -> None:
    client_secret = server.credentials.client_secret.reveal()
    server.faults.add(
        path=PROFILES,
        status=status,
        body=lambda request: ECHOES[where](
            client_secret if whose == "client secret" else request.headers["Authorization"]
        ),
        times=None,
    )
    async with server.session() as session:
        with witness.raises(kind) as caught:
            await call(session)
    error = caught.value
    if isinstance(error, ApiError) and where in {"message", "HTML", "header"}:
        assert error.message is not None
        assert "[hidden]" in error.message


@pytest.mark.parametrize("status", [400, 401, 403, 500])
@pytest.mark.parametrize("where", ECHOES)
async def test_B18_what_a_token_endpoint_echoes_is_cut_out(
    server: MatatikaServer, witness: Witness, where: str, status: int
) -> None:
    client_secret = server.credentials.client_secret.reveal()
    server.faults.add(path=TOKEN, status=status, body=ECHOES[where](client_secret), times=None)
    async with server.session() as session:
        with witness.raises(MatatikaError):
            await call(session)
    assert server.requests.api == []


HOSTILE = "\x1b[2J\x9b\u202e\n\x00"


async def test_B24_names_in_documents_do_not_act_on_a_terminal(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, witness: Witness
) -> None:
    link = {"href": "/api/profiles"}
    server.faults.add(path=LIST, json={"_embedded": {HOSTILE * 50: [{"id": str(KEY), "created": 5}]}})
    server.faults.add(path=LIST, json={"_embedded": {HOSTILE * 50: [5]}})
    server.faults.add(path=LIST, status=200, headers={"Content-Type": "text/\x9b" + "x" * 99}, body=b"<")
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "_links": {HOSTILE: link, f"add {HOSTILE}": link}})
    async with server.session() as session:
        await session.apikeys.list().collect()
        for _ in range(2):
            with witness.raises(ResponseError):
                await session.apikeys.list().collect()
        key = await session.apikeys.get(KEY)
        with witness.raises(RelationNotFoundError):
            await session.follow(key, "logs")
    shown = [repr(key.links), *map(str, witness.errors), *warnings_in(caplog)]
    assert len(shown) == 5
    for text in shown:
        assert text.isprintable()
        assert len(text) < 400
        text.encode()


async def test_B25_links_by_the_thousand_are_had_in_linear_time(server: MatatikaServer) -> None:
    links = {f"relation-{number}": {"href": f"/api/{number}"} for number in range(20_000)}
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "_links": links})
    async with server.session() as session:
        key = await session.apikeys.get(KEY)
    began = time.process_time()
    assert len(dict(key.links)) == len(links)
    # A tenth of a second on a quiet machine; where the time grows with the square it is half a minute.
    assert time.process_time() - began < 2


@pytest.mark.parametrize("value", [CANARY, {"value": CANARY}, 7.9])
async def test_B21_a_wrong_type_next_to_a_new_secret_shows_no_value(
    server: MatatikaServer, witness: Witness, value: object
) -> None:
    witness.secrets.add(CANARY)
    server.faults.add(method="PUT", path=KEYS, edit=lambda document: {**document, "lastModified": value})
    async with server.session() as session:
        new = await session.apikeys.create("new")
    assert isinstance(new, NewApiKey)
    assert server.api_keys[new.id].credentials == new.credentials
    assert_hidden(shown_by(new), {CANARY, new.client_secret.reveal()})
