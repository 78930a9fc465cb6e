"""Progress: a bar on a terminal, lines everywhere else; both on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from examples.batch.journal import Key


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[Key], None]]:
    """Yield a function to be called with each key that is through."""
    if not sys.stderr.isatty():
        yield _Lines(total).step
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Rotating", total=total)

        def step(key: Key) -> None:
            bar.advance(task)
            if key.status == "failed":
                bar.console.print(_line(key), markup=False, highlight=False)

        yield step


class _Lines:
    def __init__(self, total: int) -> None:
        self._total = total
        self._through = 0

    def step(self, key: Key) -> None:
        self._through += 1
        print(f"{self._through} of {self._total}: {_line(key)}", file=sys.stderr, flush=True)


def _line(key: Key) -> str:
    # Anybody may have typed the name: its repr cannot move the cursor.
    return f"{key.status} {key.name!r} {key.id}" + (f": {key.reason}" if key.reason else f", now {key.successor}")
