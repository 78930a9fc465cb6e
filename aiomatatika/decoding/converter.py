"""JSON into resource classes: the one cattrs converter of the process.

camelCase members, timestamps in UTC, strict scalars, secrets hidden, unknown members kept. What does not fit comes back
as a `Mismatch` that says where and what was expected, never the value; it is returned and not raised, so that no frame
of a traceback holds the document.

Importing this module takes a twentieth of what importing the package does, for cattrs is large: so it is imported late,
by those who need it, with the first document that `exact` does not take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NoReturn, TypeVar, get_args, get_origin
from uuid import UUID

import attrs
import msgspec
from cattrs import ClassValidationError, Converter, IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from aiomatatika.decoding.json_text import CANONICAL_UUID, Mismatch, value_type, wire_name
from aiomatatika.hal import JsonObject, Links
from aiomatatika.secret import Secret

__all__ = ["structure", "structure_list"]

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

# No week dates, no 24:00, no digits of other scripts: what `datetime.fromisoformat` accepts differs between Pythons.
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?", re.ASCII
)
_HAL_NAMES = {"links": "_links", "embedded": "_embedded"}
_EXTRA = "extra"


class _Expected(Exception):  # noqa: N818  # control flow inside this module; it never leaves it
    """A value that does not fit; its text is what was expected, as in "expected a UUID"."""


def _expected(what: str) -> NoReturn:
    raise _Expected(what)


def _structure_text(value: Any, _: Any) -> str:
    return value if type(value) is str else _expected("a string")


def _structure_bool(value: Any, _: Any) -> bool:
    return value if type(value) is bool else _expected("true or false")


def _structure_int(value: Any, _: Any) -> int:
    return value if type(value) is int else _expected("a whole number")


def _structure_float(value: Any, _: Any) -> float:
    return float(value) if type(value) in {int, float} else _expected("a number")


def _structure_uuid(value: Any, _: Any) -> UUID:
    if type(value) is not str or not CANONICAL_UUID.fullmatch(value):
        _expected("a UUID")
    return msgspec.convert(value, UUID)  # 0.3 us, where UUID(value) takes 0.9


def _structure_datetime(value: Any, _: Any) -> datetime:
    match = type(value) is str and _TIMESTAMP.fullmatch(value)
    if match:
        try:
            # 0.16 us against 0.9 us for `.replace(tzinfo=UTC)`; digits beyond microseconds are cut off by Python.
            return (
                datetime.fromisoformat(value).astimezone(UTC) if match[1] else datetime.fromisoformat(value + "+00:00")
            )
        except (ValueError, OverflowError):
            pass
    _expected("a timestamp")


def _structure_secret(value: Any, _: Any) -> Secret:
    return Secret(value) if type(value) is str and value else _expected("a string")


def _structure_object(value: Any, _: Any) -> JsonObject:
    return JsonObject(value) if type(value) is dict else _expected("an object")


def _structure_embedded(value: Any, _: Any) -> JsonObject:
    return JsonObject() if value is None else _structure_object(value, _)


def _structure_links(value: Any, _: Any) -> Links:
    if type(value) is dict:
        return Links(value)
    return Links() if value in (None, []) else _expected("an object")


def _optional(hook: Hook) -> Hook:
    def structure_optional(value: Any, kind: Any) -> Any:
        return None if value is None else hook(value, kind)

    return structure_optional


def _array(item_hook: Hook, item: Any, build: Callable[[list[Any]], Any]) -> Hook:
    def structure_array(value: Any, _: Any) -> Any:
        items: list[Any] = []
        for index, each in enumerate(value if type(value) is list else _expected("an array")):
            try:
                items.append(item_hook(each, item))
            except Exception as error:  # noqa: BLE001  # as in `structure`; it only learns its place here
                error.add_note(IterableValidationNote("", index, item))
                raise IterableValidationError("", [error], list) from None
        return build(items)

    return structure_array


def _field_hook(converter: Converter, kind: Any) -> Hook:
    """Resolve the hook of a field once, so that no dispatch is left for each object."""
    value = value_type(kind)
    if value is not kind:
        return _optional(_field_hook(converter, value))
    if get_origin(kind) in {list, tuple}:
        item = get_args(kind)[0]
        return _array(_field_hook(converter, item), item, get_origin(kind))
    return converter.get_structure_hook(kind)


def _class_hook(cls: type[Any], converter: Converter) -> Hook:
    attrs.resolve_types(cls)
    fields = [field for field in attrs.fields(cls) if field.init]
    wire = {field.name: _HAL_NAMES.get(field.name) or wire_name(field.name) for field in fields if field.name != _EXTRA}
    keeps_extra = len(wire) < len(fields)
    overrides = {
        field.name: override(rename=wire[field.name], struct_hook=_field_hook(converter, field.type))
        if field.name in wire
        else override(omit=True)
        for field in fields
    }
    # cattrs declares its options, but not that the other keyword arguments are overrides.
    generated = make_dict_structure_fn(cls, converter, **overrides)  # type: ignore[arg-type]
    known = frozenset(wire.values())

    def structure_class(raw: Any, kind: Any) -> Any:
        if type(raw) is not dict:
            _expected("an object")
        resource = generated(raw, kind)
        if keeps_extra and not raw.keys() <= known:
            unknown = {name: value for name, value in raw.items() if name not in known}
            return attrs.evolve(resource, extra=JsonObject(unknown))
        return resource

    return structure_class


def _make_converter(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    hooks: list[tuple[Any, Hook]] = [
        (str, _structure_text),
        (bool, _structure_bool),
        (int, _structure_int),
        (float, _structure_float),
        (UUID, _structure_uuid),
        (datetime, _structure_datetime),
        (Secret, _structure_secret),
        (JsonObject, _structure_embedded),
        (Links, _structure_links),
    ]
    for kind, hook in hooks:
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_factory(attrs.has, _class_hook)
    return converter


_converter = _make_converter(detailed=False)


@cache
def _detailed_converter() -> Converter:
    # It says where a document is wrong and costs half as much again: so it runs only once something is known to be.
    return _make_converter(detailed=True)


def _describe(error: BaseException, where: str) -> str:
    while isinstance(error, ClassValidationError | IterableValidationError):
        located, rest = error.group_exceptions()
        if not located:
            error = rest[0]
            continue
        error, note = located[0]
        if isinstance(note, IterableValidationNote):
            where += f"[{note.index}]"
        else:
            where += f".{_HAL_NAMES.get(note.name) or wire_name(note.name)}"
    where = where.lstrip(".")
    if isinstance(error, KeyError):
        return f"{where}: missing"
    return f"{where or 'body'}: expected {error if isinstance(error, _Expected) else 'another type'}"


def structure(document: Any, cls: type[T], where: str = "") -> T | Mismatch:
    """Make an attrs class of a JSON object, or say why it is none."""
    # Not in the `try`: a class that cannot be made at all is a mistake of ours.
    hook: Callable[[Any, Any], T] = _converter.get_structure_hook(cls)
    try:
        return hook(document, cls)
    except Exception:  # noqa: BLE001  # whatever the fast path trips over, the detailed one puts into words
        return _explain(document, cls, where)


def _explain(document: Any, cls: type[Any], where: str) -> Mismatch:
    text = f"{where or 'body'}: expected another type"
    try:
        _detailed_converter().structure(document, cls)
    except Exception as error:  # noqa: BLE001  # as above
        text = _describe(error, where)
    return Mismatch(text)


def structure_list(items: list[Any], cls: type[T], where: str) -> list[T] | Mismatch:
    """Make an attrs class of each JSON object of a list, or say which one is not what was promised."""
    hook = _converter.get_structure_hook(cls)
    resources: list[T] = []
    for index, item in enumerate(items):
        try:
            resources.append(hook(item, cls))
        except Exception:  # noqa: BLE001  # as above
            return _explain(item, cls, f"{where}[{index}]")
    return resources
