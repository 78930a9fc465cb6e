"""What a token endpoint's response means: a token, or the reason why there is none. No I/O."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from yarl import URL

from aiomatatika.auth.token import Granted, Instant, Refused
from aiomatatika.credentials import MAX_TOKEN, is_token68
from aiomatatika.decoding.json_text import Mismatch, decode_json, member
from aiomatatika.errors import AuthenticationError, RateLimitError, ResponseError, TransportError
from aiomatatika.secret import Secret
from aiomatatika.transport.error_responses import error_code
from aiomatatika.transport.message import Response
from aiomatatika.transport.retry_after import server_retry_after, server_time

__all__ = ["read_token_response"]

_logger = logging.getLogger(__name__)

_DIGITS = re.compile(r"[0-9]{1,12}", re.ASCII)
_WHOLE_NUMBER = re.compile(r"-?[0-9]+(?:\.0*)?", re.ASCII)
# What a response without `expires_in` is taken to mean; RFC 6749 section 5.1 only recommends the field.
_DEFAULT_LIFETIME: Final = 600.0
_MAX_LIFETIME: Final = 7 * 86_400.0
_MAX_RESET: Final = 60.0
_TRANSIENT: Final = frozenset({408, 425})
_HINTS: Final[Mapping[str, str]] = {
    "invalid_client": "check the client secret; a new or rotated one can take up to 30 s to work",
    "unauthorized_client": "this client may not use this grant for this audience: use the credentials of an API key",
    "access_denied": "check the audience, and that the client is granted access to it",
}
_OTHER_HINT: Final = "check the credentials and the audience"
_UNKNOWN_CLIENT: Final = (
    "check client ID and secret; a new or rotated secret can take up to 30 s to work (create(…, ready_within=45) waits)"
)


def read_token_response(response: Response, asked_at: Instant) -> Granted | Refused:
    """Return the token of a response, or why it brings none."""
    status = response.status
    if status == 200:
        return _granted(response, asked_at)
    if status == 429:
        return Refused(_limited(response, asked_at))
    if 500 <= status < 600 or status in _TRANSIENT:
        return Refused(TransportError(f"the token endpoint answered with status {status}", sent="no"))
    if 400 <= status < 500:
        code = error_code(response)
        hint = _UNKNOWN_CLIENT if status == 401 else _HINTS.get(code or "", _OTHER_HINT)
        text = f"the identity provider refuses the credentials ({status} {code or 'without a code'}): {hint}"
        return Refused(AuthenticationError(text, status=status, code=code), final=True)
    if 300 <= status < 400:
        return Refused(ResponseError(f"the token endpoint redirects{_origin(response)}: not followed"))
    return Refused(ResponseError(f"the token endpoint answered with status {status}, where 200 was promised"))


def _granted(response: Response, asked_at: Instant) -> Granted | Refused:
    document = _document(response)
    if isinstance(document, Mismatch):
        return _unexpected(document.text)
    token, kind = member(document, "access_token"), member(document, "token_type")
    if token is None and (code := error_code(response)):
        return Refused(ResponseError(f"the token endpoint answered with status 200 and the error {code}"))
    if not isinstance(token, str) or not is_token68(Secret(token)):
        return _unexpected("access_token: expected a bearer token")
    if len(token) > MAX_TOKEN:
        return _unexpected("access_token: longer than 16 KiB")
    if kind is not None and (not isinstance(kind, str) or kind.lower() != "bearer"):
        return _unexpected("token_type: expected Bearer")
    lifetime = _lifetime(member(document, "expires_in"))
    if lifetime is None:
        _logger.warning(
            "the token endpoint did not say how long its token lives: taken as 600 s",
            extra=response.call.log_fields(response.status),
        )
        lifetime = _DEFAULT_LIFETIME
    return Granted(Secret(token), lifetime, asked_at)


def _unexpected(what: str) -> Refused:
    return Refused(ResponseError(f"the token endpoint's response: {what}"))


def _document(response: Response) -> Any:
    """Decode a response. Numbers that JSON has no form for pass here: a lifetime of NaN must not cost a good token."""
    document = decode_json(response.body, response.headers)
    if isinstance(document, Mismatch):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(response.body.decode(), object_pairs_hook=_unambiguous, parse_int=_bounded)
    return document


def _unambiguous(members: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(members)
    if len(named) < len(members):
        raise ValueError
    return named


def _bounded(digits: str) -> float:
    """Return a number of any length, no further from 0 than the longest lifetime: `int` refuses thousands of digits."""
    return max(-_MAX_LIFETIME, min(float(digits), _MAX_LIFETIME))


def _lifetime(value: Any) -> float | None:
    """Read ``expires_in``: many servers send a string (RFC 6749 erratum 5379). None: it says nothing."""
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return _bounded(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return float(max(-_MAX_LIFETIME, min(value, _MAX_LIFETIME)))  # an int of hundreds of digits fits into no float


def _limited(response: Response, asked_at: Instant) -> RateLimitError:
    error = RateLimitError(429, error="Too Many Requests", message="the identity provider limits token requests")
    error.retry_after = server_retry_after(response.headers, asked_at.wall)
    reset = response.headers.get("X-RateLimit-Reset", "")
    if error.retry_after is None and _DIGITS.fullmatch(reset):
        wait = float(reset) - server_time(response.headers, asked_at.wall)
        error.retry_after = min(max(wait, 0.0), _MAX_RESET)
    return error


def _origin(response: Response) -> str:
    try:
        return f" to {URL(response.headers['Location']).origin()}"
    except (KeyError, ValueError):
        return ""
