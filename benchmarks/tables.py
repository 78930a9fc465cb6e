"""Tables of Markdown, and the words and figures in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.measure import Ratio
from benchmarks.stages import Stage

__all__ = ["header", "line", "part", "reached", "stages"]


def header(*names: str) -> Iterator[str]:
    """Yield the two lines that a table begins with."""
    yield line(names)
    yield f"|{'---|' * len(names)}"


def line(cells: Iterable[str]) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"


def reached(is_reached: bool) -> str:  # noqa: FBT001  # a word for a truth value
    """Return what is said of a goal."""
    return "reached" if is_reached else "**not reached**"


def part(ratio: Ratio) -> str:
    """Return a ratio and its range."""
    return f"{ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})"


def stages(title: str, steps: Iterable[Stage], *, rungs: bool) -> Iterator[str]:
    """Yield a chapter of steps and their microseconds; of rungs, with what each adds."""
    yield f"\n### {title}\n"
    yield from header("step", "µs", *(["more than the step before"] if rungs else []))
    before: float | None = None
    for step in steps:
        more = [] if not rungs else [""] if before is None else [f"{step.microseconds - before:+.1f}"]
        yield line([step.name, f"{step.microseconds:.2f}", *more])
        before = step.microseconds
