"""B, the second part: JSON that holds something else than was promised, or more than may be seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
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
    ResponseError,
    ServerError,
)
from aiomatatika.testing import MatatikaServer

from ..canary import assert_hidden, shown_by
from .conftest import Witness, call

PROFILES, LIST, KEYS, TOKEN = "/api/profiles", "/api/apikeys", "/api/apikeys/*", "/oauth/token"
KEY = UUID(int=1)
CANARY = "canary-of-a-value"


@attrs.frozen(kw_only=True)
class Sample(HalResource):
    """What a user's own class can ask for."""

    flag: bool = False
    n: int = 0
    ratio: float = 0.0
    when: datetime | None = None
    keys: tuple[ApiKey, ...] = ()


def in_fourth(**members: Any) -> Callable[[Any], None]:
    """Return what changes the fourth key of a page; None takes a member away."""

    def edit(document: Any) -> None:
        document["_embedded"]["apikeys"][3].update(members)

    return edit


@pytest.mark.parametrize("value", [5, [], {}, True, "", CANARY, "00000000-0000-0000-0000-00000000000g", [CANARY]])
async def test_B15_an_id_of_a_wrong_type_is_named_by_its_place(
    server: MatatikaServer, witness: Witness, value: object
) -> None:
    witness.secrets.add(CANARY)
    server.add_api_keys(5)
    server.faults.add(path=LIST, edit=in_fourth(id=value))
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.apikeys.list().collect()
    assert str(caught.value) == "apikeys[3].id: expected a UUID (GET /api/apikeys/)"
    assert isinstance(caught.value, ResponseError)
    assert caught.value.status == 200


@pytest.mark.parametrize(
    "member, value, expected",
    [
        ("id", None, "apikeys[3].id: expected a UUID"),
        ("name", {}, "apikeys[3].name: expected a string"),
        ("name", 5, "apikeys[3].name: expected a string"),
        ("clientId", [CANARY], "apikeys[3].clientId: expected a string"),
        ("accessToken", {"token": CANARY}, "apikeys[3].accessToken: expected a string"),
        ("created", CANARY, "apikeys[3].created: expected a timestamp"),
        ("_links", CANARY, "apikeys[3]._links: expected an object"),
        ("_embedded", [CANARY], "apikeys[3]._embedded: expected an object"),
    ],
)
async def test_B15_a_field_of_a_wrong_type_is_named_by_its_place(
    server: MatatikaServer, witness: Witness, member: str, value: object, expected: str
) -> None:
    witness.secrets.add(CANARY)
    server.add_api_keys(5)
    server.faults.add(path=LIST, edit=in_fourth(**{member: value}))
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.apikeys.list().collect()
    assert str(caught.value) == f"{expected} (GET /api/apikeys/)"


@pytest.mark.parametrize(
    "document, expected",
    [
        ({"flag": "false"}, "flag: expected true or false"),
        ({"flag": 0}, "flag: expected true or false"),
        ({"n": 7.9}, "n: expected a whole number"),
        ({"n": "7"}, "n: expected a whole number"),
        ({"n": True}, "n: expected a whole number"),
        ({"ratio": "0.5"}, "ratio: expected a number"),
        ({"keys": {}}, "keys: expected an array"),
        ({"keys": [{"id": str(KEY)}, {"id": 5}]}, "keys[1].id: expected a UUID"),
        ({"keys": [{}]}, "keys[0].id: missing"),
        ({"keys": ["x"]}, "keys[0]: expected an object"),
    ],
)
async def test_B15_nothing_is_converted_in_a_users_own_class(
    server: MatatikaServer, witness: Witness, document: object, expected: str
) -> None:
    server.faults.add(path=PROFILES, json=document)
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.follow("/api/profiles", as_type=Sample)
    assert str(caught.value) == f"{expected} (GET /api/profiles)"


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
        ("2026-01-11T18:58:35", "18:58:35"),
        *((f"2026-01-11T18:58:35.{'961073921'[:n]}", f"18:58:35.{'961073'[:n]}") for n in range(1, 10)),
        ("2026-01-11T18:58:35Z", "18:58:35"),
        ("2026-01-11T18:58:35.961073921Z", "18:58:35.961073"),
        ("2026-01-11T18:58:35+01:00", "17:58:35"),
        ("2026-01-11T18:58:35-04:30", "23:28:35"),
        ("2026-01-11T18:58:35+00:00", "18:58:35"),
    ],
)
async def test_B17_a_timestamp_is_utc_unless_it_says_otherwise(
    server: MatatikaServer, text: str, expected: str
) -> None:
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "created": text})
    async with server.session() as session:
        created = (await session.apikeys.get(KEY)).created
    assert created is not None
    assert created == datetime.fromisoformat(f"2026-01-11T{expected}+00:00")
    assert created.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-W02-7T18:58:35",
        "2026-01-11T24:00:00",
        "0000-01-01T00:00:00",
        # Arabic digits
        "2026-01-11T18:58:35".translate({digit: digit + 0x630 for digit in range(0x30, 0x3A)}),
        "2026-01-11",
        "2026-01-11 18:58:35",
        "2026-01-11t18:58:35z",
        "2026-02-30T00:00:00",
        "2026-13-01T00:00:00",
        "2026-01-11T18:60:00",
        "2026-01-11T18:58:60",
        "2026-01-11T18:58:35.9610739210",
        "2026-01-11T18:58:35.",
        "2026-01-11T18:58:35,961",
        "2026-01-11T18:58:35+0100",
        "2026-01-11T18:58:35+24:00",
        "2026-01-11T18:58:35 +01:00",
        "2026-01-11T18",
        "20260111T185835",
        "2026-011T18:58:35",
        "+2026-01-11T18:58:35",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "Sun, 11 Jan 2026 18:58:35 GMT",
        "2026-01-11T18:58:35\n",
        "",
        1768157915,
        1768157915.961,
        [2026, 1, 11, 18, 58, 35],
        False,
    ],
)
async def test_B17_whatever_else_is_no_timestamp(server: MatatikaServer, witness: Witness, text: object) -> None:
    server.faults.add(path=KEYS, status=200, json={"id": str(KEY), "created": text})
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.apikeys.get(KEY)
    assert str(caught.value).startswith("created: expected a timestamp")


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


async def test_B21_a_wrong_type_next_to_a_token_shows_no_value(server: MatatikaServer, witness: Witness) -> None:
    seen: list[str] = []

    def edit(document: Any) -> None:
        key = document["_embedded"]["apikeys"][0]
        seen.append(key["accessToken"])
        key["profileId"] = [CANARY]

    server.faults.add(path=LIST, edit=edit)
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.apikeys.list().first()
    witness.secrets |= {CANARY, *seen}
    assert str(caught.value) == "apikeys[0].profileId: expected a string (GET /api/apikeys/)"


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
