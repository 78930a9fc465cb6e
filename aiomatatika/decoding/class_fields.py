"""What a class is made of, and what keeps it from being made of a document. No I/O."""

from __future__ import annotations

import inspect
import re
from typing import Any, Final

import attrs
import msgspec
from cattrs import Converter
from cattrs.errors import StructureHandlerNotFoundError

from aiomatatika.decoding.json_text import value_type, wire_name
from aiomatatika.decoding.parts import ArrayReader, MappingReader, PartsReader
from aiomatatika.decoding.values import HOOKS, READERS, Reader, subclass_reader, unsupported

__all__ = ["EXTRA", "MEMBER", "Field", "fields_of", "is_made_by_its_slots", "member_name", "reader_for"]

EXTRA: Final = "extra"
"""The field that keeps what a class has no field for."""
MEMBER: Final = "member"
"""The key in the metadata of a field whose member has another name than `wire_name` gives."""
_HAL_NAMES: Final = {"links": "_links", "embedded": "_embedded"}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a class, and the member that it is read from.

    Attributes:
        name: Its name.
        argument: Its name in ``__init__``.
        default: As attrs has it: a value, a factory, or NOTHING.
        member: The name of the member.
        kind: The type of its values, without None.
        reader: Reads its values.
    """

    name: str
    argument: str
    default: Any
    member: str
    kind: Any
    reader: Reader

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is attrs.NOTHING

    @property
    def is_made_anew(self) -> bool:
        """Whether its default is a factory, which makes a value for each object."""
        return isinstance(self.default, attrs.Factory)  # type: ignore[arg-type]  # a class, whatever its stub says

    @property
    def is_usual(self) -> bool:
        """Whether its values are read as this package reads them: a user may have registered a hook for the type."""
        return READERS.get(self.kind) is self.reader


def member_name(field: Any) -> str:
    """Return the name of the member that a field of an attrs class is read from, and written to."""
    return _HAL_NAMES.get(field.name) or field.metadata.get(MEMBER) or wire_name(field.name)


def fields_of(cls: Any, converter: Converter) -> tuple[Field, ...]:
    """Return the fields that are read.

    Raises:
        TypeError: The class cannot be made of a document; the message names class and field.
    """
    _check_decorated(cls)
    _resolve_types(cls)
    fields = tuple(
        Field(
            name=field.name,
            argument=field.alias or field.name,
            default=field.default,
            member=member_name(field),
            kind=value_type(field.type),
            reader=_reader_of(field, cls, converter),
        )
        for field in attrs.fields(cls)
        if field.init and field.name != EXTRA
    )
    _check_init(cls, fields)
    return fields


def reader_for(kind: Any, converter: Converter) -> Reader:
    """Return the reader of the values of a type, None not among them: what the converter has for it."""
    hook: Reader = converter.get_structure_hook(kind)
    if isinstance(hook, PartsReader) or hook is unsupported:
        return hook
    if HOOKS.get(kind) is hook:
        return READERS[kind]
    if hook in HOOKS.values():
        return subclass_reader(kind)
    return lambda value, _: hook(value, kind)


def _reader_of(field: Any, cls: Any, converter: Converter) -> Reader:
    if field.type is None:
        raise TypeError(f"{cls.__name__}.{field.name} has no type")
    kind = value_type(field.type)
    try:
        reader = reader_for(kind, converter)
    except (StructureHandlerNotFoundError, TypeError):  # the latter of a union of classes
        reader = unsupported
    innermost = reader
    while isinstance(innermost, ArrayReader | MappingReader):
        (innermost,) = innermost.part_readers()
    if innermost is unsupported:
        name = kind.__name__ if isinstance(kind, type) else kind
        raise TypeError(f"{cls.__name__}.{field.name}: JSON is not read into {name}")
    return reader


def _check_decorated(cls: Any) -> None:
    known = attrs.fields_dict(cls)
    for each in cls.__mro__:
        for name, annotation in inspect.get_annotations(each).items():
            if name not in known and not name.startswith("__") and "ClassVar" not in str(annotation):
                raise TypeError(f"{cls.__name__}.{name} is no field: decorate {each.__name__} with @attrs.frozen")


def _resolve_types(cls: Any) -> None:
    try:
        attrs.resolve_types(cls)
    except NameError as error:
        missing = error.name or ""
    else:
        return
    word = re.compile(rf"\b{re.escape(missing)}\b")
    names = [field.name for field in attrs.fields(cls) if isinstance(field.type, str) and word.search(field.type)]
    raise TypeError(
        f"{cls.__name__}.{', '.join(names)}: the name {missing!r} is not known at run time: "
        "import it outside of `if TYPE_CHECKING:`"
    )


def _check_init(cls: Any, fields: tuple[Field, ...]) -> None:
    parameters = inspect.signature(cls).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return
    for field in fields:
        if field.argument not in parameters:
            raise TypeError(f"{cls.__name__}.{field.name}: __init__ does not take {field.argument}")


def is_made_by_its_slots(cls: Any) -> bool:
    """Tell whether making an object of the class is setting its slots: a user's own class may do more."""
    ancestors = cls.__mro__[:-1]
    slots: set[str] = set()
    for each in ancestors:
        slots.update(each.__dict__.get("__slots__", ("__dict__",)))
    fields = attrs.fields(cls)
    own_steps = ("__attrs_init__", "__attrs_pre_init__", "__attrs_post_init__")
    return (
        type(cls) is type
        and slots - {"__weakref__"} == {field.name for field in fields}
        and all(field.init and field.validator is None and field.converter is None for field in fields)
        and not any(hasattr(cls, name) for name in own_steps)
        and not any(
            name in each.__dict__
            for each in ancestors
            for name in ("__new__", "__init_subclass__", *(() if "__attrs_attrs__" in each.__dict__ else ("__init__",)))
        )
    )
