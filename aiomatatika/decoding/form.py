"""The form that the objects of a class have had so far: documents are decoded into it, without a dict for each. No I/O.

It holds what the class promises and what the server sends as well, which is learned from documents that were read by
way of dicts. A document of another form is read that way, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from types import NoneType
from typing import Any, ClassVar, Final, Self

import msgspec

from aiomatatika.decoding.class_fields import Field
from aiomatatika.hal import Links

__all__ = ["Form"]

# Types that the decoder checks as strictly as the readers do.
_CHECKED: Final = frozenset({str, bool})
_MAX_UNKNOWN = 64
_MAX_NAME = 100


class _Learned(msgspec.Struct, frozen=True):
    """What documents have had beside what the class promises.

    Attributes:
        unknown: The names of members that the class does not know.
        links: Which of the `Form.link_types`.
        mistyped: The names of members that were not of the promised type.
    """

    unknown: tuple[str, ...] = ()
    links: int = 0
    mistyped: frozenset[str] = frozenset()


_NOTHING_LEARNED: Final = _Learned()


class Form:
    """What objects of a class have had. It does not change: `learned` returns another one.

    Args:
        cls: The class; making an object of it is setting its slots.
        fields: Its fields.
        learned: What documents have had beside what it promises.
    """

    link_types: ClassVar[tuple[Any, ...]]
    """What ``_links`` can be decoded into, from the narrowest to `Any`."""
    absent: ClassVar[Any]
    """What stands for a member that is not there."""

    def __init__(self, cls: Any, fields: tuple[Field, ...], learned: _Learned = _NOTHING_LEARNED) -> None:
        self._cls = cls
        self._fields = fields
        self._learned = learned

    @property
    def _link_type(self) -> Any:
        return self.link_types[self._learned.links]

    @property
    def checked(self) -> frozenset[int]:
        """The numbers of the fields whose types the decoder sees to."""
        return frozenset(number for number, field in enumerate(self._fields) if self._is_checked(field))

    def _is_checked(self, field: Field) -> bool:
        return field.is_usual and field.kind in _CHECKED and field.member not in self._learned.mistyped

    def _type_of(self, field: Field) -> Any:
        if field.kind is Links and field.is_usual:
            return self._link_type
        return field.kind | None if self._is_checked(field) else Any

    @cached_property
    def row(self) -> Any:
        """The class of what a document is decoded into: field number 5 is ``field5``."""
        members: list[Any] = [
            (f"field{number}", self._type_of(field), _member(field.member, self.absent))
            for number, field in enumerate(self._fields)
        ]
        members += [
            (f"unknown{number}", Any, _member(name, msgspec.UNSET)) for number, name in enumerate(self._learned.unknown)
        ]
        # Without gc: they hold no cycles and live for the moment, and 1,000 of them would set the collector off.
        return msgspec.defstruct("Row", members, forbid_unknown_fields=True, gc=False)

    @property
    def keep_unknown(self) -> list[str]:
        """The lines that set ``extra``; where a row has no unknown member, they make no dict for it."""
        names = self._learned.unknown
        if not names:
            return ["resource.extra = nothing"]
        values = [f"row.unknown{number}" for number in range(len(names))]
        lines = [f"if {' is '.join(values)} is UNSET:", "    resource.extra = nothing", "else:", "    unknown = {}"]
        for name, value in zip(names, values, strict=True):
            lines += [f"    if (value := {value}) is not UNSET:", f"        unknown[{name!r}] = value"]
        return [*lines, "    resource.extra = JsonObject(unknown)"]

    def learned(self, documents: Iterable[Any]) -> Self | None:
        """Return the form that these documents have as well; None where no form is to be tried again."""
        objects = [document for document in documents if type(document) is dict]
        known = {field.member for field in self._fields}.union(self._learned.unknown)
        new = set().union(*objects) - known
        unknown = (*self._learned.unknown, *sorted(new))
        if len(unknown) > _MAX_UNKNOWN or any(len(name) > _MAX_NAME for name in new):
            return None
        links = self._learned.links
        while not _are_links([each.get("_links") for each in objects], self.link_types[links]):
            links += 1
        mistyped = {field.member for field in self._fields if self._is_checked(field) and _is_mistyped(field, objects)}
        learned = _Learned(unknown, links, self._learned.mistyped | mistyped)
        return self if learned == self._learned else type(self)(self._cls, self._fields, learned)


def _are_links(values: list[Any], kind: Any) -> bool:
    try:
        msgspec.convert(values, list[kind])
    except msgspec.ValidationError:
        return False
    return True


def _is_mistyped(field: Field, objects: list[dict[str, Any]]) -> bool:
    return not {type(each.get(field.member)) for each in objects} <= {field.kind, NoneType}


def _member(name: str, default: Any) -> Any:
    return msgspec.field(name=name, default=default)
