"""What a client sends to create or rename an API key, and what the API says when it is not valid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from aiomatatika.testing.answers import Answer, field_error, spring_error
from aiomatatika.testing.log import RecordedRequest

__all__ = ["KeyInput", "key_input"]

_OF_THE_SERVER = frozenset(
    {
        "id",
        "created",
        "lastModified",
        "name",
        "clientId",
        "clientSecret",
        "profileId",
        "accessToken",
        "_links",
        "_embedded",
    }
)
_MEDIA_TYPES = frozenset({"application/json", "application/hal+json"})


@dataclass(slots=True)
class KeyInput:
    """A valid body: the name, and the members that the server knows nothing of and keeps."""

    name: str
    extra: dict[str, Any]


def key_input(request: RecordedRequest, now: int) -> KeyInput | Answer:
    """Read the body of a PUT.

    Args:
        request: The request with its body.
        now: The time in nanoseconds since 1970, for the error.
    """

    def refuse(status: int, message: str, errors: list[dict[str, Any]] | None = None) -> Answer:
        return spring_error(status, message, request.path, now=now, errors=errors)

    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not request.body:
        return refuse(400, "Required request body is missing")
    if media_type not in _MEDIA_TYPES:
        return refuse(415, f"Content type '{media_type}' not supported")
    try:
        document: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        return refuse(400, "JSON parse error: Unexpected character")
    if not isinstance(document, dict):
        return refuse(400, "JSON parse error: Cannot deserialize value of type `ApiKeyResource`")
    members = cast("dict[str, Any]", document)
    name = members.get("name")
    if isinstance(name, dict | list):
        return refuse(400, "JSON parse error: Cannot deserialize value of type `java.lang.String`")
    if not isinstance(name, str) or not name.strip():
        error = field_error("NotBlank", "name", name, "must not be blank", of="apiKeyResource", failed=False)
        return refuse(400, "Validation failed for object='apiKeyResource'. Error count: 1", [error])
    return KeyInput(name, {member: value for member, value in members.items() if member not in _OF_THE_SERVER})
