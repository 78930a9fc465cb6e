"""The resume file: a write-ahead journal of which keys are to be rotated, and how far each of them has come.

A line is on the disk before the step that it announces, and after the step that it reports:

    selected   the keys of this rotation; only these are touched, however many successors match the pattern by then
    intended   the id that the successor of a key will have, before the PUT that creates it
    saved      its secret is where the user wants it
    rotated    it works, and the old key is gone
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from examples.batch.lines import DurableLines, read_lines
from examples.refused import RefusedError

Status = Literal["unfinished", "rotated", "failed", "skipped"]

_AS_SELECTED = ("name", "client_id", "created", "status", "reason")


@dataclass(slots=True, kw_only=True)
class Key:
    """A selected key, and how far it has come.

    Attributes:
        id: The id of the old key.
        created: When it was created, as text.
        successor: The id of the key that takes its place; None until one is intended.
        strays: Former ids of successors, under which no key may be left.
        saved_at: When the successor's secret was saved, in seconds since 1970; None until then.
        reason: Why it failed or is skipped.
    """

    id: UUID
    name: str
    client_id: str | None
    created: str | None = None
    status: Status = "unfinished"
    reason: str | None = None
    successor: UUID | None = None
    strays: list[UUID] = field(default_factory=list)
    saved_at: float | None = None

    def forget_successor(self) -> None:
        """Note that the key under the successor's id is useless."""
        if self.successor is not None:
            self.strays.append(self.successor)
        self.successor = self.saved_at = None


class State:
    """What the lines of a journal add up to.

    Attributes:
        settings: What was asked for when the keys were selected; None until then.
        keys: The selected keys by id.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]], path: Path) -> None:
        self.settings: dict[str, Any] | None = None
        self.keys: dict[UUID, Key] = {}
        try:
            for record in records:
                self.apply(record)
        except (KeyError, TypeError, ValueError):
            raise RefusedError(f"{path} is not a resume file of this program") from None

    def apply(self, record: Mapping[str, Any]) -> None:
        """Take a line into account, whether new or read from the file."""
        event = record["event"]
        if event == "selected":
            self.settings = dict(record["settings"])
            keys = [Key(**{**each, "id": UUID(each["id"])}) for each in record["keys"]]
            self.keys = {key.id: key for key in keys}
            return
        key = self.keys[UUID(record["old"])]
        match event:
            case "intended":
                key.forget_successor()
                key.successor = UUID(record["new"])
            case "saved":
                key.saved_at = float(record["at"])
            case "rotated":
                key.status, key.reason = "rotated", None
            case _:
                raise ValueError(event)


def peek(path: Path) -> State:
    """Read a journal, if it exists, without changing it."""
    raw = path.read_bytes() if path.exists() else b""
    return State(read_lines(raw, path), path)


class Journal(State):
    """The journal, open for writing, by this process alone."""

    def __init__(self, path: Path) -> None:
        self._lines = DurableLines(path)
        self.fd = self._lines.fd
        super().__init__(self._lines.records, path)

    def select(self, settings: Mapping[str, Any], keys: Iterable[Key]) -> None:
        """Settle the keys of this rotation, once and for all."""
        rows = [{"id": str(key.id), **{name: getattr(key, name) for name in _AS_SELECTED}} for key in keys]
        self._write({"event": "selected", "settings": dict(settings), "keys": rows})

    def intend(self, key: Key, successor: UUID) -> None:
        """Note the id of a successor that is about to be created."""
        self._write({"event": "intended", "old": str(key.id), "new": str(successor)})

    def saved(self, key: Key) -> None:
        """Note that the successor's secret is saved."""
        self._write({"event": "saved", "old": str(key.id), "new": str(key.successor), "at": time.time()})

    def rotated(self, key: Key) -> None:
        """Note that the rotation of a key is complete."""
        self._write({"event": "rotated", "old": str(key.id), "new": str(key.successor)})

    def close(self) -> None:
        """Close the file: another process may open it."""
        self._lines.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        self._lines.append(record)
        self.apply(record)
