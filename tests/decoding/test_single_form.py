"""Single objects by way of the form that they have had: it makes of them what the way over dicts makes, and learns."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, strategies as st

from aiomatatika import HalResource
from aiomatatika.decoding.converter import Read, converter, learn_single, structure, structure_single
from aiomatatika.decoding.documents import Content, read_resource
from aiomatatika.decoding.json_text import LARGE, Mismatch, decode_json
from aiomatatika.hal import BareLink, JsonObject

from ..fuzz.hostile import raw_documents, raw_strings
from .things import HREF, kinds_of_links, new_class, row, seen

WORTH_A_FORM = 20
REPEATED = Mismatch("an object has two members of one name")


def class_of(*documents: Any) -> Any:
    """Return a class that enough objects have been read into, these among them."""
    cls = new_class()
    for document in [*[{}] * (WORTH_A_FORM - 1), *(documents or [{}])]:
        learn_single(document, cls)
    return cls


def read(body: bytes, cls: Any) -> Any:
    """Read a body by its form; None where it was not of the form. Both ways lead to the same."""
    usual = structure_single(body, cls)
    document = decode_json(body)
    by_dicts = document if isinstance(document, Mismatch) else structure(document, cls)
    if usual is None:
        return None
    assert isinstance(by_dicts, Read)
    assert seen(usual.content) == seen(by_dicts.content)
    assert (type(usual.content), usual.unreadable, by_dicts.unreadable) == (cls, (), ())
    return usual.content


def body_of(**members: Any) -> bytes:
    return json.dumps(row(1, **members)).encode()


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"name": "a", "created": "2026-01-11T18:58:35.961", "token": "canary", "parts": ["p"], "settings": {"a": [1]}},
        {"name": None, "created": None, "token": None, "count": None, "parts": None, "settings": None, "_links": None},
        {
            "share": 1,
            "done": True,
            "colour": "RED",
            "part": {"name": "p", "_links": {"self": HREF}},
            "counts": {"a": 1},
        },
        {"share": 0.5, "done": None, "colour": "BLUE", "part": {"name": "p", "more": [{}]}, "counts": {}},
        {"_embedded": {"a": {"b": 'c"\\'}}, "_links": {}, "name": 'a "b" \\ "', "count": 0},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_of_the_form_is_read_with_its_links(members: dict[str, Any], indent: int | None) -> None:
    found = read(json.dumps(row(1, **members), indent=indent).encode(), class_of())
    assert found is not None
    assert kinds_of_links(found) <= {BareLink}


def test_a_class_has_a_form_when_so_many_objects_have_been_read_that_it_is_worth_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cls = new_class()
    for _ in range(WORTH_A_FORM):
        assert structure_single(body_of(), cls) is None
        assert isinstance(read_resource(Content(body_of(), {}), cls), Read)
    monkeypatch.delattr("aiomatatika.decoding.documents.decode_json")
    assert isinstance(read_resource(Content(body_of(name="a"), {}), cls), Read)


TWICE = [
    '"name": "a", "name": "b"',
    '"name": "a", "name": null',
    '"count": 1, "count": 2',
    '"_links": {"self": {"href": "/x"}, "self": {"href": "/x"}}',
    '"_links": {"self": {"href": "/x", "href": "/x"}}',
    '"_links": {}, "_links": {}',
    '"_embedded": {"a": 1, "a": 1}',
    '"settings": {"a": {"b": 1, "b": "2"}}',
    '"region": {"a": 1, "\\u0061": 1}',
    '"region": 1, "region": 1',
]


@pytest.mark.parametrize("members", TWICE)
@pytest.mark.parametrize("hidden", ["", ', "zone": "\\u0022\\u0022"', ', "zone": "\\\\"', ', "zone": "\\"\\""'])
def test_a_name_that_stands_twice_is_refused(members: str, hidden: str) -> None:
    cls = class_of({"region": 1, "zone": 1})
    body = f'{{"id": "{UUID(int=1)}", {members}{hidden}}}'.encode()
    assert read(body, cls) is None
    assert read_resource(Content(body, {}), cls) == REPEATED


@pytest.mark.parametrize("members", ["", '"name": "\\u0022",', '"name": "\\\\u0022",', '"name": "\\"",'])
def test_escaped_quotation_marks_are_accepted(members: str) -> None:
    assert read(f'{{{members} "id": "{UUID(int=1)}"}}'.encode(), class_of()) is not None


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}"), ('{"":', "}")])
@pytest.mark.parametrize("more", [0, 1, 2_000])
def test_nesting_without_end_is_a_mismatch(opening: str, closing: str, more: int) -> None:
    depth = 249 + more  # inside of an object
    cls = class_of({"region": 1})
    body = f'{{"id": "{UUID(int=1)}", "region": {opening * depth}1{closing * depth}}}'.encode()
    assert (read(body, cls) is None) is bool(more)
    assert isinstance(read_resource(Content(body, {}), cls), Mismatch) is bool(more)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"5",
        b"\xef\xbb\xbf" + body_of(),
        body_of().replace(b"1", b"\xff"),
        body_of(id="x"),
        b"{}",
        body_of(name=5),
        body_of(created="yesterday"),
        body_of(count=1.0),
        body_of(parts=["a", 1]),
        body_of(done=1),
        body_of(colour=1),
        body_of(part={}),
        body_of(counts={"a": "1"}),
        body_of(_embedded=[]),
        body_of(_links=[]),
        body_of(_links={"self": "/x"}),
        body_of(region="eu"),
        body_of(name="a" * LARGE),
    ],
)
def test_what_is_not_of_the_form_is_left_to_the_way_that_says_why(body: bytes) -> None:
    cls = class_of()
    assert read(body, cls) is None
    assert read(body_of(), cls) is not None


def test_members_that_are_not_known_are_learned_and_kept() -> None:
    cls = class_of({"region": "eu"}, {"zone": None, "at": [1]})
    found = read(body_of(region="us", at={"b": None}), cls)
    assert dict(found.extra) == {"region": "us", "at": {"b": None}}
    assert read(body_of(zone=None), cls).extra == {"zone": None}
    assert read(body_of(), cls).extra == JsonObject()
    assert read(body_of(more=1), cls) is None


@pytest.mark.parametrize("links", [{"self": {**HREF, "type": "PUT", "other": 1}}, {"self": [HREF, HREF]}])
def test_links_with_more_than_an_href_are_learned_and_kept_whole(links: Any) -> None:
    cls = class_of({"_links": links})
    found = read(body_of(_links=links), cls)
    assert found.links._raw == links
    assert read(body_of(_links={"self": HREF}), cls) is not None


def test_what_is_learned_ends_with_a_server_that_invents_names() -> None:
    cls = class_of({str(number): 1 for number in range(65)}, {})
    assert read(body_of(), cls) is None


def test_what_could_not_be_read_whole_is_not_learned() -> None:
    cls = class_of()
    assert isinstance(read_resource(Content(body_of(count="1", region=1), {}), cls), Read)
    assert read(body_of(region=1), cls) is None
    assert read_resource(Content(body_of(region=1), {}), cls) != read_resource(Content(body_of(), {}), cls)
    assert read(body_of(region=1), cls) is not None


def test_a_class_that_is_made_by_its_init_has_no_form() -> None:
    class WithInit(HalResource):
        __slots__ = ()

        def __init__(self, **fields: Any) -> None:
            super().__init__(**fields)

    for _ in range(WORTH_A_FORM + 1):
        assert isinstance(read_resource(Content(b"{}", {}), WithInit), Read)
    assert structure_single(b"{}", WithInit) is None


def test_a_class_that_a_user_has_a_hook_for_has_no_form() -> None:
    class Own(HalResource):
        __slots__ = ()

    converter.register_structure_hook(Own, lambda value, _: Own(extra=JsonObject({"hook": value})))
    for _ in range(WORTH_A_FORM + 1):
        assert read_resource(Content(b"5", {}), Own) == Read(Own(extra=JsonObject({"hook": 5})))


def test_a_hook_that_is_registered_later_counts_from_then_on() -> None:
    cls = class_of()
    hook = converter.get_structure_hook(str)
    converter.register_structure_hook(str, lambda value, _: value.upper())
    try:
        assert structure_single(body_of(name="a"), cls) is None
        for _ in range(WORTH_A_FORM):
            learn_single({}, cls)
        found = structure_single(body_of(name="a"), cls)
    finally:
        converter.register_structure_hook(str, hook)
    assert found is not None
    assert found.content.name == "A"


links = st.sampled_from(
    ["null", "{}", '{"self": {"href": "/x"}}', '{"a": {"href": "/x"}, "a": {"href": "/y"}}', '{"a": {"href": "\\""}}']
)
members = st.one_of(
    st.tuples(st.sampled_from(["name", "token", "n\\u0061me"]), raw_strings | st.just("null")),
    st.tuples(st.sampled_from(["settings", "_embedded", "region", "zone", "parts", "count"]), raw_documents),
    st.tuples(st.just("_links"), links),
    st.tuples(st.just("created"), st.just('"2026-01-11T18:58:35.961"')),
)


@given(st.lists(members, max_size=5))
@example([("name", '"\\""'), ("region", '{"a": "\\u0022"}')])
@example([("zone", '{"\\u0022": 1, "\\"": 2}'), ("name", '"\\u0022"')])
def test_whatever_the_text_both_ways_lead_to_the_same(parts: list[tuple[str, str]]) -> None:
    cls = class_of({"region": 1, "zone": 1})
    text = ", ".join(f'"{name}": {value}' for name, value in [("id", f'"{UUID(int=1)}"'), *parts])
    body = f"{{{text}}}".encode()
    if decode_json(body) == REPEATED:
        assert structure_single(body, cls) is None
    elif read(body, cls) is None:
        found = structure(decode_json(body), cls)
        assert not isinstance(found, Read) or found.unreadable
