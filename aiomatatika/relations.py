"""Link relations of this API: ``{action} … {relation}``, any number of actions on one target. No I/O.

One href serves all the actions: the action decides the HTTP method ("Links" page of the API reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["Relation"]

_METHODS: Final[Mapping[str, str]] = {
    "add": "PUT",
    "create": "PUT",
    "delete": "DELETE",
    "draft": "PUT",
    "edit": "PATCH",
    "latest": "GET",
    "make-default": "PUT",
    "new": "POST",
    "publish": "POST",
    "search": "GET",
    "self": "GET",
    "update": "PUT",
    "validate": "POST",
    "verify": "POST",
    "withdraw": "PUT",
}
# Where the server's own routes differ from the table that its documentation gives.
_EXCEPTIONS: Final[Mapping[str, str]] = {
    "add subscription": "POST",
    "create invitation": "POST",
    "deploy workspace": "POST",
    "withdraw administrator": "DELETE",
}


class Relation(msgspec.Struct, frozen=True):
    """A link relation, taken apart: ``"update delete workspace"`` has the actions update and delete on a workspace.

    Attributes:
        text: The relation as the server writes it.
        actions: Its actions in the server's order; empty for a plain relation, such as ``profile``.
        target: What they act on; None for an action alone, such as ``self``.
    """

    text: str
    actions: tuple[str, ...]
    target: str | None

    @classmethod
    def parse(cls, text: str) -> Relation:
        """Take a relation apart. ``edit-history`` is one word and no action; ``make-default`` is an action alone."""
        *actions, last = text.split() or [""]
        if not actions and last in _METHODS:
            return cls(text, (last,), None)
        return cls(text, tuple(actions), last)

    def method(self, action: str | None = None) -> str | None:
        """Return the HTTP method of one of the actions, or of the relation where it has only one meaning.

        A plain relation is GET. None: the documentation does not say, or the actions differ.
        """
        if action is None:
            methods = {self.method(each) for each in self.actions} or {"GET"}
            return methods.pop() if len(methods) == 1 else None
        return _EXCEPTIONS.get(f"{action} {self.target}") or _METHODS.get(action)
