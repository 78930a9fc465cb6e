"""An aiohttp session of the caller's: which of its settings would spoil our requests, and whose loop it belongs to."""

from __future__ import annotations

import asyncio
import warnings

from aiohttp import ClientSession, hdrs

from aiomatatika.errors import ConfigurationError

__all__ = ["BorrowedSession"]

# As default headers these change what every request asks for, or how it is framed.
_SPOILING_HEADERS = (
    hdrs.HOST,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_ENCODING,
    hdrs.TRANSFER_ENCODING,
    hdrs.RANGE,
    hdrs.IF_MATCH,
    hdrs.IF_NONE_MATCH,
    hdrs.IF_MODIFIED_SINCE,
    hdrs.IF_UNMODIFIED_SINCE,
    hdrs.IF_RANGE,
    hdrs.EXPECT,
    hdrs.UPGRADE,
)


class BorrowedSession:
    """A session that is used and never closed.

    Args:
        http: The caller's session.

    Raises:
        ConfigurationError: One of its settings would spoil our requests; the message names it.
    """

    __slots__ = ("_loop", "http")

    def __init__(self, http: ClientSession) -> None:
        self.http: ClientSession = http
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # for want of another way to ask
            self._loop: asyncio.AbstractEventLoop = http.loop
        spoiling = [name for name in _SPOILING_HEADERS if name in http.headers]
        if spoiling:
            raise ConfigurationError(
                f"the aiohttp session given as http= has {spoiling[0]} among its default headers: "
                "that would change the meaning of every request"
            )
        if hdrs.AUTHORIZATION in http.headers and (http.auth is not None or http.trust_env):
            other = "auth=" if http.auth is not None else "trust_env=True"
            raise ConfigurationError(
                f"the aiohttp session given as http= has Authorization among its default headers, and {other}: "
                "aiohttp refuses the two together"
            )
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return  # it may be built outside any loop
        self.check_loop()

    def check_loop(self) -> None:
        """Raise `ConfigurationError` where the running event loop is another than the session's."""
        if asyncio.get_running_loop() is not self._loop:
            raise ConfigurationError(
                "the aiohttp session given as http= belongs to another event loop: make it in the loop that uses it"
            )
