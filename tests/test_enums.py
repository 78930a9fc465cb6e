"""Enumerations that the server may extend."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from aiomatatika.enums import OpenEnum


class Status(OpenEnum):
    READY = "READY"
    NOT_READY = "not ready"


@pytest.mark.parametrize(
    "text, member",
    [
        ("READY", Status.READY),
        ("ready", Status.READY),
        ("NOT_READY", Status.NOT_READY),
        ("Not Ready", Status.NOT_READY),
    ],
)
def test_a_known_value_is_read_in_any_case(text: str, member: Status) -> None:
    assert Status(text) is member
    assert member.is_known


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda status: pickle.loads(pickle.dumps(status))])
@pytest.mark.parametrize("text", ["READY", "PAUSED", ""])
def test_a_value_stays_itself_known_or_not(text: str, copied: Any) -> None:
    status = Status(text)
    assert (status, str(status), f"{status}", status.value) == (text, text, text, text)
    assert status == copied(status) == Status(text)
    assert type(copied(status)) is Status
    assert hash(status) == hash(text)
    assert status.is_known is (text == "READY")
    assert list(Status) == [Status.READY, Status.NOT_READY], "an unknown value is not remembered"


def test_only_a_string_can_be_a_value() -> None:
    with pytest.raises(ValueError, match="5 is not a valid Status"):
        Status(5)  # type: ignore[arg-type]  # that is the question


def test_an_unknown_value_does_not_act_on_a_terminal() -> None:
    assert repr(Status("\x1b[2J")) == "<Status: '\\x1b[2J'>"
    assert repr(Status.READY) == "<Status.READY: 'READY'>"
