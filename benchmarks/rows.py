"""The rows of the goals over the wire: ratios of this library to what a user would write without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measure import Ratio, ratio, summary
from benchmarks.scenarios import Scenario
from benchmarks.variants import DICTS, MODELS, OURS

__all__ = ["Row", "Seconds", "Timed", "row", "worst_against_best"]

Seconds = Mapping[str, list[float]]
Timed = dict[Scenario, dict[str, list[float]]]


@dataclass(frozen=True)
class Row:
    """A scenario's two ratios, as the goals want them."""

    scenario: Scenario
    against_dicts: Ratio
    against_models: Ratio

    def exceeds(self, tolerance: float = 1.0) -> bool:
        """Tell whether a ratio is beyond so many times its goal."""
        return (
            self.against_dicts.median > tolerance * self.scenario.against_dicts
            or self.against_models.median > tolerance * self.scenario.against_models
        )

    def __str__(self) -> str:
        return (
            f"{self.scenario.name:42} {self.against_dicts.median:6.2f} (goal {self.scenario.against_dicts:.2f})"
            f" {self.against_models.median:8.3f} (goal {self.scenario.against_models:.2f})"
        )


def row(scenario: Scenario, seconds: Seconds) -> Row:
    """Return the ratios of a scenario, pair by pair."""
    return Row(scenario, ratio(seconds[OURS], seconds[DICTS]), ratio(seconds[OURS], seconds[MODELS]))


def worst_against_best(pages: Timed) -> tuple[str, str, Ratio]:
    """Return the kinds that this library takes longest and shortest for, by their medians, and the ratio of the two."""
    ordered = sorted(pages, key=lambda scenario: summary(pages[scenario][OURS]).median)
    best, worst = ordered[0], ordered[-1]
    return worst.kind, best.kind, ratio(pages[worst][OURS], pages[best][OURS])
