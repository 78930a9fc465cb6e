"""Reads what has parts: arrays, and objects that become dicts; each part has a path. No I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from aiomatatika.decoding.values import Reader, Unreadable, expected, refuse
from aiomatatika.display import shown

__all__ = ["ArrayReader", "MappingReader", "PartsReader", "read_part", "strict"]


class PartsReader(ABC):
    """Reads what has parts. It is a structure hook of cattrs."""

    def __call__(self, value: Any, kind: Any) -> Any:
        """Read a value without what can be left out of it."""
        try:
            return self.read(value, kind)
        except Unreadable:
            return self.read_parts(value, "", [])

    @abstractmethod
    def read(self, value: Any, kind: Any) -> Any:
        """Read a value that is whole.

        Raises:
            Unreadable: It is not, or a part of it cannot be read.
        """

    @abstractmethod
    def part_readers(self) -> list[Reader]:
        """Return the readers of its parts.

        Raises:
            TypeError: A part is of a type that cannot be read; the message names class and field.
        """

    def read_whole(self, values: Sequence[Any]) -> list[Any]:
        """Read every value of an array; the rest as for `read`."""
        return [self.read(each, None) for each in values]

    @abstractmethod
    def read_parts(self, value: Any, where: str, unreadable: list[str]) -> Any:
        """Read a value in which something may be wrong.

        Args:
            value: The value.
            where: Its path.
            unreadable: The path of each optional member that cannot be read is added to it.

        Raises:
            Unreadable: The value, or something that is required in it, cannot be read.
        """


def read_part(reader: Reader, value: Any, where: str, unreadable: list[str]) -> Any:
    """Read a value that stands in another one; the rest as for `PartsReader.read_parts`."""
    what = "expected another type"
    try:
        if isinstance(reader, PartsReader):
            return reader.read_parts(value, where, unreadable)
        return reader(value, None)
    except Unreadable as error:
        what, where = error.what, error.where or where
    except Exception:  # noqa: BLE001, S110  # a user's own hook can raise anything, and its text can hold the value
        pass
    raise Unreadable(what, where)


def strict(reader: Reader) -> Reader:
    """Return the reader of values that are whole."""
    return reader.read if isinstance(reader, PartsReader) else reader


class ArrayReader(PartsReader):
    """Reads an array.

    Args:
        item: Reads an item.
        build: The list or tuple to make.
    """

    def __init__(self, item: Reader, build: Callable[[Any], Any]) -> None:
        self._item = item
        self._build = build

    def part_readers(self) -> list[Reader]:
        """Return the reader of its items."""
        return [self._item]

    def read(self, value: Any, kind: Any) -> Any:
        """Read an array that is whole."""
        if type(value) is not list:
            refuse()
        if isinstance(self._item, PartsReader):
            return self._build(self._item.read_whole(value))
        return self._build([self._item(each, None) for each in value])

    def read_parts(self, value: Any, where: str, unreadable: list[str]) -> Any:
        """Read an array, item by item."""
        if type(value) is not list:
            expected("an array")
        return self._build(
            [read_part(self._item, each, f"{where}[{index}]", unreadable) for index, each in enumerate(value)]
        )


class MappingReader(PartsReader):
    """Reads an object whose members are all of one type into a dict.

    Args:
        item: Reads a member.
    """

    def __init__(self, item: Reader) -> None:
        self._item = item

    def part_readers(self) -> list[Reader]:
        """Return the reader of its members."""
        return [self._item]

    def read(self, value: Any, kind: Any) -> Any:
        """Read an object that is whole."""
        if type(value) is not dict:
            refuse()
        read = strict(self._item)
        return {name: read(each, None) for name, each in value.items()}

    def read_parts(self, value: Any, where: str, unreadable: list[str]) -> Any:
        """Read an object, member by member."""
        if type(value) is not dict:
            expected("an object")
        return {
            name: read_part(self._item, each, f"{where}[{shown(name)}]", unreadable) for name, each in value.items()
        }
