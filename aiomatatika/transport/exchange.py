"""One exchange over aiohttp: sent once, redirects off, body capped, failures sorted by what the server can have done.

Failures are returned, not raised: an aiohttp exception holds the Authorization header in its arguments and in the
frames of its traceback, so none leaves this module, not even as the context of another.
"""

from __future__ import annotations

import aiohttp
import msgspec
from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse, ClientTimeout, hdrs
from aiohttp.http_exceptions import ContentEncodingError

from aiomatatika.secret import Secret
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.retry import Failure

__all__ = ["NoResponse", "exchange"]

_MAX_ERROR_BODY = 2**20
_FIRST_ERROR_STATUS = 300


class NoResponse(msgspec.Struct, frozen=True):
    """An exchange without a usable answer.

    Attributes:
        failure: What the server can have done.
        reason: What happened, in words that hold nothing of the exchange.
        timed_out: Whether a time limit ran out.
        status: The status, where it came before the failure.
        too_large: Whether the body went over the cap.
    """

    failure: Failure
    reason: str
    timed_out: bool = False
    status: int | None = None
    too_large: bool = False


class _SentAlreadyError(Exception):
    """aiohttp was about to send a request a second time by itself."""


def _send_once(authorization: Secret | None) -> ClientMiddlewareType:
    """Return a per-request middleware that lets one request out.

    aiohttp repeats GET, PUT and DELETE by itself when the connection dies, also after the server has acted
    (`aiohttp.client.IDEMPOTENT_METHODS`), and has no public switch for it. It runs the middlewares again for the
    repeat. They also run after aiohttp has added what it found in a netrc file, so this is where that is put right.
    """
    sent = False

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        nonlocal sent
        if sent:
            raise _SentAlreadyError
        sent = True
        if authorization is None:
            request.headers.pop(hdrs.AUTHORIZATION, None)
        else:
            request.headers[hdrs.AUTHORIZATION] = authorization.reveal()
        return await handler(request)

    return middleware


class _TooLargeError(Exception):
    """The body went over its cap."""


async def exchange(
    http: aiohttp.ClientSession, request: Request, authorization: Secret | None, user_agent: str, timeout: ClientTimeout
) -> Response | NoResponse:
    """Send a request and read its answer.

    Args:
        http: The aiohttp session.
        request: What to send.
        authorization: The value of the Authorization header; None: the request goes without.
        user_agent: The value of the User-Agent header.
        timeout: Limits in seconds for the connection and for reading; the caller keeps the total.

    Returns:
        The answer, of any status, or the failure.

    Raises:
        asyncio.CancelledError: Without the frames of aiohttp, which hold the headers.
    """
    try:
        return await _exchange(http, request, authorization, user_agent, timeout)
    except Exception as error:  # noqa: BLE001  # a user's trace hook can raise anything
        return _classify(error)
    except BaseException as error:  # noqa: BLE001  # it is raised again, bare
        error.__context__ = error.__cause__ = None
        raise error.with_traceback(None)  # noqa: B904  # itself, without the frames that hold the headers


async def _exchange(
    http: aiohttp.ClientSession, request: Request, authorization: Secret | None, user_agent: str, timeout: ClientTimeout
) -> Response | NoResponse:
    headers = {
        hdrs.ACCEPT: request.accept,
        hdrs.ACCEPT_ENCODING: "gzip, deflate",
        hdrs.USER_AGENT: user_agent,
    }
    if request.body is not None:
        headers[hdrs.CONTENT_TYPE] = request.content_type
    # With credentials of its own aiohttp refuses ours; then they are set by the middleware alone.
    if authorization is not None and not http.trust_env and http.auth is None:
        headers[hdrs.AUTHORIZATION] = authorization.reveal()
    response = await http.request(
        request.method,
        request.url,
        data=None if request.body is None else request.body.reveal(),
        headers=headers,
        allow_redirects=False,
        timeout=timeout,
        middlewares=(_send_once(authorization),),
        raise_for_status=False,
    )
    try:
        body = await _read(response, request.max_body)
    except BaseException as error:
        response.close()
        if isinstance(error, Exception):
            return _without_body(request, response, error)
        raise
    return Response(response.status, response.headers, body, request)


async def _read(response: ClientResponse, max_body: int) -> bytes:
    """Read the body as it is decompressed, so that a small answer that unpacks to a gigabyte stops at the cap."""
    cap = max_body if response.status < _FIRST_ERROR_STATUS else _MAX_ERROR_BODY
    chunks = []
    size = 0
    while chunk := await response.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > cap:
            if response.status < _FIRST_ERROR_STATUS:
                raise _TooLargeError
            response.close()  # the beginning of an error page says enough
            break
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _size(size: int) -> str:
    return f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 2**10} KiB"


def _without_body(request: Request, response: ClientResponse, error: Exception) -> Response | NoResponse:
    if response.status >= _FIRST_ERROR_STATUS:
        # The status says what there is to know; the body would have been its explanation.
        return Response(response.status, response.headers, b"", request)
    if isinstance(error, _TooLargeError):
        reason = f"the body is larger than {_size(request.max_body)}"
        return NoResponse(Failure.DAMAGED, reason, status=response.status, too_large=True)
    if isinstance(error, TimeoutError):
        return NoResponse(Failure.DAMAGED, "the body stopped coming", timed_out=True, status=response.status)
    return NoResponse(Failure.DAMAGED, "the body is incomplete or damaged", status=response.status)


def _classify(error: Exception) -> NoResponse:  # noqa: PLR0911  # one line for each row of the table
    """Sort what aiohttp raised by whether the server can have acted. Order matters: subclasses first."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            # The text of OpenSSL, such as "certificate has expired"; it holds nothing of the request.
            verify = getattr(error.certificate_error, "verify_message", "") or "not valid"
            return NoResponse(Failure.NEVER, f"the server's certificate is refused: {verify}")
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            reason = getattr(getattr(error, "os_error", None), "reason", None) or "handshake failed"
            return NoResponse(Failure.NEVER, f"no TLS with the server: {reason}")
        case aiohttp.ConnectionTimeoutError():
            return NoResponse(Failure.NOT_SENT, "no connection in time", timed_out=True)
        case aiohttp.ClientConnectorDNSError():
            return NoResponse(Failure.NOT_SENT, "the host's name does not resolve")
        case aiohttp.ClientHttpProxyError():
            return NoResponse(Failure.NOT_SENT, f"no connection: the proxy answered {error.status}")
        case aiohttp.ClientConnectorError():
            # asyncio has no error number for a connection that ends before TLS is up.
            reason = error.os_error.strerror or "closed during the handshake"
            return NoResponse(Failure.NOT_SENT, f"no connection: {reason}")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return NoResponse(Failure.NEVER, "aiohttp cannot send to this URL")
        case TimeoutError():
            return NoResponse(Failure.LOST, "no answer in time", timed_out=True)
        case aiohttp.ClientResponseError() if _is_undecodable(error):
            return NoResponse(Failure.DAMAGED, "the body's Content-Encoding cannot be undone")
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            # aiohttp makes up status 400 for what it cannot parse: it is not the server's.
            return NoResponse(Failure.LOST, "the answer is not valid HTTP")
        case _SentAlreadyError() | aiohttp.ClientError() | OSError():
            return NoResponse(Failure.LOST, "the connection broke before the answer was complete")
        case _:
            return NoResponse(Failure.LOST, f"aiohttp failed with {type(error).__name__}")


def _is_undecodable(error: BaseException | None) -> bool:
    """Tell whether aiohttp could not decompress a body that came along with its head: the status is not told then."""
    while error is not None and not isinstance(error, ContentEncodingError):
        error = error.__cause__
    return error is not None
