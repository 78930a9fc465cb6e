"""Limits: what can be one, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aiomatatika import ConfigurationError, Retries, Timeouts

SECONDS = [
    *((Timeouts, name) for name in ("connect", "read", "total")),
    *((Retries, name) for name in ("first_delay", "longest_delay")),
]


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert attrs.astuple(Timeouts()) == (10, 30, 60)
    assert attrs.astuple(Retries()) == (3, 0.5, 8.0)


@pytest.mark.parametrize("cls, name", SECONDS)
@pytest.mark.parametrize("value", [0.001, 1, 60.5, 86_400])
def test_seconds_are_any_number_up_to_a_day(cls: Any, name: str, value: float) -> None:
    assert getattr(cls(**{name: value}), name) == value


@pytest.mark.parametrize("cls, name", SECONDS)
@pytest.mark.parametrize(
    "value", [0, -0.0, -1, 86_401, 10**9, 10**400, float("nan"), float("inf"), -float("inf"), True, "5", None, [1], 1j]
)
def test_other_seconds_are_refused_by_name(cls: Any, name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must be seconds: a number above 0, at most 86400"):
        cls(**{name: value})


@pytest.mark.parametrize("attempts", [1, 3, 20])
def test_attempts_are_a_whole_number_up_to_20(attempts: int) -> None:
    assert Retries(attempts=attempts).attempts == attempts


@pytest.mark.parametrize("attempts", [0, -1, 21, 10**400, 2.0, float("nan"), True, "3", None])
def test_other_attempts_are_refused_by_name(attempts: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^attempts must be a whole number from 1 to 20"):
        Retries(attempts=attempts)


@pytest.mark.parametrize("limits", [Timeouts(), Retries()])
def test_limits_do_not_change(limits: Any) -> None:
    with pytest.raises(AttributeError):
        setattr(limits, attrs.fields(type(limits))[0].name, 1)
    assert limits == type(limits)()
    assert hash(limits) == hash(type(limits)())
