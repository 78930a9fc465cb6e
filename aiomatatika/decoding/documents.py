"""Bodies into resources. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from aiomatatika.decoding.converter import Read, learn_single, structure, structure_list, structure_single
from aiomatatika.decoding.json_text import Mismatch, decode_json, decode_page

__all__ = ["Content", "path_list", "read_array", "read_resource"]

T = TypeVar("T")

_MAX_PATHS = 20


class Content(msgspec.Struct, frozen=True):
    """A body and the headers that describe it. It does not show: a body can hold secrets."""

    body: bytes
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return "<Content hidden>"


def read_resource(content: Content, cls: type[T]) -> Read[T] | Mismatch:
    """Read a body that holds one resource; a name that stands twice in it is refused."""
    read = structure_single(content.body, cls)
    if read is not None:
        return read
    document = decode_json(content.body, content.headers)
    if isinstance(document, Mismatch):
        return document
    found = structure(document, cls)
    if isinstance(found, Read) and not found.unreadable:
        learn_single(document, cls)
    return found


def read_array(content: Content, cls: type[T]) -> Read[list[T]] | Mismatch:
    """Read a body that holds an array of resources, without an object around it."""
    document = decode_page(content.body, content.headers)
    if isinstance(document, Mismatch):
        return document
    return structure_list(document, cls, "") if isinstance(document, list) else Mismatch("body: expected an array")


def path_list(paths: Sequence[str]) -> str:
    """Return the paths of members that could not be read, for a message: at most 20."""
    more = len(paths) - _MAX_PATHS
    return ", ".join(paths[:_MAX_PATHS]) + (f" and {more} more" if more > 0 else "")
