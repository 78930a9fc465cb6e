"""What the chart shows: the sum of one column for each value of another, while the rows go by."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from examples.refused import RefusedError

_MOST_KEYS = 10_000  # of a column of ids there would be as many as rows
OTHERS = "(others)"


class Totals:
    """The sums so far.

    Args:
        schema: The columns of the data.
        by: The column whose values are told apart; None: the first of dates, or else of texts.
        value: The column that is added up; None: the first of decimal fractions. Where there is none, rows are counted.

    Attributes:
        by: The column whose values are told apart: days, of times.
        value: The column that is added up; None: rows are counted.
        is_by_day: Whether the keys are dates.
        sums: The sums. Of too many keys the later ones are added up as `OTHERS`; dates are always kept.

    Raises:
        RefusedError: There is no such column, or it cannot be added up.
    """

    def __init__(self, schema: pa.Schema, by: str | None, value: str | None) -> None:
        types = {field.name: field.type for field in schema}
        self.by: str = _column(types, by, (_is_day, pa.types.is_string)) or next(iter(types))
        self.value = _column(types, value, (_is_fraction,))
        if self.value is not None and not (_is_fraction(types[self.value]) or pa.types.is_integer(types[self.value])):
            raise RefusedError(f"column {self.value!r} cannot be added up: it is {types[self.value]}")
        self.is_by_day: bool = _is_day(types[self.by])
        self.sums: Counter[Any] = Counter()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        keys = batch.column(self.by)
        if self.is_by_day and not pa.types.is_date32(keys.type):
            keys = pc.floor_temporal(keys, unit="day").cast(pa.date32())
        values = pc.cast(batch.column(self.value), pa.float64()) if self.value else pa.repeat(1, batch.num_rows)
        sums = pa.table({"key": keys, "value": values}).group_by("key").aggregate([("value", "sum")])
        for key, value in zip(sums["key"].to_pylist(), sums["value_sum"].to_pylist(), strict=True):
            is_kept = self.is_by_day or key in self.sums or len(self.sums) < _MOST_KEYS
            self.sums[key if is_kept else OTHERS] += value or 0


def _is_day(type: pa.DataType) -> bool:
    return bool(pa.types.is_date(type) or pa.types.is_timestamp(type))


def _is_fraction(type: pa.DataType) -> bool:
    return bool(pa.types.is_floating(type) or pa.types.is_decimal(type))


def _column(types: dict[str, pa.DataType], wanted: str | None, kinds: tuple[Any, ...]) -> str | None:
    """Return the column that is wanted; where none is, the first of the first of these kinds that there is."""
    if wanted is None:
        return next((name for is_of_kind in kinds for name, type in types.items() if is_of_kind(type)), None)
    if wanted not in types:
        raise RefusedError(f"there is no column {wanted!r}. There are: {', '.join(types)}")
    return wanted
