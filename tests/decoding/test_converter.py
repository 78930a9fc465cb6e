"""JSON into resource classes: what fits, what does not, and how that is said without showing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest
from cattrs.errors import StructureHandlerNotFoundError
from hypothesis import given, strategies as st

from aiomatatika import HalResource, Secret
from aiomatatika.decoding.converter import _converter, _detailed_converter, structure, structure_list
from aiomatatika.decoding.json_text import Mismatch, wire_name
from aiomatatika.hal import JsonObject

CANARY = "canary-7f3a"
ID = "904cf92b-1111-4222-8333-944455556666"


@attrs.frozen(kw_only=True)
class Inner:
    name: str


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
    inner: Inner | None = None
    inners: list[Inner] | None = None
    texts: tuple[str, ...] = ()
    table: dict[str, list[int]] | None = None


def sample(**members: Any) -> Any:
    """Return the class made of a document with these members, or the text of its mismatch; by both ways in."""
    document = {"id": ID, **members}
    alone, listed = structure(document, Sample), structure_list([{"id": ID}, document], Sample, "samples")
    if isinstance(alone, Mismatch):
        assert listed == Mismatch(f"samples[1].{alone.text}")
        return alone.text
    assert isinstance(listed, list)
    assert listed[1] == alone
    return alone


# Members and their names


@pytest.mark.parametrize(
    "attribute, name",
    [("id", "id"), ("last_modified", "lastModified"), ("default_workspace_id", "defaultWorkspaceId"), ("a_b_c", "aBC")],
)
def test_attributes_are_in_camel_case_on_the_wire(attribute: str, name: str) -> None:
    assert wire_name(attribute) == name


def test_a_whole_document_becomes_a_whole_object() -> None:
    found = sample(
        text="a",
        flag=True,
        number=7,
        ratio=0.5,
        lastModified="2023-03-08T10:21:35",
        apiSecret=CANARY,
        members={"a": 1},
        inner={"name": "b"},
        inners=[{"name": "c"}, {"name": "d"}],
        texts=["e", "f"],
        table={"g": [1]},
        _links={"self": {"href": "/api/x"}},
        _embedded={"profile": {"id": "p"}},
    )
    assert found == Sample(
        id=UUID(ID),
        text="a",
        flag=True,
        number=7,
        ratio=0.5,
        last_modified=datetime(2023, 3, 8, 10, 21, 35, tzinfo=UTC),
        api_secret=Secret(CANARY),
        members=JsonObject({"a": 1}),
        inner=Inner(name="b"),
        inners=[Inner(name="c"), Inner(name="d")],
        texts=("e", "f"),
        table={"g": [1]},
    )
    assert found.links["self"].href == "/api/x"
    assert found.embedded == {"profile": {"id": "p"}}
    assert CANARY not in repr(found)


def test_an_absent_member_leaves_the_default() -> None:
    assert sample() == Sample(id=UUID(ID))


@pytest.mark.parametrize("name", ["text", "number", "ratio", "lastModified", "apiSecret", "members", "inner", "inners"])
def test_null_is_none_where_none_may_be(name: str) -> None:
    assert sample(**{name: None}) == Sample(id=UUID(ID))


@pytest.mark.parametrize("links", [None, [], {}])
def test_links_may_be_missing_in_any_form(links: object) -> None:
    assert len(sample(_links=links).links) == 0
    assert sample(_embedded=None).embedded == {}


# Strict scalars


def each(name: str, expected: str, *values: object) -> list[tuple[str, object, str]]:
    return [(name, value, expected) for value in values]


@pytest.mark.parametrize(
    "name, value, expected",
    [
        *each("id", "a UUID", None, 5, [], "", CANARY, f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID}\n"),
        *each("id", "a UUID", ID.replace("-", ""), f"+{ID[1:]}", f"9_{ID[2:]}", f"٩{ID[1:]}", b"x" * 16),
        *each("text", "a string", 5, True, [], {}, b"a"),
        *each("flag", "true or false", None, "false", "true", 0, 1, [], CANARY),
        *each("number", "a whole number", 7.9, 7.0, True, "7", [], CANARY),
        *each("ratio", "a number", True, "0.5", [], CANARY),
        *each("lastModified", "a timestamp", 5, [], "", CANARY, True),
        *each("apiSecret", "a string", 5, "", [CANARY], {"a": CANARY}),
        *each("members", "an object", 5, [], "", CANARY, [["a", CANARY]]),
        *each("inner", "an object", 5, [], CANARY, [["name", CANARY]]),
        *each("inners", "an array", 5, {}, CANARY, {"name": CANARY}, ("a",)),
        *each("texts", "an array", None, 5, {}, "abc", CANARY),
        *each("table", "another type", 5, [], CANARY),
        *each("_links", "an object", 5, [CANARY], CANARY, True),
        *each("_embedded", "an object", 5, [], CANARY),
    ],
)
def test_a_value_of_another_type_is_named_by_its_place_and_not_shown(name: str, value: Any, expected: str) -> None:
    assert sample(**{name: value}) == f"{name}: expected {expected}"


@pytest.mark.parametrize(
    "members, text",
    [
        ({"inner": {}}, "inner.name: missing"),
        ({"inner": {"name": [CANARY]}}, "inner.name: expected a string"),
        ({"inners": [{"name": "a"}, {"name": 5}]}, "inners[1].name: expected a string"),
        ({"inners": [{"name": "a"}, CANARY]}, "inners[1]: expected an object"),
        ({"texts": ["a", "b", None]}, "texts[2]: expected a string"),
        ({"table": {"a": [1, 2], "b": [3, CANARY]}}, "table[b][1]: expected a whole number"),
        ({"number": CANARY, "text": 5}, "text: expected a string"),
    ],
)
def test_a_value_deep_inside_is_named_by_its_whole_path(members: Mapping[str, Any], text: str) -> None:
    assert sample(**members) == text


@pytest.mark.parametrize("document", [None, [], CANARY, 5, True, [["id", ID]]])
def test_a_document_that_is_no_object_is_named_as_the_body(document: object) -> None:
    assert structure(document, Sample) == Mismatch("body: expected an object")
    assert structure(document, Sample, "profiles[3]") == Mismatch("profiles[3]: expected an object")


def test_a_member_that_has_to_be_there_is_missed() -> None:
    assert structure({"text": CANARY}, Sample) == Mismatch("id: missing")
    assert structure_list([{}], Sample, "samples") == Mismatch("samples[0].id: missing")


def test_what_a_class_itself_refuses_is_a_mismatch_without_its_words() -> None:
    @attrs.frozen
    class Even:
        number: int = attrs.field()

        @number.validator
        def _check(self, _attribute: object, value: int) -> None:
            if value % 2:
                raise ValueError(f"{CANARY} {value}")

    assert structure({"number": 2}, Even) == Even(2)
    assert structure({"number": 3}, Even) == Mismatch("body: expected another type")
    assert structure_list([{"number": 2}, {"number": 3}], Even, "evens") == Mismatch("evens[1]: expected another type")


def test_a_class_with_a_field_that_nothing_can_make_is_a_mistake_and_no_mismatch() -> None:
    @attrs.frozen
    class Ambiguous:
        value: bytes | int | None = None

    for use in (lambda: structure({}, Ambiguous), lambda: structure_list([], Ambiguous, "a")):
        with pytest.raises(StructureHandlerNotFoundError):
            use()


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(ID),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "a", "b"]), inner, max_size=3),
    max_leaves=4,
)
WIRE_NAMES = ["text", "flag", "number", "ratio", "lastModified", "apiSecret", "members", "inner", "inners", "texts"]
WIRE_NAMES += ["table", "_links", "_embedded", "unknown", "last_modified"]


@given(st.dictionaries(st.sampled_from(WIRE_NAMES), json_values))
def test_the_fast_path_and_the_one_that_explains_agree(members: dict[str, Any]) -> None:
    document = {"id": ID, **members}

    def outcome(converter: Any) -> Any:
        try:
            return converter.structure(document, Sample)
        except Exception:
            return None

    found = outcome(_converter)
    assert outcome(_detailed_converter()) == found
    assert isinstance(structure(document, Sample), Mismatch) is (found is None)
    if found is not None:
        assert found.extra == {name: members[name] for name in members if name in {"unknown", "last_modified"}}


# Unknown members


def test_unknown_members_are_kept_out_of_sight() -> None:
    found = sample(unknown={"deep": [CANARY]}, clientSecret=CANARY, last_modified="not ours", extra=1, links=2)
    assert found.extra == {
        "unknown": {"deep": [CANARY]},
        "clientSecret": CANARY,
        "last_modified": "not ours",
        "extra": 1,
        "links": 2,
    }
    assert CANARY not in repr(found)
    assert CANARY not in repr(attrs.asdict(found))


def test_a_class_without_extra_ignores_unknown_members() -> None:
    assert structure({"name": "a", "other": CANARY}, Inner) == Inner(name="a")


@given(st.dictionaries(st.text(min_size=1), json_values))
def test_a_resource_without_fields_of_its_own_keeps_the_whole_document(document: dict[str, Any]) -> None:
    rest = {name: value for name, value in document.items() if name not in {"_links", "_embedded"}}
    found = structure(rest, HalResource)
    assert isinstance(found, HalResource)
    assert found.extra == rest
    assert json.loads(json.dumps(dict(found.extra))) == rest


# Timestamps


def moment(text: str) -> Any:
    found = sample(lastModified=text)
    return found if isinstance(found, str) else found.last_modified


@pytest.mark.parametrize(
    "text, microsecond",
    [
        ("", 0),
        (".1", 100_000),
        (".12", 120_000),
        (".123", 123_000),
        (".1234", 123_400),
        (".12345", 123_450),
        (".123456", 123_456),
        (".1234567", 123_456),
        (".12345678", 123_456),
        (".123456789", 123_456),
        (".999999999", 999_999),
    ],
)
@pytest.mark.parametrize("zone", ["", "Z", "+00:00", "-00:00"])
def test_a_timestamp_has_up_to_nine_digits_of_which_six_are_kept(text: str, microsecond: int, zone: str) -> None:
    found = moment(f"2023-03-08T10:21:35{text}{zone}")
    assert found == datetime(2023, 3, 8, 10, 21, 35, microsecond, tzinfo=UTC)
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


@pytest.mark.parametrize(
    "text",
    [
        "2023-W10-3T10:21:35",
        "2023-067T10:21:35",
        "20230308T102135",
        "2023-03-08",
        "2023-03-08 10:21:35",
        "2023-03-08t10:21:35",
        "2023-03-08T24:00:00",
        "2023-03-08T10:60:00",
        "2023-03-08T10:21:60",
        "2023-03-08T10:21:35.",
        "2023-03-08T10:21:35.1234567890",
        "2023-03-08T10:21:35,123",
        "2023-03-08T10:21.5",
        "2023-03-08T10",
        "2023-03-08T10:21:35z",
        "2023-03-08T10:21:35+01",
        "2023-03-08T10:21:35+0100",
        "2023-03-08T10:21:35+01:60",
        "2023-03-08T10:21:35+24:00",
        "2023-03-08T10:21:35+01:00:00",
        "2023-03-08T10:21:35Z+01:00",
        "2023-03-08T10:21:35 Z",
        "2023-03-08T10:21:35\n",
        "2023-02-29T10:21:35",
        "2023-13-08T10:21:35",
        "0000-03-08T10:21:35",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "+2023-03-08T10:21:35",
        "12023-03-08T10:21:35",
        "٢٠٢٣-03-08T10:21:35",
        "2023-03-08T10:21:35.１",  # noqa: RUF001  # a full-width digit
        "1678270895",
    ],
)
def test_other_forms_are_refused_by_every_python_alike(text: str) -> None:
    assert moment(text) == "lastModified: expected a timestamp"


@given(st.text(st.sampled_from("0123456789-:.TZW+ ٣"), max_size=32))
def test_whatever_the_text_there_is_a_moment_in_utc_or_a_mismatch(text: str) -> None:
    found = moment(text)
    assert found == "lastModified: expected a timestamp" or found.tzinfo is UTC
