"""A page in one go: it takes what the API writes, makes of it what the converter does, and leaves it the rest."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, SafeUUID

import attrs
import pytest
from yarl import URL

from aiomatatika import ApiKey, HalResource, Link, Profile, Secret
from aiomatatika.decoding.promised import exact_page, exact_resource
from aiomatatika.paging.page import read_page
from aiomatatika.testing import MatatikaServer

CANARY = "canary-7f3a"
ID = "904cf92b-1111-4222-8333-944455556666"


def key(**members: Any) -> dict[str, Any]:
    href = {"href": f"https://app.matatika.com/api/apikeys/{ID}"}
    return {
        "id": ID,
        "created": "2024-01-08T13:35:35.961074",
        "lastModified": "2024-02-29T09:10:11.93",
        "name": "nightly batch",
        "clientId": "kJ7",
        "profileId": "auth0|5eb0",
        "_links": {"self": href, "update delete apikey": href},
        **members,
    }


def page(*keys: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "_embedded": {"apikeys": [*keys]},
        "_links": {"self": {"href": "/api/apikeys"}, "next": {"href": "/api/apikeys?page=1"}},
        "page": {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0},
        **members,
    }


def read(document: Any, cls: type[Any] = ApiKey) -> Any:
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return exact_page(text.encode("utf-8", "surrogatepass"), cls, "apikeys")


def test_a_page_as_the_api_writes_it() -> None:
    exact = read(page(key(name="default", accessToken=CANARY), key()))
    first, second = exact.items
    assert second == ApiKey(
        id=UUID(ID),
        created=datetime(2024, 1, 8, 13, 35, 35, 961074, UTC),
        last_modified=datetime(2024, 2, 29, 9, 10, 11, 930000, UTC),
        name="nightly batch",
        client_id="kJ7",
        profile_id="auth0|5eb0",
    )
    assert (first.name, first.access_token) == ("default", Secret(CANARY))
    assert (exact.links["next"].href, exact.counts["totalPages"]) == ("/api/apikeys?page=1", 3)


def test_its_resources_are_no_less_than_others() -> None:
    (made,) = read(page(key())).items
    assert made.links["update apikey"] == Link(
        href=f"https://app.matatika.com/api/apikeys/{ID}", rel="update delete apikey", method="PUT"
    )
    assert made.created.tzinfo is made.last_modified.tzinfo is UTC
    assert made.id.is_safe is SafeUUID.unknown
    assert (made.extra, made.embedded) == ({}, {})
    again = pickle.loads(pickle.dumps(made))
    assert again == made == attrs.evolve(made)
    assert dict(again.links) == dict(made.links)
    assert hash(again) == hash(made)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.name = "else"


async def test_the_pages_of_the_embedded_server_are_taken_also_the_one_with_the_default_key(
    matatika_server: MatatikaServer,
) -> None:
    matatika_server.add_api_keys(30)
    async with matatika_server.session() as session:
        for number in (0, 1):
            response = await session.request("GET", "/apikeys", params={"page": str(number)})
            exact = exact_page(response.body, ApiKey, "apikeys")
            assert exact is not None
            assert len(exact.items) == (20, 11)[number]


def test_a_resource_alone_is_read_as_one_of_a_page() -> None:
    (made,) = read(page(key(accessToken=CANARY))).items
    alone = exact_resource(json.dumps(key(accessToken=CANARY)).encode(), ApiKey)
    assert alone is not None
    assert alone == made
    assert (alone.access_token, dict(alone.links)) == (Secret(CANARY), dict(made.links))


@pytest.mark.parametrize(
    "document",
    [
        key(unknown=1),
        key(name=None),
        key(id=ID.replace("-", "")),
        key(created="2024-01-08 13:35:35.961074"),
        json.dumps(key(name="a")).replace('"name"', '"name": "b", "name"'),
        json.dumps(key(name="\\")),
        "",
    ],
)
def test_a_resource_alone_that_is_not_exactly_as_promised_is_left_to_the_converter(document: Any) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    assert exact_resource(text.encode(), ApiKey) is None


@pytest.mark.parametrize("cls", [Profile, HalResource, dict, list[ApiKey]])
def test_so_is_a_class_with_fields_of_other_types(cls: type[Any]) -> None:
    assert exact_resource(b'{"id":"a","_links":{}}', cls) is None


def test_an_empty_array_is_a_page() -> None:
    assert read(page()).items == []


@pytest.mark.parametrize(
    "document",
    [
        page(key(unknown=1)),
        page(key(_embedded={})),
        page(key(name=None)),
        page(key(name=5)),
        page(key(id=ID.replace("-", ""))),
        page(key(id="{" + ID[2:-1] + "}")),
        page(key(id=ID[:-4] + 4 * "\N{ARABIC-INDIC DIGIT ZERO}")),
        page(key(created="2024-01-08 13:35:35.961074")),
        page(key(created="2024-01-08t13:35:35.961074")),
        page(key(created="2024-01-08T13:35:35.961073921")),
        page(key(created="2024-01-08T13:35:35.961074Z")),
        page(key(created="2024-01-08T13:35:35+01:00")),
        page(key(created="2024-01-08T24:00:00.000000")),
        page(key(created="2024-W01-1T13:35:35.961074")),
        page(key(created="0000-01-08T13:35:35.961074")),
        page(key(created="2024-01-08T13:35")),
        page(key(accessToken="")),
        page(key(_links={"self": {"href": "/", "type": "GET"}})),
        page(key(_links={"self": [{"href": "/"}]})),
        page(key(_links=None)),
        page(key(name='a "quoted" name')),
        page(key(), page={"size": 2.5}),
        page(key(), default={"accessToken": CANARY}),
        page(key(), _embedded={"apikeys": [key()], "others": []}),
        page(key(), _embedded={"others": [key()]}),
        [page(key())],
        json.dumps(page(key()))[:-1],
        json.dumps(page(key())) + "x",
        json.dumps(page(key(name="é"))).replace("\\u00e9", "\ud800"),
        "\ufeff" + json.dumps(page(key())),
        "[" * 100_000,
        "",
    ],
)
def test_what_is_not_exactly_as_promised_is_left_to_the_converter(document: Any) -> None:
    assert read(document) is None


@pytest.mark.parametrize(
    "once, twice",
    [
        ('"name"', '"name": "a", "name"'),
        ('"id"', f'"id": "{ID}", "id"'),
        ('"href"', '"href": "/", "href"'),
        ('"self"', '"self": {"href": "/"}, "self"'),
        ('"_links"', '"_links": {}, "_links"'),
        ('"size"', '"size": 2, "size"'),
        ('"page"', '"page": {}, "page"'),
        ('"apikeys"', '"apikeys": [], "apikeys"'),
        ('"_embedded"', '"_embedded": {"apikeys": []}, "_embedded"'),
    ],
)
def test_a_name_that_stands_twice_is_found_wherever_it_is(once: str, twice: str) -> None:
    text = json.dumps(page(key()))
    assert read(text) is not None
    assert read(text.replace(once, twice, 1)) is None


def test_white_space_and_other_scripts_are_no_reason_to_leave_it() -> None:
    document = page(key(name="naïve 名前 😀, {[:]} 'x'"))
    assert read(json.dumps(document, ensure_ascii=False, indent=2)).items[0].name == "naïve 名前 😀, {[:]} 'x'"


@attrs.frozen(kw_only=True)
class Counted(HalResource):
    id: UUID
    size: int


@attrs.frozen(kw_only=True)
class Plain(HalResource):
    id: UUID
    name: str | None = None


@attrs.frozen(kw_only=True)
class Validated(Plain):
    name: str | None = attrs.field(default=None, validator=attrs.validators.max_len(3))


@attrs.frozen(kw_only=True)
class Converted(Plain):
    name: str | None = attrs.field(default=None, converter=str)


@attrs.frozen(kw_only=True)
class Finished(Plain):
    def __attrs_post_init__(self) -> None:
        raise AssertionError


@attrs.frozen(kw_only=True, init=False)
class SelfMade(Plain):
    def __init__(self, **members: Any) -> None:
        self.__attrs_init__(**members)


@attrs.frozen(kw_only=True, slots=False)
class WithoutSlots(Plain):
    pass


@attrs.frozen(kw_only=True, cache_hash=True)
class Hashed(Plain):
    pass


@attrs.frozen(kw_only=True)
class Later(Plain):
    name: str | None = attrs.field(default=None, init=False)


def test_a_users_own_class_is_read_so_too() -> None:
    made = exact_resource(json.dumps({"id": ID, "name": "a", "_links": {}}).encode(), Plain)
    assert made == Plain(id=UUID(ID), name="a")
    assert exact_resource(json.dumps({"id": ID, "_links": {}}).encode(), Plain) == Plain(id=UUID(ID))


@pytest.mark.parametrize("cls", [Validated, Converted, Finished, SelfMade, WithoutSlots, Hashed, Later])
def test_a_class_that_does_more_than_keep_its_fields_is_left_to_the_converter(cls: type[Any]) -> None:
    assert exact_resource(json.dumps({"id": ID, "name": "a", "_links": {}}).encode(), cls) is None


@pytest.mark.parametrize("cls", [Counted, Profile])
def test_a_class_with_other_types_is_left_to_the_converter(cls: type[Any]) -> None:
    assert read(page({"id": ID, "size": 1, "_links": {}}), cls) is None


@pytest.mark.parametrize("change", [lambda each: each, lambda each: {**each, "unknown": 1}])
def test_both_ways_of_reading_a_page_bring_the_same(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    document = page(key(), key(id=ID.upper()))
    body = json.dumps(change(document)).encode()
    assert (read(body.decode()) is None) is ("unknown" in change(document))
    whole = read_page(URL("https://x/"), 200, body, "", ApiKey, "apikeys")
    assert whole == read_page(URL("https://x/"), 200, json.dumps(document).encode(), "", ApiKey, "apikeys")
