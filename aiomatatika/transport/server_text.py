"""Words of a server, made fit to be shown: without credentials, without markup, escaped and cut. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiomatatika.display import escaped
from aiomatatika.secret import Secret

__all__ = ["redact", "redact_all"]

_MAX_TEXT = 500
_MAX_ITEMS = 50
_MAX_DEPTH = 6
# Each start ends at the next one or at the end of the text: no page makes this slow.
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL)
# Credentials that we do not know: a header or a form that the server repeats.
_CREDENTIAL = re.compile(
    r"\b(?:Bearer|Basic)\s+[A-Za-z0-9\-._~+/=]+"
    r"|\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"
    r"|\b(?:client_?secret|access_?token)\b[\"'\s:=]+[^\s\"'&,;]+",
    re.IGNORECASE,
)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Return a server's text without secrets, markup and runs of white space: escaped, at most 500 characters."""
    for secret in secrets:
        text = text.replace(secret.reveal(), "[hidden]")
    # Cut only after whole secrets are out: a cut through one would leave its first half.
    text = _CREDENTIAL.sub("[hidden]", text)
    text = escaped(" ".join(_MARKUP.sub(" ", text[: 40 * _MAX_TEXT]).split()))
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def redact_all(value: Any, secrets: Iterable[Secret], depth: int = 0) -> Any:
    """Return a JSON value with every text redacted, lists cut after 50 items, and nothing below the sixth level."""
    if isinstance(value, str):
        return redact(value, secrets)
    if depth == _MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {redact(name, secrets): redact_all(each, secrets, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [redact_all(each, secrets, depth + 1) for each in value[:_MAX_ITEMS]]
    return value
