"""Responses as values: what the server is about to send, before any damage is done to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

__all__ = ["ServerResponse", "accepted_type", "hal_response", "json_bytes", "json_response", "reason_phrase"]


@dataclass(slots=True)
class ServerResponse:
    """A response to send. A body that comes in pieces is sent chunked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | AsyncIterator[bytes] = field(default=b"", repr=False)


def json_bytes(document: Any) -> bytes:
    """Return JSON as the API writes it: UTF-8, compact; a lone surrogate becomes a question mark, as in Java."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def hal_response(document: Any, status: int = 200) -> ServerResponse:
    """Return a HAL document."""
    return ServerResponse(status, {"Content-Type": "application/hal+json"}, json_bytes(document))


def json_response(document: Any, status: int = 200) -> ServerResponse:
    """Return a JSON document that is not HAL."""
    return ServerResponse(status, {"Content-Type": "application/json"}, json_bytes(document))


def accepted_type(accept: str, offered: tuple[str, ...]) -> str | None:
    """Return the media type that an Accept header asks for, or None where it takes none of those offered.

    Args:
        accept: The header; an empty text takes anything.
        offered: The media types to choose from; the first one is the default.
    """
    for text in accept.split(","):
        wanted = text.partition(";")[0].strip().lower()
        if wanted in {"", "*/*"}:
            return offered[0]
        if wanted in offered:
            return wanted
        if wanted.endswith("/*") and (found := [each for each in offered if each.startswith(wanted[:-1])]):
            return found[0]
    return None


def reason_phrase(status: int) -> str:
    """Return the standard phrase of a status, or an empty text for a status that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
