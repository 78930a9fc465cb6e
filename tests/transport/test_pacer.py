"""The turns of questions."""

from __future__ import annotations

import pytest

from aiomatatika.transport.pacer import Pacer


def test_questions_of_one_moment_have_a_turn_every_twentieth_of_a_second() -> None:
    pacer = Pacer()
    assert [pacer.turn(100.0, 1.0) for _ in range(4)] == pytest.approx([0.0, 0.05, 0.1, 0.15])
    assert pacer.turn(100.1, 1.0) == pytest.approx(0.1)
    assert pacer.turn(200.0, 1.0) == 0.0  # what was not used is not saved


def test_a_turn_that_would_come_too_late_is_left_to_others() -> None:
    pacer = Pacer()
    pacer.turn(100.0, 1.0)
    assert pacer.turn(100.0, 0.01) is None
    assert pacer.turn(100.0, 1.0) == pytest.approx(0.05)
