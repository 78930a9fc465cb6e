"""One page out of one document: where its items, its numbers and its `next` may stand."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import ApiKey
from aiomatatika.decoding.json_text import Mismatch
from aiomatatika.paging.page import PageDocument, read_page

URL_ASKED = URL("https://app.matatika.com/api/apikeys?page=0")
ITEM = {"id": str(UUID(int=1))}


def read(document: Any, status: int = 200) -> Any:
    """Read a document as a page, or return the text of its mismatch."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    page = read_page(URL_ASKED, status, body, "text/html", ApiKey, "apikeys")
    return page.text if isinstance(page, Mismatch) else page


def empty(**members: Any) -> PageDocument[ApiKey]:
    return PageDocument(url=URL_ASKED, items=[], **members)


def test_a_whole_page() -> None:
    page = read(
        {
            "_embedded": {"apikeys": [ITEM, {"id": str(UUID(int=2))}]},
            "_links": {"self": {"href": "/api/apikeys"}, "next": {"href": "/api/apikeys?page=1"}},
            "page": {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0},
        }
    )
    assert page == PageDocument(
        url=URL_ASKED,
        items=[ApiKey(id=UUID(int=1)), ApiKey(id=UUID(int=2))],
        next_hrefs=("/api/apikeys?page=1",),
        number=0,
        size=2,
        total_elements=5,
        total_pages=3,
    )


def test_no_content_is_an_empty_page_whatever_the_body() -> None:
    assert read(b"", status=204) == read(b"<html>", status=204) == empty()


@pytest.mark.parametrize(
    "document, text",
    [
        (b"", "the body is empty"),
        (b"<html>", "not JSON (text/html)"),
        (b"[]", "body: expected an object"),
        (b'"canary"', "body: expected an object"),
        (b"null", "body: expected an object"),
    ],
)
def test_what_is_no_object_is_no_page(document: bytes, text: str) -> None:
    assert read(document) == text


# Items


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"_embedded": None},
        {"_embedded": []},
        {"_embedded": {}},
        {"_embedded": {"apikeys": []}},
        {"_embedded": {"apikeys": None}},
        {"_embedded": {"other": []}},
        {"_embedded": {"other": [ITEM], "apikeys": []}},
    ],
)
def test_an_empty_page_takes_any_of_its_forms(document: Any) -> None:
    assert read(document) == empty()


@pytest.mark.parametrize(
    "embedded",
    [{"apikeys": [ITEM]}, {"apikeys": ITEM}, {"apiKeyResources": [ITEM]}, {"other": [{"id": "x"}], "apikeys": [ITEM]}],
)
def test_items_stand_under_their_relation_or_under_the_only_name(embedded: Any) -> None:
    assert read({"_embedded": embedded}).items == [ApiKey(id=UUID(int=1))]


@pytest.mark.parametrize(
    "embedded, text",
    [
        (5, "_embedded: expected an object"),
        ("canary", "_embedded: expected an object"),
        ([ITEM], "_embedded: expected an object"),
        ({"a": [], "b": []}, "_embedded: expected apikeys"),
        ({"apikeys": 5}, "apikeys[0]: expected an object"),
        ({"apikeys": "canary"}, "apikeys[0]: expected an object"),
        ({"apikeys": [ITEM, ITEM, ITEM, {"id": "canary"}]}, "apikeys[3].id: expected a UUID"),
        ({"apikeys": [ITEM, {}]}, "apikeys[1].id: missing"),
        ({"other": [ITEM, None]}, "other[1]: expected an object"),
    ],
)
def test_items_that_are_none_are_named_by_their_place(embedded: Any, text: str) -> None:
    assert read({"_embedded": embedded}) == text


# The next page


@pytest.mark.parametrize(
    "links, hrefs",
    [
        (None, ()),
        ([], ()),
        ({}, ()),
        ({"self": {"href": "a"}}, ()),
        ({"next": None}, ()),
        ({"next": []}, ()),
        ({"next": {}}, ()),
        ({"next": {"href": "a"}}, ("a",)),
        ({"next": {"href": ""}}, ("",)),
        ({"next": [{"href": "a"}]}, ("a",)),
        ({"next": [{"href": "a"}, {"href": "b"}]}, ("a", "b")),
    ],
)
def test_next_takes_any_of_its_forms(links: Any, hrefs: tuple[str, ...]) -> None:
    assert read({"_links": links}) == empty(next_hrefs=hrefs)


@pytest.mark.parametrize("links", [5, "canary", [{"next": {"href": "canary"}}], True])
def test_links_that_are_none_are_named(links: Any) -> None:
    assert read({"_links": links}) == "_links: expected an object"


@pytest.mark.parametrize(
    "next_link", ["canary", 5, True, {"href": None}, {"href": 5}, {"url": "canary"}, [{"href": "a"}, "canary"], [[]]]
)
def test_a_next_that_is_no_link_is_named(next_link: Any) -> None:
    assert read({"_links": {"next": next_link}}) == "_links.next.href: expected a string"


# Numbers

NUMBERS = {"number": "number", "size": "size", "totalElements": "total_elements", "totalPages": "total_pages"}
BY_NUMBER = pytest.mark.parametrize("name, attribute", NUMBERS.items())


@BY_NUMBER
@pytest.mark.parametrize(
    "value, count", [(None, None), (0, 0), (20, 20), (20.0, 20), ("20", 20), ("0", 0), ("007", 7), (10**14, 10**14)]
)
def test_a_number_may_be_written_as_text_or_with_a_fraction_of_zero(
    name: str, attribute: str, value: Any, count: int | None
) -> None:
    assert read({"page": {name: value}}) == empty(**{attribute: count})


@BY_NUMBER
@pytest.mark.parametrize(
    "value",
    [-1, -20.0, 1.5, True, False, "", "-1", "+1", "1.0", "1_000", "٣", "²", " 1", "many", "1" * 16, [], {}, [20]],
)
def test_what_counts_nothing_is_named(name: str, attribute: str, value: Any) -> None:
    assert read({"page": {name: value}}) == f"page.{name}: expected a whole number"


@pytest.mark.parametrize("page", [[], "canary", 5, True])
def test_a_page_object_that_is_none_is_named(page: Any) -> None:
    assert read({"page": page}) == "page: expected an object"


@pytest.mark.parametrize("page", [None, {}])
def test_a_page_without_numbers_knows_none(page: Any) -> None:
    assert read({"page": page}) == empty()


@pytest.mark.parametrize(
    "numbers, pages",
    [
        ({}, None),
        ({"total_pages": 3}, 3),
        ({"total_pages": 0, "total_elements": 9, "size": 2}, 0),
        ({"total_elements": 5}, None),
        ({"size": 5}, None),
        ({"total_elements": 5, "size": 0}, None),
        ({"total_elements": 0, "size": 20}, 0),
        ({"total_elements": 20, "size": 20}, 1),
        ({"total_elements": 21, "size": 20}, 2),
    ],
)
def test_how_many_pages_there_are_follows_from_the_other_numbers(numbers: dict[str, int], pages: int | None) -> None:
    assert empty(**numbers).page_count == pages


@pytest.mark.parametrize(
    "query, number, found",
    [
        ("", None, 0),
        ("?page=3", None, 3),
        ("?page=3", 0, 0),
        ("?page=3", 4, 4),
        ("?size=3", None, 0),
        *((f"?page={text}", None, 0) for text in ("", "-1", "x", "٣", "1.0", "9" * 5000)),
    ],
)
def test_where_the_server_gives_no_number_the_one_asked_for_counts(query: str, number: int | None, found: int) -> None:
    url = URL(f"https://app.matatika.com/api/apikeys/{query}")
    assert PageDocument[ApiKey](url=url, items=[], number=number).number_or_asked == found


# Whatever comes

NAMES = ["href", "next", "apikeys", "id", "size", "x"]
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["_embedded", "_links", "page", "x"]), json_values))
def test_every_document_is_a_page_or_a_mismatch(document: dict[str, Any]) -> None:
    page = read(document)
    if isinstance(page, str):
        assert page.startswith(("_embedded: ", "_links", "page", *(f"{name}[" for name in NAMES)))
    else:
        assert all(isinstance(item, ApiKey) for item in page.items)
        assert all(isinstance(href, str) for href in page.next_hrefs)
        assert page.page_count is None or page.page_count >= 0
