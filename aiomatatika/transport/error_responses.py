"""Error answers into errors, with whatever a server echoes of our credentials cut out."""

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

__all__ = ["api_error", "challenge_code", "error_code", "redact"]

_CLASSES: Final[Mapping[int, type[ApiError]]] = {
    400: BadRequestError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    409: ConflictError,
    429: RateLimitError,
}
_LONGEST_TEXT = 500
_MOST_ERRORS = 50
_DEEPEST = 5
_CODE = re.compile(r"[a-z_]{1,64}", re.ASCII)
_CHALLENGE_CODE = re.compile(r'\berror="?([a-z_]{1,64})\b', re.ASCII)
# Each start ends at the next one or at the end of the text: no page makes this slow.
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL)
# Credentials that are not ours to know: a header or a form that the server repeats.
_CREDENTIAL = re.compile(
    r"\b(?:Bearer|Basic)\s+[A-Za-z0-9\-._~+/=]+"
    r"|\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"
    r"|\b(?:client_?secret|access_?token)\b[\"'\s:=]+[^\s\"'&,;]+",
    re.IGNORECASE,
)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Return a server's text without the secrets, without markup and white space at length, at most 500 characters."""
    for secret in secrets:
        text = text.replace(secret.reveal(), "[hidden]")
    # Cut only after whole secrets are out: a cut through one would leave its first half.
    text = _CREDENTIAL.sub("[hidden]", text)
    text = " ".join(_MARKUP.sub(" ", text[: 40 * _LONGEST_TEXT]).split())
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _redacted(value: Any, secrets: Iterable[Secret], depth: int = 0) -> Any:
    if isinstance(value, str):
        return redact(value, secrets)
    if depth == _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {redact(name, secrets): _redacted(each, secrets, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_redacted(each, secrets, depth + 1) for each in value[:_MOST_ERRORS]]
    return value


def error_code(response: Response) -> str | None:
    """Return the ``error`` code of an OAuth error body (RFC 6749 section 5.2), where it has the form of one."""
    code = member(decode_json(response.body), "error")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def challenge_code(response: Response) -> str | None:
    """Return the ``error`` code of the WWW-Authenticate header (RFC 6750 section 3), if there is one."""
    match = _CHALLENGE_CODE.search(response.headers.get("WWW-Authenticate", ""))
    return match[1] if match else None


def api_error(response: Response, secrets: Iterable[Secret], retry_after: float | None) -> ApiError:
    """Return the error of an answer with status 400 to 599; its body (Spring's, or none of the kind) is optional."""
    secrets = tuple(secrets)
    document = decode_json(response.body)
    known = document if isinstance(document, Mapping) else {}
    texts = {
        name: redact(known[name], secrets)
        for name in ("error", "message", "timestamp")
        if isinstance(known.get(name), str)
    }
    errors = known.get("errors")
    if not isinstance(document, Mapping) and response.body:
        texts["message"] = redact(response.body[: 2**16].decode("utf-8", "replace"), secrets)
    cls = _CLASSES.get(response.status) or (ServerError if response.status >= 500 else ApiError)
    error = cls(
        response.status,
        errors=[_redacted(each, secrets) for each in errors[:_MOST_ERRORS] if isinstance(each, Mapping)]
        if isinstance(errors, list)
        else (),
        **texts,
    )
    if isinstance(error, ForbiddenError):
        error.code = challenge_code(response)
    if isinstance(error, RateLimitError):
        error.retry_after = retry_after
    return error
