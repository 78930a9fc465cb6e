"""Stored tokens as a JSON text and back. What cannot be read is no token; no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from aiomatatika.auth.stores.protocol import StoredToken
from aiomatatika.credentials import MAX_TOKEN, is_token68
from aiomatatika.decoding.json_text import decode_json, member
from aiomatatika.secret import Secret

__all__ = ["from_text", "to_text"]

_VERSION: Final = 1
_MAX_TIME: Final = 1e11
_MAX_LIFETIME: Final = 7 * 86_400.0


def to_text(tokens: Mapping[str, StoredToken]) -> Secret:
    """Return the tokens of some keys as a text."""
    records = {
        key: {"token": token.value.reveal(), "issued_at": token.issued_at, "lifetime": token.lifetime}
        for key, token in tokens.items()
    }
    return Secret(json.dumps({"version": _VERSION, "tokens": records}))


def from_text(text: Secret) -> dict[str, StoredToken]:
    """Return the tokens of a text that `to_text` has made; none of any other text, and no damaged one."""
    document = decode_json(text.reveal().encode("utf-8", "replace"))
    records = member(document, "tokens") if member(document, "version") == _VERSION else None
    if not isinstance(records, dict):
        return {}
    tokens = {key: _token(record) for key, record in records.items()}
    return {key: token for key, token in tokens.items() if token is not None}


def _token(record: object) -> StoredToken | None:
    value, issued_at, lifetime = (member(record, name) for name in ("token", "issued_at", "lifetime"))
    if not isinstance(value, str) or len(value) > MAX_TOKEN or not is_token68(Secret(value)):
        return None
    if not _is_number(issued_at, _MAX_TIME) or not _is_number(lifetime, _MAX_LIFETIME):
        return None
    return StoredToken(Secret(value), float(issued_at), float(lifetime))


def _is_number(value: object, limit: float) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and 0 < value <= limit
