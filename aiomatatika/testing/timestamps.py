"""Times as the API writes them: in UTC without a zone, trailing zeros dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["microsecond_timestamp", "nanosecond_timestamp"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanosecond_timestamp(nanoseconds: int) -> str:
    """Return a time since 1970 with up to nine digits: the API writes what it has just made from memory."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{fraction:09}".rstrip("0") if fraction else text


def microsecond_timestamp(nanoseconds: int) -> str:
    """Return a time since 1970 rounded to six digits: what the API reads back from its database."""
    return nanosecond_timestamp((nanoseconds + 500) // 1_000 * 1_000)
