"""What a grant raises, as the reason why there is no token: the network's failure, or the callable's own."""

from __future__ import annotations

import copy
from pathlib import Path
from traceback import walk_tb

import aiohttp

from aiomatatika.auth.token import Refused
from aiomatatika.errors import AuthenticationError, MatatikaError, TransportError, TransportTimeoutError

__all__ = ["raised_at", "refusal"]

# An OSError, and yet not the network's: a file that the callable reads.
_FILE_ERRORS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
_TRANSIENT_REFUSALS = frozenset({408, 425, 429})


def raised_at(error: BaseException) -> str:
    """Name an exception that was caught and the line that raised it: its text may hold what must not be seen."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{type(error).__name__} at {Path(frame.f_code.co_filename).name}:{line}"


def refusal(error: Exception) -> Refused:
    """Return what a grant raised as the reason why there is no token.

    An error of ours stands as it is. A failing network, in whatever library's words, is a `TransportError`: it helps to
    ask again later. Anything else is the callable's own failure.
    """
    if isinstance(error, MatatikaError):
        return Refused(copy.copy(error))
    text, cause = f"the token callable failed with {raised_at(error)}", _network_error(error)
    if cause is None:
        return Refused(AuthenticationError(text))
    kind = TransportTimeoutError if isinstance(cause, TimeoutError) else TransportError
    return Refused(kind(text, sent="no"))


def _network_error(error: BaseException) -> BaseException | None:
    """Return the failure of the network that an exception is, or was raised from."""
    each: BaseException | None = error
    while each is not None:
        if isinstance(each, aiohttp.ClientError | OSError) and not isinstance(each, _FILE_ERRORS):
            status = getattr(each, "status", None)
            refused = isinstance(status, int) and 400 <= status < 500 and status not in _TRANSIENT_REFUSALS
            return None if refused else each
        each = each.__cause__
    return None
