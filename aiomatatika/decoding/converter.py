"""The one cattrs converter of the process: camelCase members, UTC, strict values, hidden secrets, unknown members kept.

What does not fit comes back as a `Mismatch` that says where and what was expected, never the value; it is returned and
not raised, so that no frame of a traceback holds the document. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

import attrs
import msgspec
from cattrs import Converter

from aiomatatika.decoding.class_fields import reader_for
from aiomatatika.decoding.class_reader import ClassReader
from aiomatatika.decoding.json_text import Mismatch, value_type
from aiomatatika.decoding.page_form import DecodedPage
from aiomatatika.decoding.parts import ArrayReader, MappingReader, read_part
from aiomatatika.decoding.values import HOOKS, EnumReader, Reader, Unreadable, unsupported

__all__ = [
    "Read",
    "check_class",
    "converter",
    "learn_page",
    "learn_single",
    "structure",
    "structure_list",
    "structure_page",
    "structure_single",
]

T = TypeVar("T")


class Read(msgspec.Struct, Generic[T], frozen=True):
    """What a document was read as.

    Attributes:
        content: The resource, or the list of them.
        unreadable: The paths of the optional members that could not be read: they have their defaults, and stay in
            ``extra`` as they came.
    """

    content: T
    unreadable: tuple[str, ...] = ()


_ARRAYS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
}


def _is_array(kind: Any) -> bool:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    return origin in _ARRAYS and (origin is not tuple or not arguments or arguments[1:] == (...,))


def _is_table(kind: Any) -> bool:
    return (get_origin(kind) or kind) in {dict, Mapping} and get_args(kind)[:1] in {(), (str,)}


def _optional(reader: Reader) -> Reader:
    if reader is unsupported:
        return reader
    return lambda value, kind: None if value is None else reader(value, kind)


def _part(kind: Any, argument: int, converter: Converter) -> Reader:
    """Return the reader of the parts that an array or a table has."""
    part = (*get_args(kind), Any, Any)[argument]
    reader = reader_for(value_type(part), converter)
    return reader if value_type(part) is part else _optional(reader)


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False, structure_fallback_factory=lambda _: unsupported)
    factories: list[tuple[Callable[[Any], bool], Callable[[Any], Any]]] = [
        (lambda kind: isinstance(kind, type) and issubclass(kind, Enum), EnumReader),
        (_is_table, lambda kind: MappingReader(_part(kind, 1, converter))),
        (_is_array, lambda kind: ArrayReader(_part(kind, 0, converter), _ARRAYS[get_origin(kind) or kind])),
        (attrs.has, lambda cls: ClassReader(cls, converter)),
    ]
    for applies, factory in factories:
        converter.register_structure_hook_factory(applies, factory)
    for kind, hook in {**HOOKS, bytes: unsupported, Path: unsupported}.items():
        converter.register_structure_hook(kind, hook)
    return converter


converter: Converter = _make_converter()


def check_class(cls: Any) -> None:
    """Check that documents can be read into a class, and into those that its fields are of.

    Raises:
        TypeError: They cannot; the message names the class and the field.
    """
    _reader_of(cls)


def _reader_of(cls: Any) -> Reader:
    if isinstance(cls, type):
        reader = converter.get_structure_hook(cls)
        if isinstance(reader, ClassReader):
            return reader.checked
        if attrs.has(cls):
            return reader_for(cls, converter)
    raise TypeError(f"expected a class made by attrs, such as a subclass of HalResource, not {cls!r}")


def structure(document: Any, cls: type[T], where: str = "") -> Read[T] | Mismatch:
    """Make a resource of a JSON object, or say why that cannot be.

    Args:
        document: The object.
        cls: The class of the resource.
        where: The path of the object.
    """
    reader = _reader_of(cls)
    resource = reader.read_or_none(document) if isinstance(reader, ClassReader) else None
    if resource is not None:
        return Read(resource)
    read = _finished(reader, [None], lambda _: document, lambda _: where)
    return read if isinstance(read, Mismatch) else Read(read.content[0], read.unreadable)


def structure_single(body: bytes, cls: type[T]) -> Read[T] | None:
    """Make a resource of a body of the form that those of the class have had; None where it has another one."""
    reader = converter.get_structure_hook(cls)  # unchecked: a class that has a form has passed `_reader_of`
    form = reader.single_form if isinstance(reader, ClassReader) else None
    resource = form.read(body) if form else None
    return None if resource is None else Read(resource)


def learn_single(document: Any, cls: Any) -> None:
    """Learn from an object that `structure_single` did not read which form those of the class have as well."""
    reader = _reader_of(cls)
    if isinstance(reader, ClassReader):
        reader.learn_single_form(document)


def structure_list(rows: list[Any], cls: type[T], where: str) -> Read[list[T]] | Mismatch:
    """Make a resource of each JSON object of an array, or say which of them cannot be read.

    Args:
        rows: The objects.
        cls: The class of the resources.
        where: The path of the array.
    """
    reader = _reader_of(cls)
    resources = _read_all(reader, rows)
    if all(resources):  # in C; where a class has falsy objects, what follows looks closely
        return Read(resources)
    return _finished(reader, resources, rows.__getitem__, lambda index: f"{where}[{index}]")


def structure_page(body: bytes, cls: type[T], relation: str) -> tuple[Read[list[T]], DecodedPage] | None:
    """Make resources of a page of the form that pages of the class have had; None where it has another one."""
    reader = _reader_of(cls)
    form = reader.page_form if isinstance(reader, ClassReader) else None
    page = form.decode(body, relation) if form else None
    if form is None or page is None:
        return None
    resources = form.read_all(page.rows)
    if all(resources):
        return Read(resources), page
    read = _finished(
        reader,
        resources,
        lambda index: form.document_of(page.rows[index]),
        lambda index: f"{relation}[{index}]",
    )
    return None if isinstance(read, Mismatch) else (read, page)


def learn_page(rows: list[Any], cls: Any) -> None:
    """Learn from a page that `structure_page` did not read which form pages of the class have as well."""
    reader = _reader_of(cls)
    if isinstance(reader, ClassReader):
        reader.learn_page_form(rows)


def _read_all(reader: Reader, rows: list[Any]) -> list[Any]:
    return reader.read_all(rows) if isinstance(reader, ClassReader) else [None] * len(rows)


def _finished(
    reader: Reader, resources: list[Any], document: Callable[[int], Any], where: Callable[[int], str]
) -> Read[list[Any]] | Mismatch:
    """Read what something is wrong in once more, member by member; it stands as None among the resources."""
    unreadable: list[str] = []
    mismatch = None
    for index in [index for index, resource in enumerate(resources) if resource is None]:
        try:
            resources[index] = read_part(reader, document(index), where(index), unreadable)
        except Unreadable as error:
            mismatch = Mismatch(f"{error.where or 'body'}: {error.what}")
            break
    return Read(resources, tuple(unreadable)) if mismatch is None else mismatch
