"""JSON objects into the classes of resources: one way, for every class and every document. No I/O.

A class is taken apart once, and a function is written for it that reads what is as promised, whatever its form. Only an
object that it trips over is read again, member by member, to find out where: an optional member that cannot be read
leaves the default, stays in ``extra``, and is reported by its path; a required one is an error. Neither shows the
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

import attrs
from cattrs import Converter

from aiomatatika.decoding.class_fields import EXTRA, Field, fields_of, is_made_by_its_slots
from aiomatatika.decoding.form import Form
from aiomatatika.decoding.page_form import PageForm
from aiomatatika.decoding.parts import PartsReader, read_part
from aiomatatika.decoding.single_form import SingleForm
from aiomatatika.decoding.values import Reader, Unreadable, expected, refuse
from aiomatatika.decoding.written_function import object_reader
from aiomatatika.hal import JsonObject

__all__ = ["ClassReader"]

T = TypeVar("T")
F = TypeVar("F", bound=Form)

_WORTH_A_FORM = 20


class ClassReader(PartsReader, Generic[T]):
    """Reads objects into a class.

    Args:
        cls: The class; attrs made it.
        converter: Knows how its fields are read.

    Attributes:
        page_form: The form that pages of the class have had so far. None until one has been read, because a single page
            is read faster without a form, and None for good where pages differ too much.
        single_form: The form that single objects have had; None until twenty have been read, for making it takes a
            hundred times what it saves, and None for good as above.
    """

    def __init__(self, cls: type[T], converter: Converter) -> None:
        self._cls: Any = cls
        self._converter = converter
        self.page_form: PageForm | None = None
        self.single_form: SingleForm | None = None
        self._singles = 0
        self._without_form: set[type[Form]] = set()

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields that are read: looked up late, for a class can have fields of its own type.

        Raises:
            TypeError: The class cannot be made of a document; the message names class and field.
        """
        return fields_of(self._cls, self._converter)

    @cached_property
    def checked(self) -> Self:
        """The reader itself, once it is known that its fields, and those of the classes in them, can be read.

        Raises:
            TypeError: They cannot; the message names class and field.
        """
        seen: set[Reader] = set()
        pending: list[Reader] = [self]
        while pending:
            reader = pending.pop()
            if isinstance(reader, PartsReader) and reader not in seen:
                seen.add(reader)
                pending += reader.part_readers()
        return self

    def part_readers(self) -> list[Reader]:
        """Return the readers of its fields."""
        return [field.reader for field in self.fields]

    def read_all(self, rows: Sequence[Any]) -> list[T | None]:
        """Read every object of an array; None stands for each in which something is wrong."""
        return [self.read_or_none(row) for row in rows]

    def read_or_none(self, row: Any) -> T | None:
        """Read an object; None where something in it is wrong."""
        try:
            return self._read_object(row) if type(row) is dict else None
        except Exception:  # noqa: BLE001  # a user's own hook can raise anything; it is read again, to say where
            return None

    @cached_property
    def _is_made_by_its_slots(self) -> bool:
        return is_made_by_its_slots(self._cls)

    @cached_property
    def _read_object(self) -> Callable[[Any], T]:
        return object_reader(self._cls, self.fields) if self._is_made_by_its_slots else self._read_by_init

    def _read_by_init(self, row: Any) -> T:
        unreadable: list[str] = []
        resource = self.read_parts(row, "", unreadable)
        return refuse() if unreadable else resource

    def learn_page_form(self, rows: list[Any]) -> None:
        """Learn from the rows of a page that `page_form` did not fit."""
        self.page_form = self._learned(PageForm, self.page_form, rows)

    def learn_single_form(self, document: Any) -> None:
        """Learn from a single object that `single_form` did not fit."""
        self._singles += 1
        if self._singles >= _WORTH_A_FORM:
            self.single_form = self._learned(SingleForm, self.single_form, [document])

    def _learned(self, kind: type[F], form: F | None, documents: list[Any]) -> F | None:
        if kind in self._without_form or not self._is_made_by_its_slots:
            return None
        learned = (form or kind(self._cls, self.fields)).learned(documents)
        if learned is None:
            self._without_form.add(kind)
        return learned

    def read(self, value: Any, kind: Any) -> T:
        """Read an object that is whole."""
        resource = self.read_or_none(value)
        return refuse() if resource is None else resource

    def read_parts(self, value: Any, where: str, unreadable: list[str]) -> T:
        """Read an object, member by member, through the class's own ``__init__``."""
        if type(value) is not dict:
            expected("an object")
        rest = dict(value)
        arguments: dict[str, Any] = {}
        for field in self.fields:
            part = rest.pop(field.member, None)
            path = f"{where}.{field.member}" if where else field.member
            if part is None and not field.is_required:
                continue
            if field.member not in value:
                raise Unreadable("missing", path)
            found: list[str] = []
            try:
                arguments[field.argument] = read_part(field.reader, part, path, found)
            except Unreadable as error:
                if field.is_required:
                    raise
                rest[field.member] = part
                found = [error.where]
            unreadable += found
        if rest and EXTRA in attrs.fields_dict(self._cls):
            arguments[EXTRA] = JsonObject(rest)
        return self._make(arguments, where)

    def _make(self, arguments: Mapping[str, Any], where: str) -> T:
        with suppress(Exception):  # a validator of the user's can raise anything, and its text can hold the value
            resource: T = self._cls(**arguments)
            return resource
        raise Unreadable(f"refused by the class {self._cls.__name__}", where)
