"""Secrets that the server shows as asterisks or bullets: they stand for values, and are never sent back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import attrs

from aiomatatika.decoding.class_fields import member_name
from aiomatatika.decoding.json_text import value_type

__all__ = ["is_masked", "is_usable", "without_masks"]


def is_masked(value: object) -> bool:
    """Tell whether a value is a text of nothing but asterisks or bullets."""
    return isinstance(value, str) and bool(value) and not value.strip("*\u2022")


def is_usable(secret: str) -> bool:
    """Tell whether a text can be a secret: a mask cannot, nor can a blank."""
    return bool(secret.strip("*\u2022 \t\r\n"))


def without_masks(value: Any, kind: Any, left_out: list[str], where: str = "") -> Any:
    """Return JSON without the members and items, at any depth, whose value is a masked secret.

    Asterisks in what a class declares as text, such as a description or a placeholder, are text.

    Args:
        value: The JSON.
        kind: The type that it is of; ``Any`` where that is not known.
        left_out: The path of each is added to it.
        where: The path of the value.
    """
    if isinstance(value, Mapping):
        members = [(name, f"{where}.{name}" if where else name, part) for name, part in value.items()]
        kinds = {name: _part_kind(kind, name) for name in value}
        left_out += [path for name, path, part in members if _is_secret(part, kinds[name])]
        return {
            name: without_masks(part, kinds[name], left_out, path)
            for name, path, part in members
            if not _is_secret(part, kinds[name])
        }
    if isinstance(value, list | tuple):
        item_kind = _part_kind(kind)
        items = [(f"{where}[{index}]", item) for index, item in enumerate(value)]
        left_out += [path for path, item in items if _is_secret(item, item_kind)]
        return [
            without_masks(item, item_kind, left_out, path) for path, item in items if not _is_secret(item, item_kind)
        ]
    return value


def _is_secret(value: Any, kind: Any) -> bool:
    is_text = isinstance(kind, type) and issubclass(kind, str)
    return is_masked(value) and not is_text


def _part_kind(kind: Any, name: str | None = None) -> Any:
    """Return the type of a member, or of the items where no name is given."""
    if attrs.has(kind):
        return _member_kinds(kind).get(name, Any)
    arguments = get_args(kind) if get_origin(kind) else ()
    return value_type(arguments[0 if name is None else -1]) if arguments else Any


@cache
def _member_kinds(cls: Any) -> Mapping[str | None, Any]:
    kinds = get_type_hints(cls)
    return {member_name(field): value_type(kinds[field.name]) for field in attrs.fields(cls)}
