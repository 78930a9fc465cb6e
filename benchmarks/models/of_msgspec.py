"""Msgspec structs, decoded without dicts in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from benchmarks.models.fields import CLASSES, Link, PageNumbers, default_of, hints_of, member_of, replaced

__all__ = ["page_reader", "reader"]


@cache
def _struct(cls: Any) -> Any:
    fields = [
        (name, replaced(kind, _struct), msgspec.field(default=default_of(cls, name, msgspec.NODEFAULT)))
        for name, kind in hints_of(cls).items()
    ]
    return msgspec.defstruct(
        cls.__name__, fields, rename={name: member_of(name) for name in hints_of(cls)}, frozen=True, kw_only=True
    )


def reader(name: str) -> Callable[[bytes], Any]:
    """Return what decodes one resource of a class."""
    return msgspec.json.Decoder(_struct(CLASSES[name])).decode


def page_reader(name: str, relation: str) -> Callable[[bytes], Any]:
    """Return what decodes a page of a class into the list of its items."""
    items: Any = list[_struct(CLASSES[name])]  # type: ignore[misc]  # made at run time
    links: Any = dict[str, _struct(Link)]  # type: ignore[misc]  # made at run time
    embedded = msgspec.defstruct("Embedded", [("items", items)], rename={"items": relation})
    page: Any = msgspec.defstruct(
        "Page",
        [("embedded", embedded), ("links", links), ("page", _struct(PageNumbers))],
        rename={"embedded": "_embedded", "links": "_links"},
    )
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(page).decode
    return lambda body: decode(body).embedded.items
