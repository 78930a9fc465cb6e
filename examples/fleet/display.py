"""Progress: a bar on a terminal, lines everywhere else; both on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from examples.fleet.orders import Outcome

__all__ = ["progress"]


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    """Yield a function to be called with each outcome."""
    if not sys.stderr.isatty():
        count = iter(range(1, total + 1))
        yield lambda outcome: print(f"{next(count)} of {total}: {_line(outcome)}", file=sys.stderr, flush=True)
        return
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("{task.fields[counts]}"), TimeElapsedColumn(), TimeRemainingColumn()),
    )
    counts = Counter[str]()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Running", total=total, counts="")

        def step(outcome: Outcome) -> None:
            counts[outcome.status] += 1
            bar.update(task, advance=1, counts=", ".join(f"{n} {status}" for status, n in counts.items()))
            if not outcome.is_complete:
                bar.console.print(_line(outcome), markup=False, highlight=False)

        yield step


def _line(outcome: Outcome) -> str:
    # Anybody may have typed the label: its repr cannot move the cursor.
    job = f" (job {outcome.job})" if outcome.job else ""
    return f"{outcome.status} {outcome.order.label!r}{job}" + (f": {outcome.reason}" if outcome.reason else "")
