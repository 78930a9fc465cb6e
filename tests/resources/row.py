"""A row of the conformance tables: an operation of the API, the method that carries it out, how it may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiomatatika import MatatikaSession, Repeat

__all__ = ["IDEMPOTENT", "ONCE", "SAFE", "Row"]

SAFE: Final = Repeat.SAFE
IDEMPOTENT: Final = Repeat.IDEMPOTENT
ONCE: Final = Repeat.ONCE


class Row(NamedTuple):
    """What carries an operation out, given resources that were read before, and its promise about repeats."""

    call: Callable[[MatatikaSession, Any], Any]
    repeat: Repeat
