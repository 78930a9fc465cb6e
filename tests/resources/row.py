"""One row of the conformance test: how an operation is called, and how often it may go out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiomatatika import MatatikaSession, Repeat

__all__ = ["IDEMPOTENT", "ONCE", "SAFE", "Row", "names_in"]

SAFE: Final = Repeat.SAFE
IDEMPOTENT: Final = Repeat.IDEMPOTENT
ONCE: Final = Repeat.ONCE


def names_in(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names that a lambda looks up: what it has to be given, and the method that it calls."""
    return function.__code__.co_names


class Row(NamedTuple):
    """How one operation is called.

    Attributes:
        call: The call; its second argument has what `things` makes, by name.
        repeat: What becomes of it when the response is lost.
    """

    call: Callable[[MatatikaSession, Any], Any]
    repeat: Repeat

    @property
    def group(self) -> str:
        return names_in(self.call)[0]

    @property
    def method(self) -> str:
        return names_in(self.call)[1]
