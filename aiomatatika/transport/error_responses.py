"""Error responses into errors, fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiomatatika.decoding.json_text import decode_json, member
from aiomatatika.errors import (
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    MethodNotAllowedError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from aiomatatika.secret import Secret
from aiomatatika.transport.message import Response
from aiomatatika.transport.server_text import redact, redact_all

__all__ = ["api_error", "challenge_code", "error_code", "request_id"]

_CLASSES: Final[Mapping[int, type[ApiError]]] = {
    400: BadRequestError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    409: ConflictError,
    429: RateLimitError,
}
# Of an error as Spring writes it; as problem details have it (RFC 9457).
_MEMBERS: Final = {"error": ("error", "title"), "message": ("message", "detail"), "timestamp": ("timestamp",)}
_MAX_TEXT_BODY = 2**16
_CODE = re.compile(r"[a-z_]{1,64}", re.ASCII)
_CHALLENGE_CODE = re.compile(r'\berror="?([a-z_]{1,64})\b', re.ASCII)
_REQUEST_ID = re.compile(r"[!-~]{1,128}", re.ASCII)
_REQUEST_ID_HEADERS: Final = ("X-Request-Id", "X-Correlation-Id", "CF-RAY")


def error_code(response: Response) -> str | None:
    """Return the ``error`` code of an OAuth error body (RFC 6749 section 5.2), where it has the form of one."""
    code = member(decode_json(response.body), "error")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def challenge_code(response: Response) -> str | None:
    """Return the ``error`` code of the WWW-Authenticate header (RFC 6750 section 3), if there is one."""
    match = _CHALLENGE_CODE.search(response.headers.get("WWW-Authenticate", ""))
    return match[1] if match else None


def request_id(response: Response, secrets: Iterable[Secret]) -> str | None:
    """Return the id that an error response gives its request; None where there is none or it could be a secret."""
    for name in _REQUEST_ID_HEADERS:
        text = response.headers.get(name, "")
        if _REQUEST_ID.fullmatch(text) and redact(text, secrets) == text:
            return text
    return None


def api_error(
    response: Response, secrets: Iterable[Secret], retry_after: float | None, audience: str | None = None
) -> ApiError:
    """Return the error of a response with status 400 to 599.

    Its body (Spring's, problem details, or a page of some proxy) is optional.

    Args:
        response: The response.
        secrets: What the error must not repeat.
        retry_after: Seconds that the server asks to wait.
        audience: The audience that the token was requested for.
    """
    secrets = tuple(secrets)
    document = decode_json(response.body)
    texts: dict[str, str] = {}
    errors: Any = None
    if isinstance(document, Mapping):
        errors = document.get("errors")
        for attribute, names in _MEMBERS.items():
            text = next((document[name] for name in names if _is_text(document.get(name))), None)
            if text is not None:
                texts[attribute] = redact(text, secrets)
    elif response.body:
        texts["message"] = redact(response.body[:_MAX_TEXT_BODY].decode("utf-8", "replace"), secrets)
    cls = _CLASSES.get(response.status) or (ServerError if response.status >= 500 else ApiError)
    fields = redact_all(errors, secrets) if isinstance(errors, list) else []
    error = cls(response.status, errors=[each for each in fields if isinstance(each, Mapping)], **texts)
    if isinstance(error, ForbiddenError):
        error.code, error.audience = challenge_code(response), audience
    if isinstance(error, RateLimitError):
        error.retry_after = retry_after
    return error


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
