"""Columns: what one member has been in every row of a page, read at once. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiomatatika.decoding.class_fields import Field
from aiomatatika.decoding.parts import strict
from aiomatatika.decoding.values import ColumnReader, refuse

__all__ = ["Column"]


class Column:
    """Reads the values of a field.

    Args:
        field: The field.
        read_whole: Reads values that are all there, and all as promised.
    """

    def __init__(self, field: Field, read_whole: ColumnReader) -> None:
        self._field = field
        self._read_whole = read_whole
        self._read_one = strict(field.reader)

    def read(self, values: Sequence[Any], wrong: set[int]) -> list[Any]:
        """Return the values of the field; the index of each that is not what was promised goes into ``wrong``."""
        try:
            return self._read_whole(values)
        except Exception:  # noqa: BLE001  # a user's own hook can raise anything
            return self._read_with_gaps(values, wrong)

    def _read_with_gaps(self, values: Sequence[Any], wrong: set[int]) -> list[Any]:
        with suppress(Exception):
            there = iter(self._read_whole([value for value in values if value is not None]))
            return [self._absent() if value is None else next(there) for value in values]
        return [self._read(value, index, wrong) for index, value in enumerate(values)]

    def _read(self, value: Any, index: int, wrong: set[int]) -> Any:
        with suppress(Exception):
            return self._absent() if value is None else self._read_one(value, self._field.kind)
        wrong.add(index)
        return None

    def _absent(self) -> Any:
        field = self._field
        if field.is_required:
            refuse()
        return field.default.factory() if field.is_made_anew else field.default
