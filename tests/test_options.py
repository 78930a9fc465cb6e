"""Limits: what can be one, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aiomatatika import ConfigurationError, Retries, Timeouts

NAN, INF = float("nan"), float("inf")
SECONDS: list[tuple[type, str]] = [(Timeouts, name) for name in ("connect", "read", "total")]
SECONDS += [(Retries, name) for name in ("first_delay", "longest_delay")]


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert attrs.astuple(Timeouts()) == (10, 30, 60)
    assert attrs.astuple(Retries()) == (5, 0.5, 8.0)


@pytest.mark.parametrize("cls, name", SECONDS)
def test_seconds_are_a_number_above_0_up_to_a_day(cls: Any, name: str) -> None:
    for value in (0.001, 1, 60.5, 86_400):
        assert getattr(cls(**{name: value}), name) == value
    for other in (0, -0.0, -1, 86_401, 10**9, 10**400, NAN, INF, -INF, True, "5", None, [1], 1j):
        with pytest.raises(ConfigurationError, match=f"^{name} must be seconds: a number above 0, at most 86400"):
            cls(**{name: other})


def test_attempts_are_a_whole_number_from_1_to_20() -> None:
    for value in (1, 5, 20):
        assert Retries(attempts=value).attempts == value
    others: list[Any] = [0, -1, 21, 10**400, 2.0, NAN, True, "3", None]
    for other in others:
        with pytest.raises(ConfigurationError, match=r"^attempts must be a whole number from 1 to 20"):
            Retries(attempts=other)


@pytest.mark.parametrize("limits", [Timeouts(), Retries()])
def test_limits_do_not_change(limits: Any) -> None:
    with pytest.raises(AttributeError):
        setattr(limits, attrs.fields(type(limits))[0].name, 1)
    assert limits == type(limits)()
    assert hash(limits) == hash(type(limits)())
