"""Pages by way of the form that they have had: it makes of them what the way over dicts makes, and learns."""

from __future__ import annotations

import copy
import json
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, strategies as st

from aiomatatika import HalResource
from aiomatatika.decoding.converter import Read, converter, learn_page, structure_list, structure_page
from aiomatatika.decoding.json_text import Mismatch, decode_page
from aiomatatika.hal import BareLink, HalLink

from ..fuzz.hostile import wounded
from .things import HREF, kinds_of_links, new_class, row, seen


def class_of_pages() -> Any:
    """Return a class that one page has been read into, of the form that it promises."""
    cls = new_class()
    learn_page([{}], cls)
    return cls


def body_of(rows: Any, **members: Any) -> bytes:
    return json.dumps({"_embedded": {"things": rows}, **members}).encode()


def read(rows: Any, cls: Any) -> Read[Any] | None:
    """Read a page as a walk does; None where it was not of the form, which has learned from it then."""
    usual = structure_page(body_of(rows), cls, "things")
    by_dicts = structure_list(json.loads(json.dumps(rows)), cls, "things")
    if usual is None:
        learn_page(json.loads(json.dumps(rows)), cls)
        return None
    assert isinstance(by_dicts, Read)
    assert list(map(seen, usual[0].content)) == list(map(seen, by_dicts.content))
    assert usual[0].unreadable == by_dicts.unreadable
    assert {type(each) for each in usual[0].content} <= {cls}
    return usual[0]


def test_a_page_of_the_form_is_read_with_its_links_and_counts() -> None:
    cls = class_of_pages()
    rows = [
        row(1, name="a", created="2026-01-11T18:58:35.961", token="canary", parts=["p"], settings={"a": 1}),
        row(2, name=None, count=None, _links=None, _embedded={"a": {}}),
        {"id": str(UUID(int=3))},
    ]
    body = body_of(rows, _links={"self": HREF}, page={"size": 2}, other=1)
    usual = structure_page(body, cls, "things")
    assert usual is not None
    assert (usual[1].links, usual[1].page) == ({"self": HREF}, {"size": 2})
    assert read(rows, cls) == usual[0]
    assert kinds_of_links(*usual[0].content) == {BareLink}
    assert structure_page(body_of(rows), cls, "others") is None
    assert structure_page(body[:-1], cls, "things") is None
    assert structure_page(body_of([[]]), cls, "things") is None
    empty = structure_page(body_of([]), cls, "things")
    assert empty is not None
    assert (empty[0], empty[1].links, empty[1].page) == (Read([]), None, None)


class Unit(str):
    __slots__ = ()


@attrs.frozen(kw_only=True)
class Measure:
    """Of a user's: no resource, so that nothing of what is not known is kept."""

    id: UUID
    unit: Unit | None = None


def test_a_class_of_a_users_own_with_hooks_of_their_own_is_read_as_well() -> None:
    hook = converter.get_structure_hook(Unit)
    converter.register_structure_hook(Unit, lambda value, _: Unit(value.lower()))
    try:
        learn_page([{}], Measure)
        usual = structure_page(body_of([{"id": str(UUID(int=1)), "unit": "KG"}]), Measure, "things")
    finally:
        converter.register_structure_hook(Unit, hook)
    assert usual is not None
    assert usual[0] == Read([Measure(id=UUID(int=1), unit=Unit("kg"))])


def test_members_that_are_not_known_are_learned_and_kept() -> None:
    cls = class_of_pages()
    assert read([row(1, region="eu"), row(2, zone=1, other=None)], cls) is None
    found = read([row(1, region="eu"), row(2, zone=[1], other=None), row(3)], cls)
    assert found is not None
    assert [dict(each.extra) for each in found.content] == [{"region": "eu"}, {"zone": [1], "other": None}, {}]
    assert read([row(1, more=1)], cls) is None
    assert read([row(1, more=1, region=2)], cls) is not None


@pytest.mark.parametrize(
    "links, kind",
    [
        ({"self": HREF}, BareLink),
        ({"self": {**HREF, "type": "PUT", "title": "t", "other": 1}}, HalLink),
        ({"self": [HREF, HREF]}, list),
        ({"self": {**HREF, "title": 5}}, dict),
    ],
)
def test_kinds_of_links_are_learned(links: Any, kind: type) -> None:
    cls, rows = class_of_pages(), [row(1, _links=links), row(2)]
    assert (read(rows, cls) is None) is (kind is not BareLink)
    found = read(rows, cls)
    assert found is not None
    assert kind in kinds_of_links(*found.content)
    assert [each.links.all("self")[0].href for each in found.content if kind is not dict] in ([], ["/api/x"] * 2)


def test_links_of_another_type_are_named_though_links_of_every_kind_were_learned() -> None:
    cls = class_of_pages()
    assert read([row(1, _links={"self": [HREF]})], cls) is None
    found = read([row(1, _links=5), row(2, _links=[])], cls)
    assert found is not None
    assert found.unreadable == ("things[0]._links",)


def test_what_is_wrong_in_one_row_costs_no_other() -> None:
    rows = [row(1), row(2, created=5, count=1.0), row(3, parts=["a", 1], _embedded=[])]
    found = read(rows, class_of_pages())
    assert found is not None
    assert found.unreadable == ("things[1].created", "things[1].count", "things[2]._embedded", "things[2].parts[1]")
    assert found.content[1].extra == {"created": 5, "count": 1.0}


def test_a_text_of_another_type_is_learned_and_costs_no_other() -> None:
    cls, rows = class_of_pages(), [row(1, name="a"), row(2, name={})]
    assert read(rows, cls) is None
    found = read(rows, cls)
    assert found is not None
    assert found.unreadable == ("things[1].name",)
    assert [each.name for each in found.content] == ["a", None]


@pytest.mark.parametrize("value", [None, 5, "x"])
def test_a_page_with_a_wrong_id_is_left_to_the_way_that_says_why(value: Any) -> None:
    assert read([row(1), {**row(2), "id": value}], class_of_pages()) is None


@pytest.mark.parametrize("names, learned", [(64, True), (65, False)])
@pytest.mark.parametrize("length, short", [(100, True), (101, False)])
def test_a_server_that_invents_names_is_not_learned_from(names: int, learned: bool, length: int, short: bool) -> None:
    cls = class_of_pages()
    rows = [row(1, **{f"{number:0{length}}": 1 for number in range(names)})]
    assert read(rows, cls) is None
    assert (read(rows, cls) is not None) is (learned and short)
    assert (read([row(1)], cls) is not None) is (learned and short), "nothing is tried again"


def test_pages_of_which_there_is_nothing_to_learn_change_nothing() -> None:
    cls = class_of_pages()
    for _ in range(3):
        for rows in ([], [5], [row(1) | {"id": "x"}]):
            learn_page(rows, cls)
    found = read([row(1)], cls)
    assert found is not None
    assert kinds_of_links(*found.content) == {BareLink}


def test_a_class_that_is_made_by_its_init_has_no_form() -> None:
    class WithInit(HalResource):
        __slots__ = ()

        def __init__(self, **fields: Any) -> None:
            super().__init__(**fields)

    assert structure_page(body_of([]), WithInit, "things") is None
    learn_page([row(1)], WithInit)
    assert structure_page(body_of([]), WithInit, "things") is None


stamps = st.datetimes().map(lambda moment: moment.isoformat()) | st.from_regex(
    r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?(Z|[+-][0-2][0-9]:[0-9]{2}|x)?\Z"
)
ids = st.uuids().map(str) | st.uuids().map(lambda each: each.hex) | st.from_regex(r"\A[0-9a-f-]{36}\Z")
rows_of_any_kind = st.lists(
    st.fixed_dictionaries(
        {"id": st.uuids().map(str) | ids, "_links": st.dictionaries(st.text(max_size=3), st.just(HREF), max_size=2)},
        optional={
            "created": stamps,
            "name": st.text(max_size=3),
            "token": st.text(max_size=2),
            "count": st.integers(),
            "parts": st.lists(st.text(max_size=2), max_size=2),
            "share": st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 9),
            "done": st.booleans() | st.none(),
            "colour": st.sampled_from(["RED", "BLUE"]),
            "part": st.fixed_dictionaries({"name": st.text(max_size=2)}),
            "counts": st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
            "region": st.text(max_size=2) | st.none(),
        },
    ),
    max_size=6,
)


@given(rows_of_any_kind | wounded(rows_of_any_kind))
def test_whatever_the_page_both_ways_lead_to_the_same(rows: Any) -> None:
    cls = class_of_pages()
    rows = copy.deepcopy(rows) if isinstance(rows, list) else []
    if isinstance(decode_page(body_of(rows)), Mismatch):  # a lone surrogate, say
        return
    for _ in range(2):
        if read(rows, cls) is not None:
            return
    assert not isinstance(structure_list(rows, cls, "things"), Read) or any(len(each) > 64 for each in rows)
