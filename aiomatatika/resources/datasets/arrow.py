"""CSV into an Arrow table, by pyarrow (the extra ``frames``), which is imported when a table is first asked for."""

from __future__ import annotations

import asyncio
import io
from importlib import import_module
from typing import Any

from aiomatatika.errors import ConfigurationError, ResponseError
from aiomatatika.transfer import Download
from aiomatatika.transport.message import CallFacts

__all__ = ["arrow_table"]


async def arrow_table(download: Download, call: CallFacts) -> Any:
    """Return the `pyarrow.Table` of a download of CSV, with the types that its values have.

    It is made in a thread: pyarrow takes a second to import, and a second for some hundred MiB of text.

    Args:
        download: The CSV.
        call: What the error of a body that is not CSV tells of.
    """
    pyarrow = await asyncio.to_thread(_pyarrow)
    body = await download.read()
    table = await asyncio.to_thread(_table, pyarrow, body)
    if table is not None:
        return table
    error = ResponseError("the data of the dataset is not CSV in UTF-8")
    call.describe(error)
    raise error


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
