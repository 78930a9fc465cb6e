"""The documents that the API would send, in its own size, order and spelling, as bytes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

__all__ = ["API", "KINDS", "compact", "key_id", "keys_page", "one_key", "written"]

API = "https://app.matatika.com/api"
_PROFILE = "auth0|5eb0a1c2d3e4f5a6b7c8d9e0"


def key_id(number: int) -> UUID:
    """Return the id of the n-th key: a version 4 UUID, as the API's are."""
    return UUID(int=(0x5EB0_A1C2 << 96) | (0x4 << 76) | (0x8 << 60) | number)


def one_key(number: int, root: str = API) -> dict[str, Any]:
    """Return a key as an element of a list or an answer of its own."""
    identity = key_id(number)
    href = {"href": f"{root}/apikeys/{identity}"}
    return {
        "id": str(identity),
        "created": "2024-01-08T13:35:35.961074",
        "lastModified": "2024-02-29T09:10:11.9304",
        "name": f"nightly batch {number}",
        "clientId": f"kJ7{number:029d}",
        "profileId": _PROFILE,
        "_links": {
            "self": href,
            "update apikey": href,
            "delete apikey": href,
            "profile": {"href": f"{root}/profiles/{_PROFILE.replace('|', '%7C')}"},
        },
    }


def keys_page(number: int, size: int, total: int, root: str = API) -> dict[str, Any]:
    """Return a page of a collection of so many keys."""

    def link(page: int) -> dict[str, str]:
        return {"href": f"{root}/apikeys/?page={page}&size={size}"}

    pages = -(-total // size)
    links = {"first": link(0), "self": link(number), "last": link(pages - 1)}
    if number + 1 < pages:
        links["next"] = link(number + 1)
    return {
        "_embedded": {
            "apikeys": [one_key(each, root) for each in range(number * size, min(total, (number + 1) * size))]
        },
        "_links": links,
        "page": {"size": size, "totalElements": total, "totalPages": pages, "number": number},
    }


def compact(document: Any) -> bytes:
    """Encode as the API does: UTF-8 without white space."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


KINDS = ("plain", "nine digits", "escapes", "unknown member", "indented", "mixed")
"""What documents of the API are like: one oddity each, and all of them together."""


def _items(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for items in document.get("_embedded", {}).values():
        yield from items if isinstance(items, list) else ()
    if "id" in document:
        yield document


def _change(item: dict[str, Any], number: int, kind: str) -> None:
    if kind in {"nine digits", "mixed"} and number % 10 == 3:
        item.update({name: f"{value[:19]}.961073921" for name, value in item.items() if _is_timestamp(value)})
    if kind in {"escapes", "mixed"} and number % 20 == 7 and "name" in item:
        item["name"] = f'K\u00fcche "{number}"\n\u6728'
    if kind in {"unknown member", "mixed"} and number % 2:
        item["region"] = "eu-central"


def _is_timestamp(value: object) -> bool:
    return isinstance(value, str) and value[4:5] == value[7:8] == "-" and value[10:11] == "T"


def written(document: dict[str, Any], kind: str = "plain") -> bytes:
    """Encode a page or a resource of any class as documents of a kind are.

    Every tenth item has timestamps with nine digits, every twentieth a name with escapes and characters beyond ASCII,
    every other one a member that the class does not know; or the text is indented.
    """
    document = copy.deepcopy(document)
    for number, item in enumerate(_items(document)):
        _change(item, number, kind)
    if kind in {"indented", "mixed"}:
        return json.dumps(document, indent=2).encode()
    return compact(document)
