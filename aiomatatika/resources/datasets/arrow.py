"""CSV into an Arrow table, by pyarrow (the extra ``frames``), which is imported when a table is first asked for."""

from __future__ import annotations

import asyncio
import io
from importlib import import_module
from typing import Any

from aiomatatika.errors import ConfigurationError, ResponseError
from aiomatatika.transfer import Download

__all__ = ["arrow_table"]


async def arrow_table(download: Download) -> Any:
    """Return the `pyarrow.Table` of a download of CSV, with the types that its values have.

    It is made in a thread: pyarrow takes a second to import, and a second for some hundred MiB of text.
    """
    pyarrow = await asyncio.to_thread(_pyarrow)
    body = await download.read()
    table = await asyncio.to_thread(_table, pyarrow, body)
    if table is None:
        raise ResponseError("the data of the dataset is not CSV in UTF-8")
    return table


def _pyarrow() -> Any:
    try:
        import_module("pyarrow.csv")
    except ImportError:
        pass
    else:
        return import_module("pyarrow")
    raise ConfigurationError("datasets.arrow needs the package pyarrow: pip install 'aiomatatika[frames]'")


def _table(pyarrow: Any, body: bytes) -> Any:
    """Return the table; None where the body is not CSV: pyarrow's own message quotes a row of it."""
    if not body.strip():
        return pyarrow.table({})
    try:
        return pyarrow.csv.read_csv(io.BytesIO(body))
    except pyarrow.ArrowInvalid:
        return None
