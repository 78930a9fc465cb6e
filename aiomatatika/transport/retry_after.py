"""How long a server asks to wait: the Retry-After header and HTTP-dates. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["parse_http_date", "parse_retry_after", "server_retry_after", "server_time"]

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_MAX_WAIT = 10**9
# RFC 9110 section 5.6.7: the preferred form and the two obsolete ones. `email.utils` reads much more than these.
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:[A-Z][a-z]{2}) \d{4} \d\d:\d\d:\d\d GMT"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    re.ASCII,
)


def parse_http_date(text: str | None) -> float | None:
    """Return an HTTP-date (RFC 9110 section 5.6.7) in seconds since 1970; None for anything else."""
    if not text or not _HTTP_DATE.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC).timestamp()


def parse_retry_after(text: str | None, *, now: float) -> float | None:
    """Return the seconds of a Retry-After header: ASCII digits or an HTTP-date (RFC 9110 section 10.2.3).

    Args:
        text: The header's value.
        now: The server's time where it sent a Date header, else the local one; in seconds since 1970.

    Returns:
        Seconds from 0 to 10**9; None where the header is missing or is anything else.
    """
    text = (text or "").strip(" \t")
    if _DIGITS.fullmatch(text):
        return float(_MAX_WAIT if len(text) > 9 else int(text))  # `int` refuses thousands of digits
    moment = parse_http_date(text)
    return None if moment is None else min(max(moment - now, 0.0), float(_MAX_WAIT))


def server_time(headers: Mapping[str, str], local_time: float) -> float:
    """Return the server's time of day (its Date header), else ours: so a wrong local clock does no harm."""
    return parse_http_date(headers.get("Date")) or local_time


def server_retry_after(headers: Mapping[str, str], local_time: float) -> float | None:
    """Return the seconds that a response asks to wait, by the server's own clock; None where it does not ask."""
    return parse_retry_after(headers.get("Retry-After"), now=server_time(headers, local_time))
