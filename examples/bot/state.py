"""What the bot remembers, in memory and, if it is given one, in a small file. Ids and names only, no secrets."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

_MOST_UPDATES = 500
_MOST_REPORTS = 200


class StateError(Exception):
    """The file cannot be used; the message says why."""


class State(BaseModel):
    """What the bot remembers.

    Attributes:
        api: The API that the keys were seen at.
        keys: The names of the keys by id, as of the watcher's last look; None before the first.
        chats: The private chats that get the watcher's reports.
        reports: What is still to be sent: chat and text.
        updates: The updates that were taken on: their chat while they are worked on, None when they are done.
        letters: The messages that hold, or are about to hold, a secret: chat and message id.
    """

    model_config = ConfigDict(extra="forbid")

    api: str | None = None
    keys: dict[str, str] | None = None
    chats: list[int] = []
    reports: list[tuple[int, str]] = []
    updates: dict[int, int | None] = {}
    letters: list[tuple[int, int]] = []

    _path: Path | None = PrivateAttr(default=None)

    @classmethod
    def at(cls, path: Path | None) -> State:
        """Read a state back, or begin a new one.

        Raises:
            StateError: The file is not a state of this bot, or cannot be read or written.
        """
        state = cls()
        try:
            if path is not None and path.exists():
                state = cls.model_validate_json(path.read_bytes())
            state._path = path  # noqa: SLF001  # of this class
            state.save()
        except ValidationError:
            # A state is written whole or not at all, so this is not a broken one but something else, which must stay.
            raise StateError(
                f"{path} is not a state of this bot: move it away, or name another file in BOT_STATE"
            ) from None
        except OSError as error:
            raise StateError(f"{path} (BOT_STATE) cannot be used: {error.strerror or error}") from None
        return state

    def save(self) -> None:
        """Write the file, whole or not at all, whatever ends the program meanwhile."""
        if self._path is None:
            return
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.model_dump_json(indent=1))
                file.flush()
                os.fsync(handle)
            Path(name).replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise

    def begin(self, update_id: int, chat_id: int | None) -> bool:
        """Accept an update, unless that was done before."""
        if update_id in self.updates:
            return False
        self.updates[update_id] = chat_id
        for oldest in list(self.updates)[:-_MOST_UPDATES]:
            del self.updates[oldest]
        self.save()
        return True

    def finish(self, update_id: int) -> None:
        """Note that an update has been handled."""
        self.updates[update_id] = None
        self.save()

    def subscribe(self, chat_id: int) -> None:
        """Send reports to a chat from now on."""
        if chat_id not in self.chats:
            self.chats.append(chat_id)
            self.save()

    def unsubscribe(self, chat_id: int) -> None:
        """Forget a chat, and the reports meant for it."""
        self.chats = [each for each in self.chats if each != chat_id]
        self.reports = [each for each in self.reports if each[0] != chat_id]
        self.save()

    def report(self, text: str) -> None:
        """Queue a text for every chat. The next `save` saves it."""
        self.reports = [*self.reports, *((chat, text) for chat in self.chats)][-_MOST_REPORTS:]
