"""Responses as values: what the server is about to send, before any damage is done to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

__all__ = ["ServerResponse", "hal_response", "json_bytes", "reason_phrase"]


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


def reason_phrase(status: int) -> str:
    """Return the standard phrase of a status, or an empty text for a status that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
