"""Bodies that create and change resources, and the masks that are left out of them."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs
import pytest

from aiomatatika import HalResource, InvalidArgumentError, Secret
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.hal import JsonObject
from aiomatatika.resources.bodies import FieldValues, kept_members, member, sent_back, set_by_server, settable_members
from aiomatatika.resources.masks import is_masked, is_usable, without_masks

ID = UUID("904cf92b-1111-4222-8333-944455556666")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MASK = "********"


class Size(StrEnum):
    LARGE = "large"


@attrs.frozen(kw_only=True)
class Part(HalResource):
    id: UUID | None = None
    label: str | None = None
    secret: Secret | None = None
    count: int | None = set_by_server()


@attrs.frozen(kw_only=True)
class Whole(HalResource):
    id: UUID
    created: datetime | None = set_by_server()
    owner: str = set_by_server("nobody", member="ownerName")
    draft: bool | None = sent_back()
    due_at: datetime | None = None
    from_: str | None = member("from")
    size: Size | None = None
    password: Secret | None = None
    properties: JsonObject | None = None
    value: Any = None
    tags: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    named: Mapping[str, Part] | None = None


SETTABLE = {
    "due_at": "dueAt",
    "from_": "from",
    **{name: name for name in ("size", "password", "properties", "value", "tags", "parts", "named")},
}


def read(body: Body) -> Any:
    return json.loads(body.reveal())


def test_what_the_server_sets_and_the_id_are_not_the_clients() -> None:
    assert settable_members(Whole) == SETTABLE


@pytest.mark.parametrize(
    "value, sent",
    [
        (Secret("s"), "s"),
        (Size.LARGE, "large"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-01-01T12:00:00"),
        (datetime(2026, 1, 1, 12), "2026-01-01T12:00:00"),  # noqa: DTZ001  # what the caller gives is sent as it is
        (JsonObject({"a": [Secret("s")]}), {"a": ["s"]}),
        ({"a": {"b": (1, None)}}, {"a": {"b": [1, None]}}),
        ({"a": 1}.keys(), ["a"]),
        (ID, str(ID)),
        (Part(id=ID, label="x", extra=JsonObject({"new": 0})), {"id": str(ID)}),
        ([Part(label="x")], [{"label": "x"}]),
        (False, False),
    ],
    ids=repr,
)
def test_values_are_written_as_the_api_writes_them(value: Any, sent: Any) -> None:
    assert read(FieldValues(Whole, {"value": value}).new()) == {"value": sent}


@pytest.mark.parametrize(
    "build, sent",
    [
        (FieldValues.new, {"from": "a"}),
        (FieldValues.edit, {"from": "a", "size": None}),
        (lambda values: values.change(Whole(id=ID, size=Size.LARGE, tags=("x",))), {"from": "a", "tags": ["x"]}),
        (
            lambda values: values.change(Whole(id=ID, from_="b", created=NOON, extra=JsonObject({"new": 0}))),
            {"from": "a", "new": 0},
        ),
    ],
    ids=["new leaves None out", "edit sends null", "change takes away", "change keeps what is not known"],
)
def test_what_none_means(build: Any, sent: Any) -> None:
    assert read(build(FieldValues(Whole, {"from_": "a", "size": None}))) == sent


def test_values_are_taken_out_of_the_callers_dict_and_do_not_show() -> None:
    given = {"password": "canary"}
    assert "canary" not in repr(FieldValues(Whole, given))
    assert given == {}


@pytest.mark.parametrize("build", [FieldValues.new, FieldValues.edit, lambda values: values.change(Whole(id=ID))])
def test_a_value_that_json_has_no_form_for_shows_nothing_of_the_others(build: Any) -> None:
    values = FieldValues(Whole, {"password": Secret("canary"), "value": object()})
    with pytest.raises(InvalidArgumentError) as caught:
        build(values)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "canary" not in shown


def test_what_no_method_sets_goes_back_as_it_was_read() -> None:
    with pytest.raises(TypeError, match="no field 'draft'"):
        FieldValues(Whole, {"draft": True})
    assert read(FieldValues(Whole, {}).change(Whole(id=ID, draft=False))) == {"draft": False}


@pytest.mark.parametrize("name", ["id", "created", "owner", "links", "extra", "from", "nothing"])
def test_a_field_that_cannot_be_set_is_named(name: str) -> None:
    given = {name: "canary", "from_": "a"}
    with pytest.raises(TypeError) as caught:
        FieldValues(Whole, given)
    assert str(caught.value) == f"Whole has no field '{name}' that can be set; it has {', '.join(SETTABLE)}"
    assert given == {}


@pytest.mark.parametrize(
    "members, kept, left_out",
    [
        ({"from": MASK, "tags": [MASK], "size": "••"}, {"from": MASK, "tags": [MASK], "size": "••"}, None),
        ({"password": MASK, "value": "••", "new": "*"}, {}, "password, value, new"),
        (
            {"properties": {"a": MASK, "b": [MASK, {"c": MASK, "d": 1}], "e": "*a"}},
            {"properties": {"b": [{"d": 1}], "e": "*a"}},
            "properties.a, properties.b[0], properties.b[1].c",
        ),
        (
            {"parts": [{"label": MASK, "secret": MASK, "new": MASK}], "named": {"x": {"label": MASK, "secret": MASK}}},
            {"parts": [{"label": MASK}], "named": {"x": {"label": MASK}}},
            "parts[0].secret, parts[0].new, named.x.secret",
        ),
        # Unlike its type: nothing is known of what stands there.
        ({"from": {"a": MASK}, "parts": MASK, "value": None}, {"from": {}, "value": None}, "parts, from.a"),
    ],
    ids=["text", "secrets", "maps", "resources", "other types"],
)
def test_a_masked_secret_is_left_out_with_one_warning(
    caplog: pytest.LogCaptureFixture, members: Any, kept: Any, left_out: str | None
) -> None:
    assert kept_members(Whole, members) == kept
    warnings = [] if left_out is None else [f"masked secrets of a Whole are not sent: {left_out}"]
    assert [record.getMessage() for record in caplog.records] == warnings


@pytest.mark.parametrize(
    "value, masked, usable",
    [
        *(("*", True, False), ("•*•", True, False), ("", False, False), (" \t", False, False), ("* *", False, False)),
        *(("a*", False, True), ("**a**", False, True)),
    ],
)
def test_what_a_mask_is(value: str, masked: bool, usable: bool) -> None:
    assert (is_masked(value), is_usable(value)) == (masked, usable)


def test_only_a_text_is_a_mask() -> None:
    assert not is_masked(5)
    assert without_masks(5, Any, []) == 5
