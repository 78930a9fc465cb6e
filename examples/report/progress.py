"""How far a download is: a bar without an end on a terminal, lines everywhere else; both on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

_EACH = 64 * 2**20  # bytes between two lines


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be called with the bytes and the rows so far. The API does not tell the size beforehand."""
    if not sys.stderr.isatty():
        yield _Lines().step
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    columns = (
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda size, rows: bar.update(task, completed=size, description=f"{rows:,} rows")


class _Lines:
    def __init__(self) -> None:
        self._next = _EACH

    def step(self, size: int, rows: int) -> None:
        if size >= self._next:
            self._next = size + _EACH
            print(f"{size // 2**20:,} MiB, {rows:,} rows", file=sys.stderr, flush=True)
