"""What aiohttp raises, sorted by whether the server may have acted.

An aiohttp exception holds the Authorization header in its arguments and in the frames of its traceback, so none leaves
`exchange`, not even as the context of another: a `NoResponse` takes its place.
"""

from __future__ import annotations

from typing import TypeVar

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong

from aiomatatika.transport.failure import Failure, NoResponse

__all__ = ["MAX_HEADER", "SentAlreadyError", "no_response"]

E = TypeVar("E", bound=BaseException)

MAX_HEADER = 64 * 2**10
"""How long a header line of a response may be, in bytes. Proxies add policies beyond aiohttp's own 8 KiB."""


class SentAlreadyError(Exception):
    """aiohttp was about to send a request a second time of its own accord."""


def no_response(error: Exception) -> NoResponse:
    """Sort what aiohttp raised. Order matters: subclasses first."""
    match error:
        case aiohttp.ClientConnectionError() if refused := _no_connection(error):
            return refused
        case aiohttp.ClientHttpProxyError():
            return NoResponse(Failure.NOT_SENT, f"no connection: the proxy answered {error.status}")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return NoResponse(Failure.NEVER, "aiohttp cannot send to this URL")
        case TimeoutError():
            return NoResponse(Failure.LOST, "no response in time", timed_out=True)
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return _unreadable(error)
        case SentAlreadyError() | aiohttp.ClientError() | OSError():
            return NoResponse(Failure.LOST, "the connection broke before the response was complete")
        case _:
            return NoResponse(Failure.LOST, f"aiohttp failed with {type(error).__name__}")


def _no_connection(error: aiohttp.ClientConnectionError) -> NoResponse | None:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            # The text of OpenSSL, such as "certificate has expired"; it quotes nothing of the request.
            verify = getattr(error.certificate_error, "verify_message", "") or "not valid"
            return NoResponse(Failure.NEVER, f"the server's certificate is refused: {verify}")
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            reason = getattr(getattr(error, "os_error", None), "reason", None) or "handshake failed"
            return NoResponse(Failure.NEVER, f"no TLS with the server: {reason}")
        case aiohttp.ConnectionTimeoutError():
            return NoResponse(Failure.NOT_SENT, "no connection in time", timed_out=True)
        case aiohttp.ClientConnectorDNSError():
            return NoResponse(Failure.NOT_SENT, "the host's name does not resolve")
        case aiohttp.ClientConnectorError():
            # asyncio has no error number for a connection that ends before TLS is up.
            reason = error.os_error.strerror or "closed during the handshake"
            return NoResponse(Failure.NOT_SENT, f"no connection: {reason}")
    return None


def _unreadable(error: aiohttp.ClientError) -> NoResponse:
    # aiohttp makes up status 400 for what it cannot parse: it is not the server's.
    if _cause(error, ContentEncodingError):
        # The body came along with its head, and aiohttp keeps the status back.
        return NoResponse(Failure.DAMAGED, "the body's Content-Encoding cannot be undone")
    if _cause(error, LineTooLong):
        return NoResponse(Failure.LOST, f"a header of the response is longer than {MAX_HEADER // 2**10} KiB")
    return NoResponse(Failure.LOST, "the response is not valid HTTP")


def _cause(error: BaseException | None, kind: type[E]) -> E | None:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error
