"""The data of a dataset as JSON or CSV, made piece by piece: no more than one piece is in memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from aiomatatika.testing.rows import DataRow

__all__ = ["csv_pieces", "json_pieces"]

_PIECE = 65_536  # characters


def csv_pieces(rows: Iterable[DataRow]) -> Iterator[bytes]:
    """Yield a header line with the keys of the first row, and a line for each row."""
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, list(row), extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
        if text.tell() >= _PIECE:
            yield _taken(text)
    yield _taken(text)


def json_pieces(rows: Iterable[DataRow]) -> Iterator[bytes]:
    """Yield an array of flat objects."""
    text = io.StringIO()
    separator = "["
    for row in rows:
        text.write(separator)
        text.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=str))
        separator = ","
        if text.tell() >= _PIECE:
            yield _taken(text)
    text.write("]" if separator == "," else "[]")
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return taken
