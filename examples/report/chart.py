"""The chart: a line over days, or bars of the largest sums. It needs no screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from examples.report.files import put_in_place
from examples.report.totals import OTHERS, Totals

_BARS = 20


def draw(totals: Totals, title: str, path: Path) -> None:
    """Draw the sums into a PNG file."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.add_subplot()
    if totals.is_by_day:
        days = sorted(day for day in totals.sums if day is not None)
        axes.plot(days, [totals.sums[day] for day in days])
        axes.ticklabel_format(axis="y", style="plain")
    else:
        largest = _largest(totals)
        axes.barh(range(len(largest)), [value for _, value in largest])
        axes.set_yticks(range(len(largest)), [_label(key) for key, _ in largest], parse_math=False)
        axes.invert_yaxis()
        axes.ticklabel_format(axis="x", style="plain")
    # Anybody may have written the names: a pair of `$` would make a formula of what is between.
    axes.set_title(title, parse_math=False)
    axes.set_xlabel(totals.by if totals.is_by_day else totals.value or "rows", parse_math=False)
    axes.set_ylabel((totals.value or "rows") if totals.is_by_day else totals.by, parse_math=False)
    with put_in_place(path) as part:
        figure.savefig(part, format="png")


def _largest(totals: Totals) -> Sequence[tuple[object, float]]:
    """Return the largest sums, and that of all others."""
    largest = [(key, value) for key, value in totals.sums.most_common(_BARS + 1) if key != OTHERS][:_BARS]
    others = totals.sums.total() - sum(value for _, value in largest)
    return [*largest, (OTHERS, others)] if len(totals.sums) > len(largest) else largest


def _label(key: object) -> str:
    text = "(empty)" if key is None else str(key)
    return text if len(text) <= 40 else f"{text[:39]}…"
