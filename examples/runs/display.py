"""The runs on a terminal: a table that lives, the log below it. Everywhere else: a line for each thing that happens."""

from __future__ import annotations

import contextlib
import re
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from examples.runs.watching import Display, PipelineRun

if TYPE_CHECKING:
    from rich.console import RenderableType

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_COLOURS = {"COMPLETE": "green", "RUNNING": "cyan", "ERROR": "bold red", "FAILED": "bold red", "STOPPED": "yellow"}
_FRAMES = 7  # rows of the screen that neither runs nor lines of the log have


def printable(text: str) -> str:
    """Return a text that cannot move the cursor or change a colour: anybody may have written it."""
    return "".join(each if each.isprintable() else " " for each in _ESCAPES.sub("", text))


def clock(seconds: float | None) -> str:
    """Return a time as minutes and seconds."""
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def counts(runs: Sequence[PipelineRun]) -> str:
    """Return how many runs are in which state."""
    return ", ".join(f"{count} {state}" for state, count in sorted(Counter(run.state for run in runs).items()))


def _remark(run: PipelineRun) -> str:
    if run.error is not None:
        return printable(run.error)
    if run.job is None:
        return ""
    parts = [f"job {run.job.id}"]
    if run.resumed:
        parts.append("found going on")
    if run.job.attempt:
        parts.append(f"attempt {run.job.attempt + 1} of {run.job.max_attempts}")
    if run.job.exit_code:
        parts.append(f"exit code {run.job.exit_code}")
    return ", ".join(parts)


@contextlib.contextmanager
def display(runs: Sequence[PipelineRun], logged: PipelineRun) -> Iterator[Display]:
    """Yield what shows the runs as long as the block lasts."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.live import Live

    table, console = LiveTable(runs, logged), Console()
    with Live(get_renderable=lambda: table.picture(console.height), console=console):
        yield table


class Lines:
    """Prints each change, and each line of the log."""

    def __init__(self) -> None:
        self._shown: dict[PipelineRun, str] = {}

    def changed(self, run: PipelineRun) -> None:
        """Print the state of a run, unless it is as it was."""
        text = f"{printable(run.name)}: {run.state}, {_remark(run)}"
        if self._shown.get(run) != text:
            self._shown[run] = text
            print(text, flush=True)

    def line(self, run: PipelineRun, text: str) -> None:
        """Print a line of the log."""
        print(f"{printable(run.name)} | {printable(text)}", flush=True)


class LiveTable:
    """Draws the table, a row a run, and the end of the log."""

    def __init__(self, runs: Sequence[PipelineRun], logged: PipelineRun) -> None:
        self._runs = runs
        self._logged = logged
        self._log: deque[str] = deque(maxlen=200)

    def changed(self, run: PipelineRun) -> None:
        """Do nothing: the next picture shows it."""

    def line(self, run: PipelineRun, text: str) -> None:
        """Keep a line for the next picture."""
        self._log.append(printable(text))

    def picture(self, height: int) -> RenderableType:
        """Return what is shown now, on a screen of so many rows."""
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        room = max(2, height - _FRAMES)
        rows = self._fitting(max(1, room - max(1, room // 3)))
        table = Table("Pipeline", "State", "Time", "Job", expand=True, caption=counts(self._runs))
        now = datetime.now(UTC)
        for run in rows:
            state = Text(run.state, style=_COLOURS.get(run.state, ""))
            table.add_row(
                Text(printable(run.name), overflow="ellipsis", no_wrap=True),
                state,
                clock(run.seconds(now)),
                Text(_remark(run), overflow="ellipsis", no_wrap=True),
            )
        text = Text("\n".join([*self._log][-max(1, room - len(rows)) :]), overflow="ellipsis", no_wrap=True)
        return Group(table, Panel(text, title=Text(f"log of {printable(self._logged.name)}"), title_align="left"))

    def _fitting(self, rows: int) -> Sequence[PipelineRun]:
        """Return the runs that are shown: where there is no room for all, first those that go on or have failed."""
        if len(self._runs) <= rows:
            return self._runs
        return sorted(self._runs, key=lambda run: (run.is_over, not run.has_failed))[:rows]
