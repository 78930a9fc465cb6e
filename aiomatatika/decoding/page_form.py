"""Pages straight from their bytes into rows whose members have places of their own, without a dict for each. No I/O.

Two thirds of the time of decoding into dicts, and links that weigh an eighth. A row can have only what is known of the
class: so the form learns from pages that were read by way of dicts what the server sends as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from types import NoneType
from typing import Any, Final, NamedTuple

import msgspec

from aiomatatika.decoding.class_fields import Field
from aiomatatika.decoding.columns import Column
from aiomatatika.decoding.parts import PartsReader
from aiomatatika.decoding.values import COLUMN_READERS, ColumnReader, EnumReader
from aiomatatika.decoding.written_function import PageRows, page_reader
from aiomatatika.hal import BareLink, HalLink, Links

__all__ = ["DecodedPage", "PageForm"]

_LINKS: Final[tuple[Any, ...]] = (dict[str, BareLink] | None, dict[str, HalLink] | None, Any)
# Types that the decoder checks as strictly as the readers do.
_CHECKED: Final = frozenset({str, bool})
_UNSET: Final = msgspec.UNSET
_MAX_UNKNOWN = 64
_MAX_NAME = 100
_MAX_RELATIONS = 8


class DecodedPage(NamedTuple):
    """A page: the rows that its items stand in, its ``_links`` and its ``page``."""

    rows: list[Any]
    links: Any
    page: Any


class _Learned(msgspec.Struct, frozen=True):
    """What pages have had beside what the class promises.

    Attributes:
        unknown: The names of members that the class does not know.
        links: Which of the kinds of links.
        mistyped: The names of members that were not of the promised type.
    """

    unknown: tuple[str, ...] = ()
    links: int = 0
    mistyped: frozenset[str] = frozenset()


_NOTHING_LEARNED: Final = _Learned()


class PageForm:
    """The form that pages of a class have had so far. It does not change: `learned` returns another one.

    Args:
        cls: The class; making an object of it is setting its slots.
        fields: Its fields.
        learned: What pages have had beside what it promises.
    """

    def __init__(self, cls: Any, fields: tuple[Field, ...], learned: _Learned = _NOTHING_LEARNED) -> None:
        self._cls = cls
        self._fields = fields
        self._learned = learned
        self._decoder = lru_cache(_MAX_RELATIONS)(self._new_decoder)

    def _is_checked(self, field: Field) -> bool:
        """Tell whether the decoder sees to the type of a member."""
        return field.is_usual and field.kind in _CHECKED and field.member not in self._learned.mistyped

    def _type_of(self, field: Field) -> Any:
        if field.kind is Links:
            return _LINKS[self._learned.links]
        return field.kind | None if self._is_checked(field) else Any

    @cached_property
    def _struct(self) -> Any:
        members: list[Any] = [
            (f"field{number}", self._type_of(field), _member(field.member, None))
            for number, field in enumerate(self._fields)
        ]
        members += [
            (f"unknown{number}", Any, _member(name, _UNSET)) for number, name in enumerate(self._learned.unknown)
        ]
        # Without gc: they hold no cycles and live for the moment, and 1,000 of them would set the collector off.
        return msgspec.defstruct("Row", members, forbid_unknown_fields=True, gc=False)

    @cached_property
    def read_all(self) -> Callable[[Sequence[Any]], list[Any]]:
        """The function that reads every row of a page; None stands for each in which something is wrong."""
        readers = {number: self._column_reader(field) for number, field in enumerate(self._fields)}
        rows = PageRows(
            keep_unknown=[*self._keep_unknown()],
            checked=frozenset(number for number, field in enumerate(self._fields) if self._is_checked(field)),
            columns={number: Column(self._fields[number], reader) for number, reader in readers.items() if reader},
        )
        return page_reader(self._cls, self._fields, rows)

    def _column_reader(self, field: Field) -> ColumnReader | None:
        if isinstance(field.reader, PartsReader | EnumReader):
            return field.reader.read_whole
        if not field.is_usual:
            return None
        if field.kind is Links:
            return _decoded_links if _LINKS[self._learned.links] is not Any else None
        return COLUMN_READERS.get(field.kind)

    def _keep_unknown(self) -> Iterator[str]:
        """Yield the lines that set ``extra``; where a row has no unknown member, they make no dict for it."""
        names = self._learned.unknown
        values = [f"row.unknown{number}" for number in range(len(names))]
        if not names:
            yield "resource.extra = nothing"
            return
        yield f"if {' is '.join(values)} is UNSET:"
        yield "    resource.extra = nothing"
        yield "else:"
        yield "    unknown = {}"
        for name, value in zip(names, values, strict=True):
            yield f"    if (value := {value}) is not UNSET:"
            yield f"        unknown[{name!r}] = value"
        yield "    resource.extra = JsonObject(unknown)"

    def _new_decoder(self, relation: str) -> msgspec.json.Decoder[Any]:
        rows = list[self._struct]  # type: ignore[name-defined]  # mypy knows no class that is made at run time
        embedded = msgspec.defstruct("Embedded", [("rows", rows, msgspec.field(name=relation))])
        document = [
            ("embedded", embedded, msgspec.field(name="_embedded")),
            ("links", Any, _member("_links", None)),
            ("page", Any, None),
        ]
        return msgspec.json.Decoder(msgspec.defstruct("Document", document))

    def decode(self, body: bytes, relation: str) -> DecodedPage | None:
        """Decode a page; None where it has another form."""
        try:
            document = self._decoder(relation).decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # a ValueError: Unicode's
            return None
        return DecodedPage(document.embedded.rows, document.links, document.page)

    def document_of(self, row: Any) -> dict[str, Any]:
        """Return a row as the object that it was decoded from, but for members that were null."""
        members: dict[str, Any] = {
            field.member: getattr(row, f"field{number}") for number, field in enumerate(self._fields)
        }
        present = {name: value for name, value in members.items() if value is not None}
        unknown = {name: getattr(row, f"unknown{number}") for number, name in enumerate(self._learned.unknown)}
        return present | {name: value for name, value in unknown.items() if value is not _UNSET}

    def learned(self, rows: Iterable[Any]) -> PageForm | None:
        """Return the form that these rows fit as well; None where no form is to be tried again."""
        objects = [row for row in rows if type(row) is dict]
        known = {field.member for field in self._fields}.union(self._learned.unknown)
        new = set().union(*objects) - known
        unknown = (*self._learned.unknown, *sorted(new))
        if len(unknown) > _MAX_UNKNOWN or any(len(name) > _MAX_NAME for name in new):
            return None
        links = self._learned.links
        while not _are_links([row.get("_links") for row in objects], _LINKS[links]):
            links += 1
        mistyped = {field.member for field in self._fields if self._is_checked(field) and _is_mistyped(field, objects)}
        learned = _Learned(unknown, links, self._learned.mistyped | mistyped)
        return self if learned == self._learned else PageForm(self._cls, self._fields, learned)


def _decoded_links(values: Sequence[Any]) -> list[Any]:
    return list(map(Links, values))


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
