"""Reading a JSON object that is broken in places: each member costs itself alone. No I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from aiomatatika.decoding.json_text import Mismatch, decode_json

__all__ = ["read_members"]

# A string, or a character that gives structure; what is between them is a number, a literal or broken.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]', re.DOTALL)
# The work grows with the product of the two, and a response that creates a key has less than 2 KiB.
_MAX_SIZE = 2**15
_MAX_LEVELS = 4
_MAX_OBJECTS = 100
# Others are not shown: a name is the server's text.
_PLAIN_NAME = re.compile(r"[\w-]{1,40}", re.ASCII)
# What ends a value that cannot go on.
_CLOSING = (b'"', b"}", b"]")


def read_members(body: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the members of a JSON object that can be read, and where the others are and why they cannot.

    A member whose name stands twice is one of the others: which of the two is meant is unknown.
    """
    document = decode_json(body)
    if isinstance(document, dict):
        return document, []
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"{") or len(text) > _MAX_SIZE:
        return {}, []
    members, unreadable = _salvaged(text, "", _MAX_LEVELS)
    return members, unreadable or ["body: its end is not JSON"]


def _salvaged(text: bytes, path: str, levels: int) -> tuple[dict[str, Any], list[str]]:
    members: dict[str, Any] = {}
    unreadable: list[str] = []
    pairs = [(decode_json(raw_name), raw_value) for raw_name, raw_value in _split(text)]
    times = Counter(name for name, _ in pairs if isinstance(name, str))
    for name, raw_value in pairs:
        if not isinstance(name, str):
            unreadable.append(f"{path}?: its name cannot be read")
            continue
        where = path + (name if _PLAIN_NAME.fullmatch(name) else "?")
        value = decode_json(raw_value)
        if times[name] == 1 and not isinstance(value, Mismatch):
            members[name] = value
        elif times[name] == 1 and raw_value.startswith(b"{") and raw_value.count(b"{") < _MAX_OBJECTS and levels > 1:
            members[name], inner = _salvaged(raw_value, f"{where}.", levels - 1)
            unreadable += inner
        else:
            unreadable.append(f"{where}: {'it stands twice' if times[name] > 1 else 'it cannot be read'}")
    return members, list(dict.fromkeys(unreadable))


def _split(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names and the values of an object as they are written, without judging them."""
    level = start = 0
    name = b""
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in b"{[":
            level += 1
            start = start or token.end()
        elif mark in b"}]":
            level -= 1
        if level == 1 and mark == b":" and not name:
            name, start = text[start : token.start()].strip(), token.end()
        elif name and (level == 0 or (level == 1 and mark == b",")):
            yield name, text[start : token.start()].strip()
            name, start = b"", token.end()
    if name:  # it breaks off
        value = text[start:].strip()
        yield name, value if value.endswith(_CLOSING) else b"?"
