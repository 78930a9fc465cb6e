"""Writes the functions that read rows into a class, as attrs writes an ``__init__``. No I/O.

For a class with ``id: UUID`` and ``name: str | None = None``, and one row that is a dict, it is in short::

    def read(row):
        resource = new(Thawed)
        value = row.get("id")
        resource.id = refuse() if value is None else read0(value, kind0)
        value = row.get("name")
        resource.name = value if value.__class__ is kind1 else default1 if value is None else refuse()
        resource.extra = nothing if are_known(row) else JsonObject({…})
        resource.__class__ = cls
        return resource

and for a page of rows whose ids are read as a column::

    def read_all(rows):
        resources = []
        wrong = set()
        for row, resource, resource.id in zip(rows, map(new, repeat(Thawed)), read_column0(rows…, wrong)):
            try:
                value = row.field1
                …
            except Exception:
                resource = None
            resources.append(resource)
        for index in wrong:
            resources[index] = None
        return resources

A row that stands alone is read as the dict is, with ``row.field0`` in place of ``row.get("id")``.

A loop over the fields, in place of a line for each, would take twice the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

import attrs
import msgspec

from aiomatatika.decoding.class_fields import EXTRA, Field
from aiomatatika.decoding.columns import Column
from aiomatatika.decoding.parts import strict
from aiomatatika.decoding.values import refuse
from aiomatatika.hal import HalResource, JsonObject

__all__ = ["Rows", "object_reader", "page_reader", "row_reader"]

_NOTHING: Final = HalResource().extra
# What needs no reading where it is of the very type that is promised.
_EXACT: Final = frozenset({str, bool, int})


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What rows are: the value of field number 5 is ``row.field5``.

    Attributes:
        keep_unknown: The lines that set ``extra`` to the members that the class does not know.
        checked: The numbers of the fields whose values are known to be of the promised type, or None.
        columns: What reads the columns of other fields, by number.
    """

    keep_unknown: Sequence[str]
    checked: frozenset[int]
    columns: Mapping[int, Column] = {}


def object_reader(cls: Any, fields: tuple[Field, ...]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that reads a JSON object, and raises anything where something in it is wrong.

    Args:
        cls: The class; making an object of it is setting its slots.
        fields: Its fields.
    """
    scope = _scope(cls)
    known = frozenset(field.member for field in fields)
    scope |= {"known": known, "are_known": known.issuperset}
    lines = []
    for number, field in enumerate(fields):
        lines += _lines(number, field, f"row.get({field.member!r})", scope)
    return _written_read(cls, lines, _KEEP_UNKNOWN, scope)


def row_reader(cls: Any, fields: tuple[Field, ...], rows: Rows) -> Callable[[Any], Any]:
    """Return the function that reads a row, in which UNSET stands for what is absent; the rest as for `object_reader`.

    Args:
        cls: The class; making an object of it is setting its slots.
        fields: Its fields.
        rows: What the row is.
    """
    scope = _scope(cls)
    lines = []
    for number, field in enumerate(fields):
        value = f"None if row.field{number} is UNSET else row.field{number}"
        if number in rows.checked and field.default is None:
            lines.append(f"resource.{field.name} = {value}")
        else:
            lines += _lines(number, field, value, scope)
    return _written_read(cls, lines, rows.keep_unknown, scope)


def _written_read(
    cls: Any, lines: list[str], keep_unknown: Sequence[str], scope: dict[str, Any]
) -> Callable[[Any], Any]:
    if EXTRA in attrs.fields_dict(cls):
        lines += keep_unknown
    function: Callable[[Any], Any] = _written("read", _READ.format(lines="\n    ".join(lines)), scope)
    return function


def page_reader(cls: Any, fields: tuple[Field, ...], rows: Rows) -> Callable[[Sequence[Any]], list[Any]]:
    """Return the function that reads every row of a page; None stands for each in which something is wrong.

    Args:
        cls: The class; making an object of it is setting its slots.
        fields: Its fields.
        rows: What the rows are.
    """
    scope = _scope(cls)
    targets, sources, lines = ["row", "resource"], ["rows", "map(new, repeat(Thawed))"], []
    for number, field in enumerate(fields):
        value, name = f"row.field{number}", f"resource.{field.name}"
        if number in rows.columns:
            scope[f"read_column{number}"] = rows.columns[number].read
            targets.append(name)
            sources.append(f"read_column{number}([{value} for row in rows], wrong)")
        elif number in rows.checked and field.default is None:
            lines.append(f"{name} = {value}")
        else:
            lines += _lines(number, field, value, scope)
    if EXTRA in attrs.fields_dict(cls):
        lines += rows.keep_unknown
    text = _READ_ALL.format(targets=", ".join(targets), sources=", ".join(sources), lines="\n            ".join(lines))
    function: Callable[[Sequence[Any]], list[Any]] = _written("read_all", text, scope)
    return function


def _scope(cls: Any) -> dict[str, Any]:
    # The class without its frost: setting a slot takes 0.02 us instead of 0.1 us. Then the resource becomes the class.
    thawed = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return {
        "Thawed": type(cls.__name__, (cls,), thawed),
        "cls": cls,
        "new": object.__new__,
        "repeat": repeat,
        "refuse": refuse,
        "nothing": _NOTHING,
        "JsonObject": JsonObject,
        "UNSET": msgspec.UNSET,
    }


def _lines(number: int, field: Field, value: str, scope: dict[str, Any]) -> list[str]:
    """Return the lines that set a field to what is read from a value."""
    absent = _absent(field, number, scope)
    scope[f"kind{number}"], scope[f"read{number}"] = field.kind, strict(field.reader)
    read = f"{absent} if value is None else read{number}(value, kind{number})"
    if field.is_usual and field.kind in _EXACT:
        read = f"value if value.__class__ is kind{number} else {absent} if value is None else refuse()"
    return [f"value = {value}", f"resource.{field.name} = {read}"]


def _written(name: str, text: str, scope: dict[str, Any]) -> Any:
    exec(text, scope)  # noqa: S102  # it holds names of fields, as in attrs' own, and names of members as literals
    return scope[name]


_KEEP_UNKNOWN: Final = (
    "if are_known(row):",
    "    resource.extra = nothing",
    "else:",
    "    resource.extra = JsonObject({name: value for name, value in row.items() if name not in known})",
)
_READ: Final = """\
def read(row):
    resource = new(Thawed)
    {lines}
    resource.__class__ = cls
    return resource
"""
_READ_ALL: Final = """\
def read_all(rows):
    resources = []
    wrong = set()
    for {targets} in zip({sources}):
        try:
            {lines}
            resource.__class__ = cls
        except Exception:
            resource = None
        resources.append(resource)
    for index in wrong:
        resources[index] = None
    return resources
"""


def _absent(field: Field, number: int, scope: dict[str, Any]) -> str:
    """Return what stands for a member that is absent or null."""
    if field.is_required:
        return "refuse()"
    if field.is_made_anew:
        scope[f"default{number}"] = field.default.factory
        return f"default{number}()"
    scope[f"default{number}"] = field.default
    return f"default{number}"
