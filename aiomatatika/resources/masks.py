"""Secrets that the server shows as asterisks or bullets: they are no values, and are never sent back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["is_masked", "without_masks"]


def is_masked(text: str) -> bool:
    """Tell whether a text is a mask, or blank, and so no secret that anybody could use."""
    return not text.strip("*\u2022 \t\r\n")


def without_masks(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without the members, at any depth, whose value is a masked secret."""
    return {
        name: without_masks(value) if isinstance(value, Mapping) else value
        for name, value in document.items()
        if not (isinstance(value, str) and value and is_masked(value))
    }
