"""What the coordinator and its workers pass each other: plain texts, and no secret among them."""

from __future__ import annotations

import attrs

__all__ = ["Order", "Outcome"]


@attrs.frozen(kw_only=True)
class Order:
    """One pipeline to run.

    Attributes:
        round_name: Of the round: within one, each pipeline is started once.
        pipeline: Its id.
        label: Its workspace and label, for people.
        within: Seconds that its run may take.
    """

    round_name: str
    pipeline: str
    label: str
    within: float


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of it.

    Attributes:
        order: The order.
        status: How the run ended; ``FAILED`` where it did not start, or did not end.
        reason: What went wrong, for people.
        job: The run's id.
    """

    order: Order
    status: str
    reason: str = ""
    job: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the pipeline has been run, and well."""
        return self.status == "COMPLETE"
