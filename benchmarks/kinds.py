"""What documents of the API look like: one oddity each, and all of them together, as bytes."""

from __future__ import annotations

import json
from typing import Any, Final

from benchmarks.documents import API, Subject, page_of

__all__ = ["KINDS", "MIXED", "ODD", "compact", "written_page", "written_resource"]

MIXED: Final = "mixed"
KINDS: Final = {
    "plain": "no oddity",
    "nine-digits": "every tenth item has timestamps of nine digits",
    "escapes": "every twentieth item has a name with escapes and characters beyond ASCII",
    "unknown-member": "every other item has a member that the class does not know",
    "indented": "the text is indented",
    MIXED: "all of it",
}
ODD: Final = 7
"""The number of a resource that has every oddity of its kind."""


def compact(document: Any) -> bytes:
    """Encode as the API does: UTF-8 without white space."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _indented(document: Any) -> bytes:
    return json.dumps(document, indent=2, separators=(",", " : "), ensure_ascii=False).encode()


def _is_timestamp(value: object) -> bool:
    return isinstance(value, str) and value[4:5] == value[7:8] == "-" and value[10:11] == "T"


def _change(item: dict[str, Any], number: int, kind: str) -> None:
    if kind in {"nine-digits", MIXED} and number % 10 == ODD:
        item.update({name: f"{value[:19]}.961073921" for name, value in item.items() if _is_timestamp(value)})
    if kind in {"escapes", MIXED} and number % 20 == ODD:
        named = next(each for each in ("name", "title", "triggeredBy") if each in item)
        item[named] = f'K\u00fcche "{number}"\n\u6728'
    if kind in {"unknown-member", MIXED} and number % 2:
        item["region"] = "eu-central"


def _written(document: dict[str, Any], kind: str) -> bytes:
    return _indented(document) if kind in {"indented", MIXED} else compact(document)


def written_resource(subject: Subject, kind: str) -> bytes:
    """Encode one resource, which has every oddity of the kind."""
    document = subject.resource(ODD, API)
    _change(document, ODD, kind)
    return _written(document, kind)


def written_page(subject: Subject, kind: str, size: int, number: int = 0, total: int | None = None) -> bytes:
    """Encode a page of a collection; the whole collection, unless there is a total."""
    document = page_of(subject, number, size, size if total is None else total)
    for place, item in enumerate(document["_embedded"][subject.relation]):
        _change(item, place, kind)
    return _written(document, kind)
