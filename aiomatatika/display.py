"""Words that a server chose, fit to be shown: escaped, so that no terminal acts on them, and cut. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["escaped", "name_list", "shown"]

_MAX_NAME = 60
_MAX_NAMES = 20


def escaped(text: str) -> str:
    r"""Return a text that no terminal acts on: control characters and bidi overrides as ``\x1b`` or ``\u202e``."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def shown(name: str) -> str:
    """Return a name of the server's for a message: escaped, and cut to 60 characters."""
    text = escaped(name[: _MAX_NAME + 1])
    return text if len(text) <= _MAX_NAME else text[: _MAX_NAME - 1] + "…"


def name_list(names: Iterable[str]) -> str:
    """Return names for a message: at most 20, and how many more there are."""
    shown_names = [shown(name) for name in names]
    more = len(shown_names) - _MAX_NAMES
    return ", ".join(shown_names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
