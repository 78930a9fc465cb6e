"""JSON values into the values of fields: strict, and in words that never show them. No I/O.

A reader makes a value of a JSON value, or raises `Unreadable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from itertools import product
from typing import Any, Final, NoReturn
from uuid import UUID

import msgspec

from aiomatatika.hal import JsonObject, Links
from aiomatatika.secret import Secret

__all__ = [
    "COLUMN_READERS",
    "HOOKS",
    "READERS",
    "ColumnReader",
    "EnumReader",
    "Reader",
    "Unreadable",
    "exactly",
    "expected",
    "refuse",
    "subclass_reader",
    "unsupported",
]

Reader = Callable[[Any, Any], Any]
"""A structure hook of cattrs: it is given a JSON value and the type."""
ColumnReader = Callable[[Sequence[Any]], list[Any]]
"""Reads many JSON values at once, or raises whatever it raises where one of them is not what was promised."""


class Unreadable(Exception):  # noqa: N818  # an outcome of reading: it becomes a ResponseError, or a WARNING
    """A value that is not what was promised.

    Attributes:
        what: What was expected, as in "expected a UUID".
        where: The path of the value inside what was being read.
    """

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where


def expected(what: str) -> NoReturn:
    """Raise `Unreadable`."""
    raise Unreadable(f"expected {what}")


def refuse() -> NoReturn:
    """Raise `Unreadable` of a value that is read again, to say where and what was expected."""
    raise Unreadable("")


def unsupported(value: Any, kind: Any) -> NoReturn:
    """The reader of types that no JSON value is read into."""
    raise TypeError(f"JSON is not read into {kind}")


def exactly(kind: type, what: str) -> Reader:
    """Return the reader of values that need no reading."""
    return lambda value, _: value if type(value) is kind else expected(what)


def _number(value: Any, _: Any) -> float:
    return float(value) if type(value) is int or type(value) is float else expected("a number")


_decode_uuid = msgspec.json.Decoder(UUID).decode


def _uuid(value: Any, _: Any) -> UUID:
    if type(value) is str and len(value) == 36:  # msgspec takes a UUID without hyphens, too
        try:
            return _decode_uuid(f'"{value}"')  # 0.2 us, where UUID(value) takes 0.9
        except (msgspec.MsgspecError, ValueError):
            pass
    expected("a UUID")


# What `datetime.fromisoformat` accepts differs between Pythons. So forms are looked up, with every digit as a 0: half
# the time of a regular expression.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_CLOCKS = ["", ":00", *(":00." + "0" * digits for digits in range(1, 10))]
_FORMS: Final[Mapping[bytes, str]] = {
    f"0000-00-00T00:00{clock}{offset}".encode(): "" if offset else "+00:00"
    for clock, offset in product(_CLOCKS, ["", "Z", "+00:00", "-00:00"])
}
"""By the form of a timestamp, what is missing from it."""


_decode_timestamp = msgspec.json.Decoder(datetime).decode
_SECONDS, _MICROSECONDS, _NANOSECONDS = 19, 26, 29  # the length of a timestamp with them


def _are_digits(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal())


def _timestamp(value: Any, _: Any) -> datetime:
    if type(value) is not str:
        expected("a timestamp")
    is_usual = _SECONDS <= len(value) <= _NANOSECONDS and value[10] == "T" and "\\" not in value
    if is_usual and _are_digits(value[_MICROSECONDS:]):
        try:
            # Digits beyond microseconds are cut off: msgspec would round them.
            return _decode_timestamp(f'"{value[:_MICROSECONDS]}Z"')  # 0.15 us, where the rest takes 0.5
        except (msgspec.MsgspecError, ValueError):
            pass
    return _other_timestamp(value)


def _other_timestamp(text: str) -> datetime:
    if text[11:13] != "24":  # an hour that some Pythons take
        try:
            missing = _FORMS[text.encode().translate(_DIGITS)]
            moment = datetime.fromisoformat(text + missing)  # it cuts off digits beyond microseconds, too
            if missing:
                return moment
            if text[-1] == "Z" or text[-2] < "6":  # minutes of the offset
                return moment.astimezone(UTC)
        except (LookupError, ValueError, OverflowError):
            pass
    expected("a timestamp")


def _secret(value: Any, _: Any) -> Secret:
    return Secret(value) if type(value) is str and value else expected("a string")


def _object(value: Any, _: Any) -> JsonObject:
    return JsonObject(value) if type(value) is dict else expected("an object")


def _links(value: Any, _: Any) -> Links:
    if type(value) is dict:
        return Links(value)  # each is read, or refused, when it is used
    return Links() if value == [] else expected("an object")


READERS: Final[Mapping[Any, Reader]] = {
    str: exactly(str, "a string"),
    bool: exactly(bool, "true or false"),
    int: exactly(int, "a whole number"),
    float: _number,
    UUID: _uuid,
    datetime: _timestamp,
    Secret: _secret,
    JsonObject: _object,
    Links: _links,
}
"""The readers of the types that resource classes are made of."""


class EnumReader:
    """Reads an enumeration. An `OpenEnum` takes any string; another one takes its own values."""

    def __init__(self, kind: type[Enum]) -> None:
        self._kind = kind
        self._known = {(type(each.value), each.value): each for each in kind}  # true is no 1
        self._types = {value_type for value_type, _ in self._known}
        self._of_text = {value: each for (_, value), each in self._known.items() if type(value) is str}

    def __call__(self, value: Any, kind: Any) -> Enum:
        """Read a value."""
        if type(value) not in self._types:
            expected(_names_of(self._types))
        try:
            return self._known.get((type(value), value)) or self._kind(value)
        except ValueError:
            pass
        expected(f"a value of {self._kind.__name__}")

    def read_whole(self, values: Sequence[Any]) -> list[Any]:
        """Read values that are the text of known members, in C."""
        return list(map(self._of_text.__getitem__, values))


def _names_of(types: set[type]) -> str:
    names = {str: "a string", int: "a whole number", bool: "true or false", float: "a number"}
    return " or ".join(sorted(names.get(each, each.__name__) for each in types))


@cache
def subclass_reader(kind: type) -> Reader:
    """Return the reader of a subclass of a type that JSON has."""
    if issubclass(kind, Enum):
        return EnumReader(kind)
    if issubclass(kind, str):
        return lambda value, _: kind(value) if type(value) is str else expected("a string")
    return unsupported


def _with_subclasses(base: type) -> Reader:
    # cattrs asks the hook of a type for its subclasses, too.
    def hook(value: Any, kind: Any) -> Any:
        return (READERS[base] if kind is base else subclass_reader(kind))(value, kind)

    return hook


HOOKS: Final[Mapping[Any, Reader]] = {**READERS, **{base: _with_subclasses(base) for base in (str, int, float)}}
"""The readers as hooks of cattrs, by type."""


# Many ids and timestamps are read in C: 0.1 and 0.2 us each.


_decode_uuids = msgspec.json.Decoder(list[UUID]).decode


def _uuids(values: Sequence[Any]) -> list[Any]:
    text = '","'.join(values)
    uuids = _decode_uuids(f'["{text}"]' if values else "[]")
    if len(uuids) != len(values) or "\\" in text or text.count("-") != 4 * len(values):  # as for `_uuid`
        refuse()
    return uuids


_decode_timestamps = msgspec.json.Decoder(list[datetime]).decode


def _timestamps(values: Sequence[Any]) -> list[Any]:
    if longer := [value for value in values if len(value) > _MICROSECONDS]:
        beyond = [value[_MICROSECONDS:] for value in longer]
        if max(map(len, longer)) > _NANOSECONDS or not _are_digits("".join(beyond)):
            refuse()
        values = [value[:_MICROSECONDS] for value in values]  # as for `_timestamp`
    text = 'Z","'.join(values)
    moments = _decode_timestamps(f'["{text}Z"]' if values else "[]")
    # msgspec refuses all that is shorter than a timestamp with seconds, so that no value here can hold two. It takes
    # another letter in place of the T.
    if "\\" in text or text.count("T") != len(values):
        refuse()
    return moments


COLUMN_READERS: Final[Mapping[Any, ColumnReader]] = {
    UUID: _uuids,
    datetime: _timestamps,
}
"""Readers of many values at once, by type; None is not among the values."""
