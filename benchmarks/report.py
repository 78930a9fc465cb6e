"""`RESULTS.md`: the goals, the figures, and where the time goes. Nothing in it is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.documents import SUBJECTS
from benchmarks.in_memory import MOST_AGAINST_MODELS, Cell
from benchmarks.kinds import KINDS
from benchmarks.limits import Limit
from benchmarks.machine import versions
from benchmarks.measure import ratio, summary
from benchmarks.rows import Seconds, Timed, row, worst_against_best
from benchmarks.scenarios import Scenario
from benchmarks.stages import Stage
from benchmarks.tables import header, line, part, reached, stages
from benchmarks.variants import DICTS, MODELS, OURS, load

__all__ = ["Found", "results"]

_LONGEST = 8
_MOST_BETWEEN_KINDS = 1.35


@dataclass(frozen=True)
class Found:
    """What was measured.

    Attributes:
        goals: The first five rows of the goals, of every variant.
        pages: A page of each kind, of every variant.
        cells: A page of each class and kind, in memory.
        limits: The other rows.
        rungs: A call, step by step.
        imports: Milliseconds of the import, by module.
        functions: Single functions.
    """

    goals: Timed
    pages: Timed
    cells: Sequence[Cell]
    limits: Sequence[Limit]
    rungs: Sequence[Stage]
    imports: Mapping[str, float]
    functions: Sequence[Stage]


def _between_kinds(pages: Timed) -> Limit:
    worst, best, found = worst_against_best(pages)
    name = "page of 200 keys: the kind that takes longest against the one that takes shortest"
    text = f"{part(found)}: {worst} against {best}"
    return Limit(name, f"≤ {_MOST_BETWEEN_KINDS}", text, found.median <= _MOST_BETWEEN_KINDS)


def _in_memory(cells: Sequence[Cell]) -> Limit:
    missed = [each for each in cells if each.against_models.median > MOST_AGAINST_MODELS]
    worst = max(cells, key=lambda each: each.against_models.median)
    text = f"{worst.against_models.median:.2f} at most ({worst.subject.name}, {worst.kind})"
    if missed:
        text += f"; beyond the goal: {len(missed)} of {len(cells)}"
    name = f"page of 200 in memory, each of {len(SUBJECTS)} classes and {len(KINDS)} kinds, against pydantic"
    return Limit(name, f"≤ {MOST_AGAINST_MODELS}", text, not missed)


def _goals(found: Found) -> Iterator[str]:
    yield from header("mixed kind", f"against {DICTS}", "goal", "", f"against {MODELS}", "goal", "")
    for scenario, seconds in found.goals.items():
        each = row(scenario, seconds)
        pairs = ((each.against_dicts, scenario.against_dicts), (each.against_models, scenario.against_models))
        cells = [cell for is_, goal in pairs for cell in (part(is_), f"≤ {goal:.2f}", reached(is_.median <= goal))]
        yield line([scenario.name, *cells])
    yield ""
    yield from header("what", "found", "goal", "")
    for limit in (_between_kinds(found.pages), _in_memory(found.cells), *found.limits):
        yield line([limit.name, limit.found, limit.goal, reached(limit.reached)])


def _scenario(scenario: Scenario, seconds: Seconds) -> Iterator[str]:
    per_key = scenario.items > 1
    yield f"\n### {scenario.name[0].upper()}{scenario.name[1:]}; ApiKey, {scenario.kind}\n"
    names = ["variant", "brings", "µs a call", "min to max", *(["µs a key"] if per_key else [])]
    yield from header(*names, "this library against it")
    for name, each in seconds.items():
        figures = summary(each)
        key = [f"{figures.median * 1e6 / scenario.items:.2f}"] if per_key else []
        compared = "" if name == OURS else part(ratio(seconds[OURS], each))
        shown = f"**{name}**" if name == OURS else name
        yield line([shown, load(name).does, f"{figures.median * 1e6:,.0f}", figures.spread, *key, compared])


def _kinds(pages: Timed) -> Iterator[str]:
    yield "\n### A page of 200, kind by kind; ApiKey, µs a page (this library against it)\n"
    yield from header("variant", *(scenario.kind for scenario in pages))
    for name in next(iter(pages.values())):
        cells = []
        for seconds in pages.values():
            compared = "" if name == OURS else f" ({ratio(seconds[OURS], seconds[name]).median:.2f})"
            cells.append(f"{summary(seconds[name]).median * 1e6:,.0f}{compared}")
        yield line([f"**{name}**" if name == OURS else name, *cells])


def _cells(cells: Sequence[Cell]) -> Iterator[str]:
    yield "\n### A page of 200 in memory, class by class and kind by kind; µs of CPU time an item\n"
    yield "From the bytes to the list of items. Pydantic, msgspec and cattrs make objects of the same fields, links"
    yield "included. They drop members that they do not know; cattrs checks no strings, numbers and booleans.\n"
    yield from header("class", "with", *KINDS)
    for subject in SUBJECTS:
        of_class = [each for each in cells if each.subject is subject]
        for name in of_class[0].microseconds:
            yield line([subject.name, name, *(f"{each.microseconds[name]:.2f}" for each in of_class)])
        yield line(
            [f"**{subject.name}**", "**against pydantic**", *(f"{each.against_models.median:.2f}" for each in of_class)]
        )


def _left(goals: Timed) -> Iterator[str]:
    """Say what the goals leave for what the library does, beside what it cannot do without."""
    medians = {
        scenario: {name: summary(each).median for name, each in seconds.items()} for scenario, seconds in goals.items()
    }
    call = next(iter(medians.values()))[OURS]
    yield "\n### What a goal leaves, and what is taken\n"
    yield f"Of a single key: for all that the library does beyond {DICTS}: deadline, guard, token, checks, classes."
    yield "Of a page: for a key, once this library's call with a single one is paid: read, decoded, checked, made an"
    yield "object.\n"
    yield from header("scenario", f"left by the goal against {DICTS}", f"left by that against {MODELS}", "taken")
    for scenario, median in medians.items():
        before = call if scenario.items > 1 else median[DICTS]
        whole = (scenario.against_dicts * median[DICTS], scenario.against_models * median[MODELS], median[OURS])
        yield line([scenario.name, *(f"{(seconds - before) / scenario.items * 1e6:.1f} µs" for seconds in whole)])


def _imports(profile: Mapping[str, float]) -> Iterator[str]:
    yield "\n### What `from aiomatatika import MatatikaSession` takes beyond aiohttp, attrs, cattrs and msgspec\n"
    yield f"{sum(profile.values()):.1f} ms in all, by `-X importtime`, which makes them longer. Most is attrs writing"
    yield "and compiling the methods of the public classes, 0.6 ms for each of some fifteen. The longest:\n"
    yield from header("module", "ms of its own")
    for name, milliseconds in list(profile.items())[:_LONGEST]:
        yield line([f"`{name}`", f"{milliseconds:.1f}"])


def results(found: Found, conditions: str) -> str:
    """Return the text of RESULTS.md."""
    lines = [
        "# What the library costs, next to what else one would pick",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}. Every variant calls the same server (raw asyncio,",
        "prebuilt bytes, a process of its own) in the same run and in turn, A B C A B C …: figures are medians, ratios",
        "are taken round by round and their median after that. Each variant has a new process seven times, for what a",
        "call takes depends by a seventh on where its memory lies; those without a goal take part in two of the seven.",
        "Absolute figures are this machine's; the ratios are what travels.",
        "",
        "Documents are of a class and of a kind:",
        *(f"- **{kind}**: {words}" for kind, words in KINDS.items()),
        "",
        f"Machine: {conditions}.",
        f"Versions: {', '.join(versions())}.",
        "",
        "## Goals",
        "",
        *_goals(found),
        "",
        "## Kinds",
        *_kinds(found.pages),
        *_cells(found.cells),
        "",
        "## Variants",
        *(text for scenario, seconds in found.goals.items() for text in _scenario(scenario, seconds)),
        "",
        "## Where the microseconds go",
        *stages(
            "One GET, from bare aiohttp to a whole call: each rung has all before it; best of the rounds",
            found.rungs,
            rungs=True,
        ),
        *_left(found.goals),
        *_imports(found.imports),
        *stages("Single functions, best of many; ApiKey, mixed", found.functions, rungs=False),
    ]
    return "\n".join(lines) + "\n"
