"""`RESULTS.md`: the figures, the goals, and where the time goes. Nothing in it is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.limits import Limit
from benchmarks.machine import versions
from benchmarks.measure import Ratio, ratio, summary
from benchmarks.scenarios import Scenario
from benchmarks.stages import Stage
from benchmarks.variants import DICTS, OURS, PEER, load

__all__ = ["Row", "results", "row"]

Seconds = Mapping[str, list[float]]

_LONGEST = 8


@dataclass(frozen=True)
class Row:
    """A scenario's two ratios, as the goals want them."""

    scenario: Scenario
    against_dicts: Ratio
    against_peer: Ratio

    def exceeds(self, tolerance: float = 1.0) -> bool:
        """Tell whether a ratio is beyond so many times its goal."""
        return (
            self.against_dicts.median > tolerance * self.scenario.against_dicts
            or self.against_peer.median > tolerance * self.scenario.against_peer
        )

    def __str__(self) -> str:
        return (
            f"{self.scenario.name:42} {self.against_dicts.median:6.2f} (goal {self.scenario.against_dicts:.2f})"
            f" {self.against_peer.median:8.3f} (goal {self.scenario.against_peer:.2f})"
        )


def row(scenario: Scenario, seconds: Seconds) -> Row:
    """Return the ratios of a scenario, pair by pair."""
    return Row(scenario, ratio(seconds[OURS], seconds[DICTS]), ratio(seconds[OURS], seconds[PEER]))


def _reached(reached: bool) -> str:  # noqa: FBT001  # a word for a truth value
    return "reached" if reached else "**not reached**"


def _part(part: Ratio, goal: float) -> str:
    return f"{part.median:.2f} ({part.least:.2f} to {part.most:.2f}) | ≤ {goal:.2f} | {_reached(part.median <= goal)}"


def _table(*head: str) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"


def _goals(rows: Sequence[Row], limits: Iterable[Limit]) -> Iterator[str]:
    yield from _table("scenario", f"against {DICTS}", "goal", "", f"against {PEER}", "goal", "")
    for each in rows:
        scenario = each.scenario
        dicts = _part(each.against_dicts, scenario.against_dicts)
        yield f"| {scenario.name} | {dicts} | {_part(each.against_peer, scenario.against_peer)} |"
    yield ""
    yield from _table("scenario", "found", "goal", "")
    for limit in limits:
        yield f"| {limit.name} | {limit.found} | {limit.goal} | {_reached(limit.reached)} |"


def _scenario(scenario: Scenario, seconds: Seconds) -> Iterator[str]:
    per_key = scenario.items > 1
    yield f"\n### {scenario.name[0].upper()}{scenario.name[1:]}\n"
    yield from _table(
        "variant", "brings", "µs a call", "min to max", *(["µs a key"] if per_key else []), "this library against it"
    )
    for name, each in seconds.items():
        figures = summary(each)
        against = ratio(seconds[OURS], each)
        key = f" {figures.median * 1e6 / scenario.items:.2f} |" if per_key else ""
        compared = "" if name == OURS else f"{against.median:.2f} ({against.least:.2f} to {against.most:.2f})"
        shown = f"**{name}**" if name == OURS else name
        yield f"| {shown} | {load(name).does} | {figures.median * 1e6:,.0f} | {figures.spread} |{key} {compared} |"


def _stages(title: str, stages: Iterable[Stage], *, rungs: bool) -> Iterator[str]:
    yield f"\n### {title}\n"
    yield from _table("step", "µs", *(["more than the step before"] if rungs else []))
    before: float | None = None
    for stage in stages:
        more = "" if not rungs else " |" if before is None else f" {stage.microseconds - before:+.1f} |"
        yield f"| {stage.name} | {stage.microseconds:.2f} |{more}"
        before = stage.microseconds


def _left(timed: Mapping[Scenario, Seconds]) -> Iterator[str]:
    """Say what the goals leave for what the library does, beside what it cannot do without."""
    medians = {
        scenario: {name: summary(each).median for name, each in seconds.items()} for scenario, seconds in timed.items()
    }
    call = next(iter(medians.values()))[OURS]
    yield "\n### What a goal leaves, and what is taken\n"
    yield f"Of a single key: for all that the library does beyond {DICTS}: deadline, guard, token, checks, classes."
    yield "Of a page: for a key, once this library's call with a single one is paid: read, decoded, checked, made an"
    yield "object."
    yield ""
    yield from _table("scenario", f"left by the goal against {DICTS}", f"left by that against {PEER}", "taken")
    for scenario, median in medians.items():
        before = call if scenario.items > 1 else median[DICTS]
        whole = (scenario.against_dicts * median[DICTS], scenario.against_peer * median[PEER], median[OURS])
        cells = [f"{(seconds - before) / scenario.items * 1e6:.1f} µs" for seconds in whole]
        yield f"| {scenario.name} | {' | '.join(cells)} |"


def _imports(profile: Mapping[str, float]) -> Iterator[str]:
    yield "\n### What `from aiomatatika import MatatikaSession` takes beyond aiohttp, attrs, cattrs and msgspec\n"
    yield f"{sum(profile.values()):.1f} ms in all, by `-X importtime`, which makes them longer. Most is attrs writing"
    yield "and compiling the methods of the public classes, 0.6 ms for each of some fifteen. The longest:"
    yield ""
    yield from _table("module", "ms of its own")
    for name, milliseconds in list(profile.items())[:_LONGEST]:
        yield f"| `{name}` | {milliseconds:.1f} |"


def results(
    timed: Mapping[Scenario, Seconds],
    limits: Iterable[Limit],
    rungs: Iterable[Stage],
    of_a_key: Iterable[Stage],
    imports: Mapping[str, float],
    functions: Iterable[Stage],
    conditions: str,
    rounds: int,
) -> str:
    """Return the text of RESULTS.md."""
    rows = [row(scenario, seconds) for scenario, seconds in timed.items()]
    lines = [
        "# What the library costs, next to what else one would pick",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}. Every variant calls the same server (raw asyncio,",
        "prebuilt bytes, a process of its own) in the same run and in turn, A B C A B C …: figures are medians over",
        f"{rounds} rounds, ratios are taken round by round and their median after that. Absolute figures are this",
        "machine's; the ratios are what travels.",
        "",
        f"Machine: {conditions}.",
        f"Versions: {', '.join(versions())}.",
        "",
        "## Goals",
        "",
        *_goals(rows, limits),
        "",
        "## Figures",
        *(line for scenario, seconds in timed.items() for line in _scenario(scenario, seconds)),
        "",
        "## Where the microseconds go",
        *_stages(
            "One GET, from bare aiohttp to a whole call: each rung has all before it; best of the rounds",
            rungs,
            rungs=True,
        ),
        *_left(timed),
        *_stages("What a key of a page of 200 costs, part by part, in memory; best of many", of_a_key, rungs=False),
        *_imports(imports),
        *_stages("Single functions, best of many", functions, rungs=False),
    ]
    return "\n".join(lines) + "\n"
