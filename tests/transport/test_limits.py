"""The limits of one attempt: below its end, so that what was not sent is told from what was lost."""

from __future__ import annotations

import pytest

from aiomatatika import Timeouts
from aiomatatika.transport.limits import attempt_limits


@pytest.mark.parametrize(
    "left, connect, to_open",
    [(60, 57, 10), (20, 19, 10), (19, 18.05, 10), (2, 1.9, 1.9), (1, 0.9, 0.9), (0.1, 0.05, 0.05), (0.02, 0.01, 0.01)],
)
def test_a_connection_has_what_the_call_has_left_less_a_little(left: float, connect: float, to_open: float) -> None:
    limits = attempt_limits(Timeouts(read=7), left)
    assert limits.connect == pytest.approx(connect)
    assert limits.sock_connect == pytest.approx(to_open)
    assert (limits.total, limits.sock_read) == (None, 7)


def test_the_usual_limits_are_one_object() -> None:
    assert attempt_limits(Timeouts(), 59.999) is attempt_limits(Timeouts(), 59.99)


@pytest.mark.parametrize("left", [60, 1])
def test_aiohttp_enforces_the_end_where_nobody_else_does(left: float) -> None:
    assert attempt_limits(Timeouts(), left, enforced=True).total == left
    assert attempt_limits(Timeouts(), left, enforced=True).connect == pytest.approx(left - max(0.1, 0.05 * left))


def test_short_limits_are_not_rounded_up_to_whole_seconds() -> None:
    limits = attempt_limits(Timeouts(), 19)
    assert limits.ceil_threshold > 19
