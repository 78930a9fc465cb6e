"""From CSV to Parquet, block by block: memory stays flat, whatever the size of the data."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pyarrow as pa
from pyarrow import csv, parquet

from examples.refused import RefusedError
from examples.report.files import put_in_place
from examples.report.pulled_file import PulledFile
from examples.report.totals import Totals

_BLOCK = 2**20  # bytes; several are under way at once


@attrs.frozen(kw_only=True)
class Wanted:
    """What to make of the data.

    Attributes:
        path: The Parquet file.
        types: The types of some columns; those of the others are inferred from the first block.
        by: The column whose values the chart tells apart.
        value: The column that it adds up.
    """

    path: Path
    types: Mapping[str, pa.DataType]
    by: str | None = None
    value: str | None = None


def convert(file: PulledFile, wanted: Wanted, step: Callable[[int, int], None]) -> Totals:
    """Write the rows of a CSV file into a Parquet file, and add them up on the way.

    Args:
        file: The CSV.
        wanted: What to make of it.
        step: Called after each block with the bytes and the rows so far.

    Raises:
        RefusedError: The data is not CSV, or not of these types.
        OSError: The file cannot be written.
    """
    head = file.peek(2 * _BLOCK)
    if not head.strip():
        raise RefusedError("the dataset has no data")
    types: dict[str, pa.DataType] = {}
    rows = 0
    try:
        types |= _types(head, wanted.types)
        options = csv.ConvertOptions(column_types=types)
        with (
            csv.open_csv(
                pa.PythonFile(file, "r"), csv.ReadOptions(block_size=_BLOCK), convert_options=options
            ) as reader,
            put_in_place(wanted.path) as path,
            parquet.ParquetWriter(path, reader.schema) as writer,
        ):
            totals = Totals(reader.schema, wanted.by, wanted.value)
            for batch in reader:
                writer.write_batch(batch)
                totals.add(batch)
                rows += batch.num_rows
                step(file.pulled, rows)
            return totals
    except pa.ArrowInvalid as error:
        raise RefusedError(_reason(str(error), list(types))) from None


def _types(head: bytes, given: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
    """Return the types of all columns: those given, and those that the values of the first block have."""
    with csv.open_csv(io.BytesIO(head), csv.ReadOptions(block_size=_BLOCK)) as reader:
        inferred = {field.name: field.type for field in reader.schema}
    if unknown := given.keys() - inferred.keys():
        raise RefusedError(f"there is no column {min(unknown)!r}. There are: {', '.join(inferred)}")
    # A column that is empty in the first block may hold anything after it.
    return {name: pa.string() if pa.types.is_null(type) else type for name, type in inferred.items()} | dict(given)


def _reason(message: str, columns: list[str]) -> str:
    """Return what is wrong with the data, without the values that pyarrow quotes."""
    match = re.search(r"In CSV column #(\d+)", message)
    if match is None:
        return "the data is not CSV with the same number of columns in each row"
    name = columns[int(match[1])]
    return f"column {name!r} has values that are not of its type: read it as text with --type {name}=string"
