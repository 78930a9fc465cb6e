"""Answers as values, and the error bodies of the API and of its identity provider."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

__all__ = [
    "Answer",
    "field_error",
    "hal",
    "json_bytes",
    "oauth_error",
    "phrase",
    "read_back",
    "spring_error",
    "unauthorized",
    "written",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Answer:
    """What the server is going to say. A body that comes in pieces is sent chunked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | AsyncIterator[bytes] = field(default=b"", repr=False)


def json_bytes(document: Any) -> bytes:
    """Return JSON as the API writes it: UTF-8, compact; a lone surrogate becomes a question mark, as in Java."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def hal(document: Any, status: int = 200) -> Answer:
    """Return a HAL document."""
    return Answer(status, {"Content-Type": "application/hal+json"}, json_bytes(document))


def phrase(status: int) -> str:
    """Return the reason phrase of a status, empty for one that nobody has heard of."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def spring_error(
    status: int,
    message: str,
    path: str,
    *,
    now: int,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return an error as Spring Boot words it.

    Args:
        status: The HTTP status.
        message: What went wrong.
        path: The request's path as it was sent.
        now: The time in nanoseconds since 1970.
        errors: The failing fields (`field_error`).
        headers: More header fields.
    """
    body: dict[str, Any] = {"timestamp": read_back(now), "status": status, "error": phrase(status)}
    if errors:
        body["errors"] = errors
    body |= {"message": message, "path": path}
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, json_bytes(body))


def field_error(code: str, field: str, rejected: object, message: str, *, of: str, failed: bool) -> dict[str, Any]:
    """Return an entry of ``errors``: code and field, the value refused, and whether it could not even be converted."""
    return {
        "codes": [f"{code}.{of}.{field}", f"{code}.{field}", code],
        "defaultMessage": message,
        "objectName": of,
        "field": field,
        "rejectedValue": rejected,
        "bindingFailure": failed,
        "code": code,
    }


def oauth_error(status: int, error: str, description: str) -> Answer:
    """Return an error of the identity provider."""
    return Answer(
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"},
        json_bytes({"error": error, "error_description": description}),
    )


def unauthorized() -> Answer:
    """Return what the API says to a token that it does not accept: nothing but the challenge."""
    return Answer(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def written(nanoseconds: int) -> str:
    """Return a time as the API writes it from memory: no zone, up to 9 digits, trailing zeros dropped."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{fraction:09}".rstrip("0") if fraction else text


def read_back(nanoseconds: int) -> str:
    """Return a time as the API writes it after its database has rounded it to 6 digits."""
    return written((nanoseconds + 500) // 1_000 * 1_000)
