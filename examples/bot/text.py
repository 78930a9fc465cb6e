"""Names, ages and lists as HTML that Telegram takes: escaped, and never too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from aiogram import html

_LONGEST_NAME = 64
# Telegram allows 4096 after it has taken the tags away; a character can count as two.
_LONGEST_MESSAGE = 3_500


def plain(name: str | None) -> str:
    """Return a name, whoever chose it, as one short line of text."""
    visible = "".join(each if each.isprintable() else "·" for each in (name or "").strip())
    if len(visible) > _LONGEST_NAME:
        visible = visible[: _LONGEST_NAME - 1] + "…"
    return visible or "(no name)"


def shown(name: str | None) -> str:
    """Return a name as HTML, escaped."""
    return html.quote(plain(name))


def age(created: datetime | None) -> str:
    """Return how old something is, in the largest unit that fits."""
    if created is None:
        return "of unknown age"
    seconds = (datetime.now(UTC) - created).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} old"
    return "just made"


def messages(lines: Iterable[str]) -> Iterator[str]:
    """Join lines to messages that Telegram takes."""
    message = ""
    for line in lines:
        if message and len(message) + len(line) >= _LONGEST_MESSAGE:
            yield message
            message = ""
        message = f"{message}\n{line}" if message else line
    if message:
        yield message
