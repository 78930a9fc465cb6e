"""What a client sends: JSON objects, and the rules that Spring checks them by."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from aiomatatika.testing.error_responses import FieldError, RefusedError
from aiomatatika.testing.forms import misfit
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.resource_types import ResourceType

__all__ = ["JSON_TYPES", "json_object", "media_type_of", "members_of", "valid_members"]

JSON_TYPES = frozenset({"application/json", "application/hal+json"})
_WHITE_SPACE = re.compile(r"\s")


def media_type_of(request: RecordedRequest) -> str:
    """Return the media type of a body, without its parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def json_object(
    request: RecordedRequest, type: ResourceType, media_types: frozenset[str] = JSON_TYPES
) -> dict[str, Any]:
    """Return the body, which has to be a JSON object.

    Raises:
        RefusedError: It is missing, malformed, something else, or of another media type.
    """
    if not request.body:
        raise RefusedError(400, "Required request body is missing")
    media_type = media_type_of(request)
    if media_type not in media_types:
        raise RefusedError(415, f"Content type '{media_type}' not supported")
    try:
        document: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "JSON parse error: Unexpected character") from None
    if not isinstance(document, dict):
        raise _unreadable(f"{type.name}Resource")
    members = cast("dict[str, Any]", document)
    if (name := misfit(members_of(members, type), type.name)) is not None:
        raise _unreadable(f'{type.name}Resource["{name}"]')
    return members


def members_of(document: dict[str, Any], type: ResourceType) -> dict[str, Any]:
    """Return what a client may set, and what the server does not know; not what the server sets itself."""
    return {name: value for name, value in document.items() if name not in type.set_by_the_server}


def valid_members(
    request: RecordedRequest, type: ResourceType, media_types: frozenset[str] = JSON_TYPES
) -> dict[str, Any]:
    """Return what a client has set in a body that has all that is required.

    Raises:
        RefusedError: A member is missing or of another type, or the body is something else than a JSON object.
    """
    document = json_object(request, type, media_types)
    errors = tuple(error for name in type.required if (error := _missing(document.get(name), name, type)))
    if type.name == "Pipeline" and _WHITE_SPACE.search(str(document.get("name", ""))):
        errors += (_broken(type, "name", document["name"], ("Pattern", 'must match "[^\\s]*"')),)
    if errors:
        message = f"Validation failed for object='{type.java_name}'. Error count: {len(errors)}"
        raise RefusedError(400, message, errors=errors)
    return members_of(document, type)


def _missing(value: object, name: str, type: ResourceType) -> FieldError | None:
    is_array = name in type.arrays
    if value and (is_array or (isinstance(value, str) and value.strip())):
        return None
    rule = ("NotEmpty", "must not be empty") if is_array else ("NotBlank", "must not be blank")
    return _broken(type, name, value, rule)


def _broken(type: ResourceType, field: str, value: object, rule: tuple[str, str]) -> FieldError:
    code, message = rule
    return FieldError(code=code, field=field, rejected=value, message=message, object_name=type.java_name)


def _unreadable(java_type: str) -> RefusedError:
    return RefusedError(400, f"JSON parse error: Cannot deserialize value of type `{java_type}`")
