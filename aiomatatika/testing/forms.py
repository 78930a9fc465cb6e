"""Whether the members of a body have the JSON types that the API's classes give them; Spring refuses others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

import attrs

import aiomatatika
from aiomatatika.decoding.class_fields import member_name
from aiomatatika.decoding.json_text import value_type
from aiomatatika.hal import HalResource, JsonObject

__all__ = ["misfit"]

_Form = Callable[[Any], bool]

# As Java's LocalDateTime reads it: an offset is refused.
_LOCAL_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?")
_NOT_OF_THE_CLASS: Final = frozenset(attrs.fields_dict(HalResource))
# Objects whose values are texts, too.
_MAPS_OF_TEXTS: Final = frozenset({"appProperties", "properties", "update", "vars"})


def misfit(document: Mapping[str, Any], class_name: str) -> str | None:
    """Return the name of a member that has another type than its class says; null is as good as absent.

    Args:
        document: The body.
        class_name: The name of the resource class.
    """
    return _misfit(document, getattr(aiomatatika, class_name))


def _misfit(document: Mapping[str, Any], cls: Any) -> str | None:
    forms = _forms(cls)
    return next((each for each, value in document.items() if each in forms and not forms[each](value)), None)


@cache
def _forms(cls: Any) -> Mapping[str, _Form]:
    kinds = get_type_hints(cls)
    members = {
        member_name(field): kinds[field.name] for field in attrs.fields(cls) if field.name not in _NOT_OF_THE_CLASS
    }
    return {name: _or_null(_map_of_texts if name in _MAPS_OF_TEXTS else _form(kind)) for name, kind in members.items()}


def _or_null(form: _Form) -> _Form:
    return lambda value: value is None or form(value)


def _map_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str | None) for each in value.values())


def _form(declared: Any) -> _Form:
    """Return what tells whether a value is of a type."""
    kind = value_type(declared)
    if kind is Any:
        return lambda _: True
    if kind in {bool, int, float}:
        return lambda value: type(value) in ({int, float} if kind is float else {kind})
    if kind is datetime:
        return lambda value: isinstance(value, str) and _LOCAL_TIME.fullmatch(value) is not None
    if kind is JsonObject:
        return lambda value: isinstance(value, dict)
    if isinstance(kind, type) and issubclass(kind, HalResource):
        return lambda value: isinstance(value, dict) and _misfit(value, kind) is None
    if get_origin(kind) is not None:
        part = _form(get_args(kind)[-1 if get_origin(kind) is Mapping else 0])
        if get_origin(kind) is Mapping:
            return lambda value: isinstance(value, dict) and all(map(part, value.values()))
        return lambda value: isinstance(value, list) and all(map(part, value))
    return lambda value: isinstance(value, str)
