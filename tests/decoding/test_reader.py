"""JSON into resource classes: what fits, what does not, and how that is said without showing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, strategies as st

from aiomatatika import HalResource, Links, ResponseError, Secret
from aiomatatika.decoding.converter import Read, converter, learn_page, structure, structure_list, structure_page
from aiomatatika.decoding.json_text import Mismatch, wire_name
from aiomatatika.enums import OpenEnum
from aiomatatika.hal import JsonObject

CANARY = "canary-7f3a"
ID = "904cf92b-1111-4222-8333-944455556666"


class Status(OpenEnum):
    READY = "READY"


@attrs.frozen(kw_only=True)
class Inner:
    name: str
    number: int | None = None


@attrs.frozen(kw_only=True)
class Sample(HalResource):
    id: UUID
    text: str | None = None
    flag: bool = False
    number: int | None = None
    ratio: float | None = None
    last_modified: datetime | None = None
    api_secret: Secret | None = None
    members: JsonObject | None = None
    status: Status | None = None
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: list[int | None] | None = None
    table: dict[str, list[int]] | None = None
    parent: Sample | None = None


@attrs.frozen(kw_only=True)
class SampleOfItsOwn(Sample):
    """Made through its ``__init__``: it takes another road."""

    def __attrs_post_init__(self) -> None: ...


def outcome_of(read: Read[Any] | Mismatch) -> tuple[Any, Any]:
    return (read.text, None) if isinstance(read, Mismatch) else (read.content, read.unreadable)


def seen(resource: Sample) -> Any:
    """Return all that a resource holds, also what comparing leaves out."""
    fields = {field.name: getattr(resource, field.name) for field in attrs.fields(Sample)}
    return fields | {"links": {rel: all_links(resource.links, rel) for rel in resource.links}}


def all_links(links: Links, rel: str) -> Any:
    try:
        return links.all(rel)
    except ResponseError as error:
        return str(error)


def read(document: Any, cls: type[Sample] = Sample) -> tuple[Any, Any]:
    """Return the resource and the paths of what is unreadable, or the text of the mismatch; by every road alike."""
    alone: tuple[Any, Any] = outcome_of(structure(document, cls))
    rows = [{"id": ID}, {"id": ID, "lastModified": "2024-01-01T00:00:00"}, {"id": ID}, {"id": ID}, document]
    in_page, unreadable = outcome_of(structure_list(rows, cls, "rows"))
    if isinstance(alone[0], str):
        assert in_page == f"rows[4].{alone[0]}" if not alone[0].startswith("body") else in_page.startswith("rows[4]: ")
    else:
        assert in_page[:1] == [cls(id=UUID(ID))]
        assert (seen(in_page[4]), unreadable) == (seen(alone[0]), tuple(f"rows[4].{path}" for path in alone[1]))
        assert seen(converter.structure(document, cls)) == seen(alone[0])
        assert type(alone[0]) is cls
    if cls is Sample:
        by_init: Any
        by_init, paths = read(document, SampleOfItsOwn)
        assert paths == alone[1]
        assert by_init == alone[0] if isinstance(alone[0], str) else seen(by_init) == seen(alone[0])
    return alone


def sample(**members: Any) -> Any:
    """Return the class made of a document with these members, in which nothing is wrong."""
    resource, unreadable = read({"id": ID, **members})
    assert unreadable == ()
    return resource


# Members and their names


@pytest.mark.parametrize(
    "attribute, name", [("id", "id"), ("last_modified", "lastModified"), ("default_workspace_id", "defaultWorkspaceId")]
)
def test_attributes_are_in_camel_case_on_the_wire(attribute: str, name: str) -> None:
    assert wire_name(attribute) == name


WHOLE: Any = {
    "text": "a",
    "flag": True,
    "number": 7,
    "ratio": 2,
    "lastModified": "2023-03-08T10:21:35",
    "apiSecret": CANARY,
    "members": {"a": 1},
    "status": "ready",
    "inner": {"name": "b"},
    "inners": [{"name": "c"}, {"name": "d", "number": 1, "other": CANARY}],
    "texts": ["e", "f"],
    "numbers": [1, None],
    "table": {"g": [1]},
    "parent": {"id": ID, "parent": {"id": ID}, "text": "p"},
    "unknown": {"deep": [CANARY]},
    "last_modified": "not ours",
    "extra": 1,
    "_links": {"self": {"href": "/api/x"}},
    "_embedded": {"profile": {"id": "p"}},
}


def test_a_whole_document_becomes_a_whole_object() -> None:
    found = sample(**WHOLE)
    assert found == Sample(
        id=UUID(ID),
        text="a",
        flag=True,
        number=7,
        ratio=2.0,
        last_modified=datetime(2023, 3, 8, 10, 21, 35, tzinfo=UTC),
        api_secret=Secret(CANARY),
        members=JsonObject({"a": 1}),
        status=Status.READY,
        inner=Inner(name="b"),
        inners=(Inner(name="c"), Inner(name="d", number=1)),
        texts=("e", "f"),
        numbers=[1, None],
        table={"g": [1]},
        parent=Sample(id=UUID(ID), text="p", parent=Sample(id=UUID(ID))),
        extra=JsonObject({"unknown": {"deep": [CANARY]}, "last_modified": "not ours", "extra": 1}),
    )
    assert type(found.ratio) is float
    assert found.status is Status.READY
    assert found.links["self"].href == "/api/x"
    assert found.embedded == {"profile": {"id": "p"}}
    assert CANARY not in repr(found) + repr(attrs.asdict(found))


def test_what_is_whole_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else comes to the same, member by member, but takes many times as long."""
    monkeypatch.delattr("aiomatatika.decoding.converter.read_part")
    monkeypatch.delattr("aiomatatika.decoding.values._other_timestamp")
    documents = [{"id": ID, **WHOLE}, {"id": ID}, {"id": ID, **dict.fromkeys(WHOLE)}]
    body = json.dumps({"_embedded": {"samples": documents}}).encode()
    learn_page(documents, Sample)
    page = structure_page(body, Sample, "samples")
    in_list = structure_list(documents, Sample, "")
    assert page is not None
    assert isinstance(in_list, Read)
    assert page[0] == in_list
    assert [structure(document, Sample) for document in documents] == [Read(each) for each in in_list.content]
    assert isinstance(structure_list(documents, SampleOfItsOwn, ""), Read)
    bare: Any = attrs.make_class("Bare", {}, bases=(HalResource,), frozen=True, kw_only=True, slots=True)
    learn_page([{}], bare)
    assert structure_page(b'{"_embedded": {"bares": [{}, {"_links": null}]}}', bare, "bares") is not None
    assert structure({"_links": []}, bare) == Read(bare())
    monkeypatch.delattr("aiomatatika.decoding.class_reader.ClassReader.read_parts")
    assert [converter.structure(document, Sample) for document in documents] == in_list.content


def test_a_page_without_gaps_is_read_by_whole_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("aiomatatika.decoding.columns.Column._read_with_gaps")
    documents = [{"id": ID, **WHOLE, "status": "READY"}] * 2
    learn_page(documents, Sample)
    page = structure_page(json.dumps({"_embedded": {"samples": documents}}).encode(), Sample, "samples")
    assert page is not None
    assert page[0] == structure_list(documents, Sample, "")


@pytest.mark.parametrize("field", [each for each in attrs.fields(Sample) if each.name not in {"id", "extra"}])
def test_an_absent_member_and_null_leave_the_default(field: attrs.Attribute[Any]) -> None:
    name = {"links": "_links", "embedded": "_embedded"}.get(field.name) or wire_name(field.name)
    assert seen(sample(**{name: None})) == seen(sample()) == seen(Sample(id=UUID(ID)))


def test_what_is_read_is_as_frozen_as_its_class() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        sample().text = "x"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del sample().text


@pytest.mark.parametrize(
    "links",
    [
        {"a": {"href": "x"}},
        {"a": {"href": "x", "type": "PUT", "title": "t", "name": "n", "templated": True, "other": 1}},
        {"a": {"href": "x", "title": 5}},
        {"a": [{"href": "x"}, {"href": "y"}], "b": {"href": "x"}},
        {"a": CANARY},
        {"a": {"href": {"href": "x"}}},
    ],
)
def test_links_are_kept_whatever_they_hold(links: Any) -> None:
    assert seen(sample(_links=links))["links"] == {rel: all_links(Links(links), rel) for rel in links}


# Strict values


def each(name: str, *values: object) -> list[tuple[str, object]]:
    return [(name, value) for value in values]


@pytest.mark.parametrize(
    "name, value",
    [
        *each("text", 5, True, [], {}, b"a"),
        *each("flag", "false", "true", 0, 1, [], CANARY),
        *each("number", 7.9, 7.0, True, "7", [], CANARY),
        *each("ratio", True, "0.5", [], CANARY),
        *each("lastModified", 5, [], "", CANARY, True),
        *each("apiSecret", 5, "", [CANARY], {"a": CANARY}),
        *each("members", 5, [], "", CANARY, [["a", CANARY]]),
        *each("status", 5, True, [], {}),
        *each("inner", 5, [], CANARY, [["name", CANARY]]),
        *each("inners", 5, {}, CANARY, {"name": CANARY}, ("a",)),
        *each("texts", 5, {}, "abc", CANARY),
        *each("table", 5, [], CANARY),
        *each("parent", 5, [], CANARY),
        *each("_links", 5, [CANARY], CANARY, True),
        *each("_embedded", 5, [], CANARY),
    ],
)
def test_an_optional_member_of_another_type_is_left_out_kept_and_named(name: str, value: Any) -> None:
    found, unreadable = read({"id": ID, name: value, "other": 1})
    assert found == Sample(id=UUID(ID), extra=JsonObject({name: value, "other": 1}))
    assert (len(found.links), found.embedded) == (0, {})
    assert unreadable == (name,)
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    "members, paths",
    [
        ({"inner": {}}, ["inner.name"]),
        ({"inner": {"name": [CANARY]}}, ["inner.name"]),
        ({"inners": [{"name": "a"}, {"name": 5}]}, ["inners[1].name"]),
        ({"inners": [{"name": "a"}, CANARY]}, ["inners[1]"]),
        ({"texts": ["a", "b", None]}, ["texts[2]"]),
        ({"table": {"a": [1, 2], "\x1bb": [3, CANARY]}}, ["table[\\x1bb][1]"]),
        ({"parent": {"id": ID[1:]}}, ["parent.id"]),
        ({"number": CANARY, "text": 5}, ["text", "number"]),
    ],
)
def test_what_is_wrong_deep_inside_costs_the_optional_member_and_is_named_by_its_path(
    members: dict[str, Any], paths: list[str]
) -> None:
    found, unreadable = read({"id": ID, **members})
    assert found == Sample(id=UUID(ID), extra=JsonObject(members))
    assert list(unreadable) == paths


def test_an_optional_member_of_something_inside_costs_no_more_than_itself() -> None:
    inner = {"name": "a", "number": CANARY}
    found, unreadable = read({"id": ID, "inner": inner, "inners": [inner], "parent": {"id": ID, "text": 5}})
    assert (found.inner, found.inners) == (Inner(name="a"), (Inner(name="a"),))
    assert found.parent == Sample(id=UUID(ID), extra=JsonObject({"text": 5}))
    assert found.extra == {}
    assert unreadable == ("inner.number", "inners[0].number", "parent.text")


@pytest.mark.parametrize(
    "value",
    [
        *(None, 5, [], "", CANARY, f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID}\n", ID.replace("-", ""), f"+{ID[1:]}"),
        *(f"9_{ID[2:]}", f"٩{ID[1:]}", f"{ID[:-1]}é", f'{ID[:-1]}"', f"{ID[:-1]}\\", b"x" * 16, b"x" * 36),
        *(f"{ID[:8]}0-{ID[9:23]}{ID[24:]}0",),
    ],
)
def test_a_required_member_of_another_type_is_a_mismatch(value: object) -> None:
    assert read({"id": value}) == ("id: expected a UUID", None)


@pytest.mark.parametrize("text", [ID, ID.upper(), "00000000-0000-0000-0000-000000000000"])
def test_a_uuid_is_read_in_both_cases(text: str) -> None:
    assert read({"id": text})[0].id == UUID(text)


@pytest.mark.parametrize("document", [None, [], CANARY, 5, True, [["id", ID]]])
def test_a_document_that_is_not_an_object_is_named_as_the_body(document: object) -> None:
    assert read(document) == ("body: expected an object", None)
    assert structure(document, Sample, "profiles[3]") == Mismatch("profiles[3]: expected an object")


def test_a_member_that_has_to_be_there_is_missed() -> None:
    assert read({"text": CANARY}) == ("id: missing", None)


def test_the_first_item_that_cannot_be_read_is_named() -> None:
    assert structure_list([{"id": ID}, {"id": 1}, {}], Sample, "s") == Mismatch("s[1].id: expected a UUID")
    assert structure_list([], Sample, "s") == Read([])


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(ID),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "id", "b"]), inner, max_size=3)
    ),
    max_leaves=4,
)
NAMES = [wire_name(field.name) for field in attrs.fields(Sample)] + ["_links", "_embedded", "unknown", "last_modified"]


@given(st.dictionaries(st.sampled_from(NAMES), json_values), st.just(ID) | json_values)
def test_whatever_the_members_every_road_leads_to_the_same(members: Mapping[str, Any], key: Any) -> None:
    found, unreadable = read({**members, "id": key})
    if isinstance(found, str):
        assert found.startswith("id: ")
    else:
        assert {path.partition(".")[0].partition("[")[0] for path in unreadable} <= {*members}
        assert all(found.extra[name] is value for name, value in members.items() if name in {"unknown", "extra"})


# Timestamps


def moment(text: Any) -> Any:
    found, unreadable = read({"id": ID, "lastModified": text})
    assert unreadable == (() if found.last_modified else ("lastModified",))
    return found.last_modified


@pytest.mark.parametrize("digits", range(10))
@pytest.mark.parametrize("zone", ["", "Z", "+00:00", "-00:00"])
def test_a_timestamp_has_up_to_nine_digits_of_which_six_are_kept(digits: int, zone: str) -> None:
    fraction = "." + "961073929"[:digits] if digits else ""
    found = moment(f"2023-03-08T10:21:35{fraction}{zone}")
    kept = int("961073929"[: min(digits, 6)].ljust(6, "0")) if digits else 0
    assert found == datetime(2023, 3, 8, 10, 21, 35, kept, tzinfo=UTC)
    assert found.tzinfo is UTC


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), st.integers(-1439, 1439))  # noqa: DTZ001  # the zone is the other argument
def test_any_offset_is_taken_back_to_utc(local: datetime, minutes: int) -> None:
    there = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = moment(there.isoformat())
    assert found == there
    assert found.utcoffset() == timedelta(0)
    assert moment(local.isoformat()) == local.replace(tzinfo=UTC)


def test_seconds_may_be_left_out() -> None:
    assert moment("2021-02-11T11:12") == datetime(2021, 2, 11, 11, 12, tzinfo=UTC)


DAY = "2023-03-08"


@pytest.mark.parametrize(
    "text",
    [
        *("2023-W10-3T10:21:35", "2023-067T10:21:35", "20230308T102135", DAY, f"{DAY} 10:21:35", f"{DAY}t10:21:35"),
        *(f"{DAY}T24:00:00", f"{DAY}T24:00", f"{DAY}T10:60:00", f"{DAY}T10:21:60", f"{DAY}T10:21:35.", f"{DAY}T10"),
        *(f"{DAY}T10:21:35.1234567890", f"{DAY}T10:21:35,123", f"{DAY}T10:21.5", f"{DAY}T10:21:35z"),
        *(f"{DAY}T10:21:35+01", f"{DAY}T10:21:35+0100", f"{DAY}T10:21:35+01:60", f"{DAY}T10:21:35+24:00"),
        *(f"{DAY}T10:21:35+01:00:00", f"{DAY}T10:21:35Z+01:00", f"{DAY}T10:21:35 Z", f"{DAY}T10:21:35\n"),
        *(f"{DAY}T10:21:35.123456\n{DAY}T10:21:35", f"{DAY}T10:21:35\n{DAY}T10:21:35", f"\n{DAY}T10:21:35"),
        *("2023-02-29T10:21:35", "2023-13-08T10:21:35", "0000-03-08T10:21:35", "0001-01-01T00:00:00+01:00"),
        *("9999-12-31T23:59:59-01:00", "+2023-03-08T10:21:35", "12023-03-08T10:21:35", "٢٠٢٣-03-08T10:21:35"),
        *(f"{DAY}T10:21:35.123456Z1", f"{DAY}T10:21:35.123456+1", f"{DAY}T10:21:35+00:0000", f"{DAY}T24:00:00.1234567"),
        *("2023-03-08T10:21:35.１", "2023-03-08T10:21:35.123456７", "1678270895", "\ud800", "", 5),  # noqa: RUF001  # a full-width digit
    ],
)
def test_other_forms_are_left_out_by_every_python_alike(text: str) -> None:
    assert moment(text) is None


@given(st.text(st.sampled_from("0123456789-:.TZW+ ٣\n"), max_size=32))
def test_whatever_the_text_it_is_a_moment_in_utc_or_left_out(text: str) -> None:
    found = moment(text)
    assert found is None or found.tzinfo is UTC
