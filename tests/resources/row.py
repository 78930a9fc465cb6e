"""What a row of the conformance table is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from aiomatatika import MatatikaSession, Repeat


class Row(NamedTuple):
    """A call, and what the wire shows when its response is lost."""

    call: Callable[[MatatikaSession, Any], Any]
    repeat: Repeat


SAFE, IDEMPOTENT, ONCE = Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.ONCE
