"""One operation as a row of the conformance test: how it is called, and whether it may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiomatatika import MatatikaSession, Repeat

__all__ = ["IDEMPOTENT", "ONCE", "SAFE", "Row"]

SAFE: Final = Repeat.SAFE
IDEMPOTENT: Final = Repeat.IDEMPOTENT
ONCE: Final = Repeat.ONCE


class Row(NamedTuple):
    """A call on a session, with resources that are made when they are named; and what a lost response allows."""

    call: Callable[[MatatikaSession, Any], Any]
    repeat: Repeat
