"""The body that creates or renames an API key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from aiomatatika.testing.error_responses import FieldError, RefusedError
from aiomatatika.testing.request_log import RecordedRequest

__all__ = ["ApiKeyBody", "read_api_key_body"]

_SET_BY_THE_SERVER = frozenset(
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
class ApiKeyBody:
    """A valid body: the name, and the members that the server does not know and keeps."""

    name: str
    extra: dict[str, Any]


def read_api_key_body(request: RecordedRequest) -> ApiKeyBody:
    """Read the body of a PUT.

    Raises:
        RefusedError: The body is missing, malformed or invalid.
    """
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not request.body:
        raise RefusedError(400, "Required request body is missing")
    if media_type not in _MEDIA_TYPES:
        raise RefusedError(415, f"Content type '{media_type}' not supported")
    try:
        document: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "JSON parse error: Unexpected character") from None
    if not isinstance(document, dict):
        raise RefusedError(400, "JSON parse error: Cannot deserialize value of type `ApiKeyResource`")
    members = cast("dict[str, Any]", document)
    name = members.get("name")
    if isinstance(name, dict | list):
        raise RefusedError(400, "JSON parse error: Cannot deserialize value of type `java.lang.String`")
    if not isinstance(name, str) or not name.strip():
        error = FieldError(
            code="NotBlank", field="name", rejected=name, message="must not be blank", object_name="apiKeyResource"
        )
        raise RefusedError(400, "Validation failed for object='apiKeyResource'. Error count: 1", errors=(error,))
    return ApiKeyBody(name, {member: value for member, value in members.items() if member not in _SET_BY_THE_SERVER})
