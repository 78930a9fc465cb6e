"""One page out of one document: where its items, its numbers and its `next` may stand."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import ApiKey, HalResource
from aiomatatika.decoding.json_text import Mismatch
from aiomatatika.hal import BareLink
from aiomatatika.paging.page import PageDocument, read_page
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat

URL_ASKED = URL("https://app.matatika.com/api/apikeys?page=0")
ITEM = {"id": str(UUID(int=1))}


REQUEST = Request(method="GET", url=URL_ASKED, repeat=Repeat.SAFE)


def read(document: Any, status: int = 200, cls: Any = ApiKey) -> Any:
    """Read a document as a page, or return the text of its mismatch."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    page = read_page(Response(status, {"Content-Type": "text/html"}, body, REQUEST), cls, "apikeys")
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
def test_what_is_not_an_object_is_not_a_page(document: bytes, text: str) -> None:
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
        {"_embedded": {"apikeys": []}, "x": 1},
        {"_links": {"self": {"href": "a"}}},
        {"page": {}},
        {"page": {}, "x": 1},
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
        ({"\x1b" + "n" * 70: [None]}, "\\x1b" + "n" * 55 + "…[0]: expected an object"),
    ],
)
def test_an_item_that_cannot_be_read_is_named_by_its_place(embedded: Any, text: str) -> None:
    assert read({"_embedded": embedded}) == text


@pytest.mark.parametrize(
    "document",
    [
        {"status": "UP"},
        {"x": 1},
        {"timestamp": "2026-01-11T18:59:02", "status": 200, "error": "None", "path": "/api/apikeys"},
        {**ITEM, "_links": {"self": {"href": "a"}}},
        {**ITEM, "_embedded": {"pipeline": ITEM}},
        {**ITEM, "_embedded": {}, "page": 5},
    ],
)
def test_what_has_other_members_is_not_an_empty_collection(document: Any) -> None:
    assert read(document) in {"body: expected a collection of apikeys", "page: expected an object"}


def test_an_optional_member_that_cannot_be_read_costs_nothing_else() -> None:
    page = read({"_embedded": {"apikeys": [ITEM, {**ITEM, "created": 5, "name": {}}, {**ITEM, "_links": 5}]}})
    assert [item.id for item in page.items] == [UUID(int=1)] * 3
    assert [dict(item.extra) for item in page.items] == [{}, {"created": 5, "name": {}}, {"_links": 5}]
    assert page.unreadable == ("apikeys[1].created", "apikeys[1].name", "apikeys[2]._links")


@pytest.mark.parametrize("more", [0, 1])
def test_a_page_has_so_many_items_and_no_more(more: int) -> None:
    page = read(b'{"_embedded":{"apikeys":[' + b",".join([b"{}"] * (50_000 + more)) + b"]}}", cls=HalResource)
    assert page == "apikeys: expected at most 50,000 items" if more else len(page.items) == 50_000


def fresh_class() -> Any:
    """Return a class of which no page has been read."""

    @attrs.frozen(kw_only=True, eq=False, repr=False)
    class Fresh(HalResource):
        pass

    return Fresh


def test_pages_after_the_first_are_read_in_its_form() -> None:
    cls = fresh_class()
    document = {"_embedded": {"apikeys": [{"_links": {"self": {"href": "/api/apikeys/1"}}}]}}
    kinds = [type(read(document, cls=cls).items[0].links._raw["self"]) for _ in range(3)]
    assert kinds == [dict, BareLink, BareLink]


def test_a_page_of_too_many_values_is_refused_also_where_it_has_that_form() -> None:
    cls = fresh_class()
    document = {"_embedded": {"apikeys": [{}]}, "_links": {"self": [0] * 600_001}}
    assert read({**document, "_links": {}}, cls=cls).items
    assert read(document, cls=cls) == "more values than a response is read with: use session.download"


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
def test_links_of_another_type_are_named(links: Any) -> None:
    assert read({"_links": links}) == "_links: expected an object"


@pytest.mark.parametrize(
    "next_link", ["canary", 5, True, {"href": None}, {"href": 5}, {"url": "canary"}, [{"href": "a"}, "canary"], [[]]]
)
def test_a_next_that_is_not_a_link_is_named(next_link: Any) -> None:
    assert read({"_links": {"next": next_link}}) == "_links.next.href: expected a string"


# Numbers

NUMBERS = {"number": "number", "size": "size", "totalElements": "total_elements", "totalPages": "total_pages"}
BY_NUMBER = pytest.mark.parametrize("name, attribute", NUMBERS.items())


@BY_NUMBER
@pytest.mark.parametrize(
    "value, count",
    [(None, None), (0, 0), (20, 20), (20.0, 20), ("20", 20), ("0", 0), ("007", 7), (10**15 - 1, 10**15 - 1)],
)
def test_a_number_may_be_written_as_text_or_with_a_fraction_of_zero(
    name: str, attribute: str, value: Any, count: int | None
) -> None:
    assert read({"page": {name: value}}) == empty(**{attribute: count})


@BY_NUMBER
@pytest.mark.parametrize(
    "value",
    [
        *(-1, -20.0, 1.5, True, False, "", "-1", "+1", "1.0", "1_000", "٣", "²", " 1", "many", "1" * 16, 10**15),
        *([], {}, [20]),
    ],
)
def test_a_number_of_another_form_is_named(name: str, attribute: str, value: Any) -> None:
    whole = {**dict.fromkeys(NUMBERS, 1), name: value}
    assert read({"page": whole}) == read({"page": {name: value}}) == f"page.{name}: expected a whole number"


@pytest.mark.parametrize("page", [[], "canary", 5, True])
def test_a_page_object_of_another_type_is_named(page: Any) -> None:
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


@pytest.mark.parametrize(
    "query, items, full",
    [("", 20, 1), ("", 19, 0), ("?size=2", 2, 1), ("?size=2", 3, 0), ("?size=x", 2, 0), ("?size=5000", 2000, 1)],
)
def test_a_page_of_as_many_items_as_were_asked_for_is_full(query: str, items: int, full: int) -> None:
    url = URL(f"https://app.matatika.com/api/invitations{query}")
    assert PageDocument[int](url=url, items=list(range(items))).is_full == bool(full)


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
        assert page.startswith(("_embedded: ", "_links", "page", "body: ", *(f"{name}[" for name in NAMES)))
    else:
        assert all(isinstance(item, ApiKey) for item in page.items)
        assert all(isinstance(href, str) for href in page.next_hrefs)
        assert page.page_count is None or page.page_count >= 0
