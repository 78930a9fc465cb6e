"""One DEBUG record for each attempt that went out: the API's and the token endpoint's."""

from __future__ import annotations

import logging

from aiomatatika.transport.failure import NoResponse
from aiomatatika.transport.message import CallFacts, Response

__all__ = ["is_logged", "log_attempt"]

_logger = logging.getLogger(__name__)


def is_logged() -> bool:
    """Tell whether anybody looks: a call does not read the clock for nothing."""
    return _logger.isEnabledFor(logging.DEBUG)


def log_attempt(facts: CallFacts, path: str, response: Response | NoResponse, duration: float) -> None:
    """Log an attempt.

    Args:
        facts: The call that it belongs to.
        path: Where it went: elsewhere than the call after a redirect.
        response: What came of it.
        duration: How many seconds it took.
    """
    what = response.reason if isinstance(response, NoResponse) else response.status
    fields = facts.log_fields(response.status) | {"path": path, "duration": duration}
    _logger.debug("%s %s: %s (attempt %d)", facts.method, path, what, facts.attempts, extra=fields)
