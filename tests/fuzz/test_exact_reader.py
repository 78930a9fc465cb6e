"""What the exact reader takes, it reads as the converter does: the one is the other's specification."""

from __future__ import annotations

import copy
import json
from typing import Any, Final
from uuid import UUID

from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import ApiKey
from aiomatatika.decoding.converter import structure
from aiomatatika.decoding.json_text import Mismatch, decode_json
from aiomatatika.decoding.promised import exact_page, exact_resource
from aiomatatika.paging.page import PageDocument, read_document, read_page

from .hostile import CANARY, bodies, odd_texts, wounded

URL_OF_LIST: Final = URL("https://api.example.com/api/apikeys/")

timestamps = (
    st.datetimes().map(lambda moment: moment.isoformat())
    | st.sampled_from(["2024-01-08T13:35:35", "2024-02-29T24:00:00", "2023-02-29T00:00:00", "2024-06-30T23:59:60"])
    | st.from_regex(r"\A\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d([.,]\d{0,9})?(Z|[+-]\d\d:\d\d)?\Z")
    | st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{1,6}\Z")
)
identities = st.uuids().map(str) | st.uuids().map(lambda each: each.hex) | st.from_regex(r"\A[0-9a-fA-F-]{36}\Z")
# Most of what needs an escape is left to the converter at once.
texts = st.text(st.characters(codec="utf-8", min_codepoint=32, exclude_characters='"\\'), max_size=5)
links = st.dictionaries(texts, st.builds(lambda href: {"href": href}, texts), max_size=3)
keys = st.fixed_dictionaries(
    {"id": identities, "_links": links},
    optional={
        "created": timestamps,
        "lastModified": timestamps,
        "name": texts | texts | texts | odd_texts,
        "clientId": st.just(CANARY),
        "profileId": st.just("auth0|5eb0"),
        "accessToken": st.just(CANARY) | st.just(""),
    },
)
likely_keys = st.builds(
    lambda key, number: {**key, "id": str(UUID(int=number)), "created": "2024-01-08T13:35:35.961"},
    keys,
    st.integers(0, 2**128 - 1),
)


def _page(rows: list[Any], counts: dict[str, int]) -> dict[str, Any]:
    following = {"self": {"href": "/api/apikeys"}, "next": {"href": "/api/apikeys?page=1"}}
    return {"_embedded": {"apikeys": copy.deepcopy(rows)}, "_links": following, "page": counts}


pages = st.builds(
    _page,
    st.lists(likely_keys, max_size=3) | st.lists(keys, max_size=2),
    st.dictionaries(st.sampled_from(["number", "size", "totalElements", "totalPages", "x"]), st.integers(-1, 2**65)),
)


written = (pages | wounded(pages, 1)).map(
    lambda document: json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
)


def everything(page: PageDocument[ApiKey]) -> Any:
    """Return all that a page holds, also what comparing resources leaves out."""
    return page, [(dict(item.links), item.embedded, item.extra, item.access_token) for item in page.items]


def assert_the_same_alone(key: Any) -> None:
    """One key alone: as its attributes, or refused."""
    body = json.dumps(key, ensure_ascii=False).encode("utf-8", "surrogatepass")
    fast = exact_resource(body, ApiKey)
    if fast is not None:
        slow = structure(decode_json(body), ApiKey)
        assert not isinstance(slow, Mismatch)
        assert fast == slow
        assert dict(fast.links) == dict(slow.links)


def assert_the_same(body: bytes) -> None:
    if exact_page(body, ApiKey, "apikeys") is None:
        return
    slow = read_document(URL_OF_LIST, body, "", ApiKey, "apikeys")
    fast = read_page(URL_OF_LIST, 200, body, "", ApiKey, "apikeys")
    if isinstance(slow, PageDocument) and isinstance(fast, PageDocument):
        assert everything(fast) == everything(slow)
    else:
        assert fast == slow


@given(written | bodies(pages))
def test_whatever_it_takes_it_reads_as_the_converter_does(body: bytes) -> None:
    assert_the_same(body)


def test_a_good_part_of_that_it_takes() -> None:
    taken = []

    @given(written)
    def look(body: bytes) -> None:
        taken.append(exact_page(body, ApiKey, "apikeys") is not None)

    look()
    assert taken.count(True) > len(taken) / 10


@given(keys | likely_keys | wounded(keys, 1))
def test_nor_is_one_key_alone_another(key: Any) -> None:
    assert_the_same_alone(key)


@given(timestamps)
def test_it_is_as_strict_about_timestamps(text: str) -> None:
    document = _page([{"id": str(UUID(int=1)), "created": text, "_links": {}}], {})
    assert_the_same(json.dumps(document, ensure_ascii=False).encode())
    assert_the_same_alone(document["_embedded"]["apikeys"][0])


@given(identities)
def test_it_is_as_strict_about_ids(text: str) -> None:
    assert_the_same(json.dumps(_page([{"id": text, "_links": {}}], {})).encode())
