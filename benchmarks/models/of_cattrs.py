"""Attrs classes, structured by a cattrs converter that is tuned for speed: it trusts strings, numbers and booleans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import attrs
import orjson
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from benchmarks.models.fields import CLASSES, Link, PageNumbers, default_of, hints_of, member_of, replaced

__all__ = ["page_reader", "reader"]

_AS_IT_COMES: Final = (
    str,
    str | None,
    int,
    int | None,
    float | None,
    bool | None,
    dict[str, Any],
    dict[str, Any] | None,
)
_HOOKS: Final[Mapping[Any, Callable[[Any, Any], Any]]] = {
    **dict.fromkeys(_AS_IT_COMES, lambda value, _: value),
    UUID: lambda text, _: UUID(text),
    datetime | None: lambda text, _: None if text is None else datetime.fromisoformat(text),
    tuple[str, ...]: lambda values, _: tuple(values),
}

_converter: Final = Converter(detailed_validation=False)
_converter.register_structure_hook_factory(lambda kind: kind in _HOOKS, lambda kind: _HOOKS[kind])


@cache
def _class(cls: Any) -> Any:
    hints = hints_of(cls)
    fields: dict[str, Any] = {
        name: attrs.field(default=default_of(cls, name, attrs.NOTHING), type=replaced(kind, _class))
        for name, kind in hints.items()
    }
    made: Any = attrs.make_class(cls.__name__, fields, frozen=True, slots=True, kw_only=True)
    renamed: dict[str, Any] = {name: override(rename=member_of(name)) for name in hints}
    _converter.register_structure_hook(
        made, make_dict_structure_fn(made, _converter, _cattrs_detailed_validation=False, **renamed)
    )
    return made


def reader(name: str) -> Callable[[bytes], Any]:
    """Return what reads one resource of a class."""
    structure = _converter.get_structure_hook(made := _class(CLASSES[name]))
    return lambda body: structure(orjson.loads(body), made)


def page_reader(name: str, relation: str) -> Callable[[bytes], Any]:
    """Return what reads a page of a class into the list of its items."""
    item, link, numbers = _class(CLASSES[name]), _class(Link), _class(PageNumbers)
    links: Any = dict[str, link]  # type: ignore[valid-type]  # made at run time
    structure = _converter.get_structure_hook(item)

    def read(body: bytes) -> Any:
        document = orjson.loads(body)
        _converter.structure(document["_links"], links)
        _converter.structure(document["page"], numbers)
        return [structure(each, item) for each in document["_embedded"][relation]]

    return read
