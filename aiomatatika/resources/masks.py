"""Secrets that the server shows as asterisks or bullets: they are no values, and are never sent back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["is_masked", "is_usable", "without_masks"]


def is_masked(value: object) -> bool:
    """Tell whether a value is a text of nothing but asterisks or bullets."""
    return isinstance(value, str) and bool(value) and not value.strip("*\u2022")


def is_usable(secret: str) -> bool:
    """Tell whether a text can be a secret: a mask cannot, nor can a blank."""
    return bool(secret.strip("*\u2022 \t\r\n"))


def without_masks(value: Any, left_out: list[str], where: str = "") -> Any:
    """Return JSON without the members and items, at any depth, whose value is a masked secret.

    Args:
        value: The JSON.
        left_out: The path of each is added to it.
        where: The path of the value.
    """
    if isinstance(value, Mapping):
        parts = [(name, f"{where}.{name}" if where else name, part) for name, part in value.items()]
        left_out += [path for _, path, part in parts if is_masked(part)]
        return {name: without_masks(part, left_out, path) for name, path, part in parts if not is_masked(part)}
    if isinstance(value, list | tuple):
        items = [(f"{where}[{index}]", item) for index, item in enumerate(value)]
        left_out += [path for path, item in items if is_masked(item)]
        return [without_masks(item, left_out, path) for path, item in items if not is_masked(item)]
    return value
