"""Columns: what is read at once, what one by one, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import pytest

from aiomatatika import HalResource
from aiomatatika.decoding.class_fields import Field, fields_of
from aiomatatika.decoding.columns import Column
from aiomatatika.decoding.converter import converter
from aiomatatika.decoding.values import COLUMN_READERS, READERS, EnumReader
from aiomatatika.enums import OpenEnum

ID = "8d3f7e0a-64f4-4b5c-93f1-2f6f1f9d8c11"


@pytest.mark.parametrize(
    "kind, values",
    [
        (UUID, []),
        (UUID, [ID, ID.upper()]),
        (datetime, []),
        (datetime, ["2026-01-11T18:58:35", "2026-01-11T18:58:35.9", "2026-01-11T18:58:35.961234"]),
        (datetime, ["2026-01-11T18:58:35", "2026-01-11T18:58:35.961234999"]),
        (datetime, ["2026-01-11T18:58:35.9612345"]),
    ],
)
def test_many_values_are_read_at_once_as_each_is_by_itself(kind: type, values: list[str]) -> None:
    assert COLUMN_READERS[kind](values) == [READERS[kind](value, kind) for value in values]


@pytest.mark.parametrize(
    "kind, value",
    [
        *((UUID, value) for value in (ID.replace("-", ""), "x" * 36, f"{ID}0", 5, None)),
        *((UUID, value) for value in (f'{ID}","{ID.replace("-", "")}', ID.replace("3f7e", "\\u0033f7e"))),
        *((datetime, f"2026-01-11{rest}") for rest in ("t18:58:35", " 18:58:35", "T18:58", "T18:58:35Z", "T18:58:61")),
        *((datetime, f"2026-01-11T18:58:35{rest}") for rest in ('","', 'Z","2026-01-11 18:58:35', "\n.1", "\\u0030")),
        (datetime, "2026-01-11T\\u00318:58"),
    ],
)
def test_what_is_otherwise_is_left_to_the_reader_of_single_values(kind: type, value: Any) -> None:
    usual = {UUID: ID, datetime: "2026-01-11T18:58:35"}[kind]
    with pytest.raises(Exception):  # noqa: B017  # whichever: the column is read one by one then
        COLUMN_READERS[kind]([usual, value])


class Color(OpenEnum):
    RED = "RED"
    BLUE = "BLUE"


def test_known_members_of_an_enumeration_are_read_at_once() -> None:
    read_whole = EnumReader(Color).read_whole
    assert read_whole(["BLUE", "RED"]) == [Color.BLUE, Color.RED]
    for other in ("red", "GREEN", 5):
        with pytest.raises(LookupError):
            read_whole(["RED", other])


@attrs.frozen(kw_only=True)
class Thing(HalResource):
    id: UUID
    owner: UUID | None = None
    parts: list[UUID] = attrs.Factory(list)


def field_named(name: str) -> Field:
    return next(field for field in fields_of(Thing, converter) if field.name == name)


class WholeReader:
    """Reads ids at once, and notes what it was given."""

    def __init__(self) -> None:
        self.given: list[list[Any]] = []

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        self.given.append(list(values))
        return COLUMN_READERS[UUID](values)


@pytest.mark.parametrize(
    "values, expected, given",
    [
        ([ID, ID], [UUID(ID)] * 2, [[ID, ID]]),
        ([ID, None, ID], [UUID(ID), None, UUID(ID)], [[ID, None, ID], [ID, ID]]),
        ([None, None], [None, None], [[None, None], []]),
        ([ID, "x", None], [UUID(ID), None, None], [[ID, "x", None], [ID, "x"]]),
    ],
)
def test_absent_values_are_left_out_and_only_then_each_is_read_by_itself(
    values: list[Any], expected: list[Any], given: list[list[Any]]
) -> None:
    whole, wrong = WholeReader(), set[int]()
    assert Column(field_named("owner"), whole).read(values, wrong) == expected
    assert (whole.given, wrong) == (given, {values.index("x")} if "x" in values else set())


def test_an_absent_value_of_a_required_field_is_wrong_and_a_default_is_made_anew() -> None:
    wrong = set[int]()
    assert Column(field_named("id"), COLUMN_READERS[UUID]).read([ID, None], wrong) == [UUID(ID), None]
    assert wrong == {1}
    first, second = Column(field_named("parts"), lambda values: [[*value] for value in values]).read(
        [None, None], set()
    )
    assert (first, second) == ([], [])
    assert first is not second
