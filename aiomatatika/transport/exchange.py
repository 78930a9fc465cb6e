"""One exchange over aiohttp: sent once, redirects off, body capped, failures returned.

Failures are returned, not raised: see `aiohttp_errors`.
"""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse, ClientTimeout, hdrs

from aiomatatika.decoding.request_bodies import Body
from aiomatatika.secret import Secret
from aiomatatika.transport.aiohttp_errors import MAX_HEADER, SentAlreadyError, no_response
from aiomatatika.transport.failure import Failure, NoResponse
from aiomatatika.transport.gunzip import gunzip_for, gunzipped
from aiomatatika.transport.message import OpenResponse, Request, Response
from aiomatatika.transport.streamed_body import BodySource
from aiomatatika.transport.unread_body import UnreadBody, broken_body

__all__ = ["Attempt", "exchange"]

_MAX_ERROR_BODY = 2**20
_FIRST_ERROR_STATUS = 300


class Attempt(msgspec.Struct, frozen=True):
    """What one exchange needs to know.

    Attributes:
        request: What to send.
        authorization: The value of the Authorization header; None: the request goes without.
        limits: Seconds for the connection and for each wait for bytes; the caller enforces the total.
        fresh: Whether to open a connection for this request alone: one that sat idle may be dead, and tells so only
            after the request went out.
        source: The pieces of the request's body, where it is read while it is sent.
    """

    request: Request
    authorization: Secret | None
    limits: ClientTimeout
    fresh: bool = False
    source: BodySource | None = None


def _send_once(authorization: Secret | None, *, is_set: bool) -> ClientMiddlewareType:
    """Return a per-request middleware that lets one request out.

    aiohttp repeats GET, PUT and DELETE of its own accord when the connection dies, also after the server has acted
    (`aiohttp.client.IDEMPOTENT_METHODS`), and has no public switch for it. It runs the middlewares again for the
    repeat. They also run after aiohttp has added what it found in a netrc file, so this is where that is put right.
    """
    sent = False

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        nonlocal sent
        if sent:
            raise SentAlreadyError
        sent = True
        if authorization is None:
            request.headers.pop(hdrs.AUTHORIZATION, None)
        elif not is_set:
            request.headers[hdrs.AUTHORIZATION] = authorization.reveal()
        return await handler(request)

    return middleware


class _TooLargeError(Exception):
    """The body exceeded its cap."""


async def exchange(http: aiohttp.ClientSession, attempt: Attempt, user_agent: str) -> Response | NoResponse:
    """Send a request and read its response.

    Args:
        http: The aiohttp session.
        attempt: What to send, and how.
        user_agent: The value of the User-Agent header.

    Returns:
        The response, of any status, or the failure.

    Raises:
        asyncio.CancelledError: Without the frames of aiohttp, which hold the headers.
    """
    try:
        return await _exchange(http, attempt, user_agent)
    except Exception as error:  # noqa: BLE001  # a user's trace hook can raise anything
        return no_response(error)
    except BaseException as error:  # noqa: BLE001  # it is raised again, bare
        error.__context__ = error.__cause__ = None
        raise error.with_traceback(None)  # noqa: B904  # itself, without the frames that hold the headers


async def _exchange(http: aiohttp.ClientSession, attempt: Attempt, user_agent: str) -> Response | NoResponse:
    request, authorization, source = attempt.request, attempt.authorization, attempt.source
    headers: dict[str, str] = {
        hdrs.ACCEPT: request.accept,
        hdrs.ACCEPT_ENCODING: "gzip" if request.streamed else "gzip, deflate",
        hdrs.USER_AGENT: user_agent,
    }
    if request.body is not None:
        headers[hdrs.CONTENT_TYPE] = request.content_type
    if source is not None and source.size is not None:
        headers[hdrs.CONTENT_LENGTH] = str(source.size)
    if request.headers is not None:
        headers.update(request.headers.reveal())
    # With credentials of its own aiohttp refuses ours; then the middleware alone sets them.
    is_set = authorization is not None and not http.trust_env and http.auth is None
    if authorization is not None and is_set:
        headers[hdrs.AUTHORIZATION] = authorization.reveal()
    if attempt.fresh:
        headers[hdrs.CONNECTION] = "close"
    response = await http.request(
        request.method,
        request.url,
        data=request.body.reveal() if isinstance(request.body, Body) else source,
        headers=headers,
        allow_redirects=False,
        timeout=attempt.limits,
        middlewares=(_send_once(authorization, is_set=is_set),),
        raise_for_status=False,
        auto_decompress=not request.streamed,  # see `gunzip`
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        # Idle connections are kept apart by this name, and none is ever kept that was opened under it: see `fresh`.
        server_hostname=request.url.raw_host if attempt.fresh else None,
    )
    try:
        if request.streamed:
            return await _streamed(response, attempt)
        body = await _read(response, request.max_body, attempt.limits.sock_read)
    except BaseException as error:
        response.close()
        if isinstance(error, Exception):
            return _without_body(request, response, error)
        raise
    return Response(response.status, response.headers, body, request)


async def _streamed(response: ClientResponse, attempt: Attempt) -> Response:
    """Leave the body of a promised response to be read piece by piece."""
    request, seconds = attempt.request, attempt.limits.sock_read
    encoding = response.headers.get(hdrs.CONTENT_ENCODING)
    if response.status in request.streamed:
        unread = UnreadBody(response, gunzip_for(encoding), seconds)
        return OpenResponse(response.status, response.headers, unread, request)
    body = await _read(response, request.max_body, seconds)
    return Response(response.status, response.headers, gunzipped(body, encoding, _MAX_ERROR_BODY), request)


async def _read(response: ClientResponse, cap: int, seconds: float | None) -> bytes:
    """Read the body as it is decompressed, so that a small response that unpacks to a gigabyte stops at the cap.

    Each wait for bytes has a limit of its own: aiohttp's parser drops its timer when the framing breaks after the head.
    """
    succeeded = response.status < _FIRST_ERROR_STATUS
    if not succeeded:
        cap = min(cap, _MAX_ERROR_BODY)
    content = response.content
    chunks = []
    size = 0
    while True:
        chunk = content.read_nowait()
        if not chunk and not content.at_eof():
            async with asyncio.timeout(seconds):
                chunk = await content.readany()
        chunks.append(chunk)
        size += len(chunk)
        if size > cap:
            if succeeded:
                raise _TooLargeError
            response.close()  # the beginning of an error page says enough
            break
        if content.at_eof():
            break
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _without_body(request: Request, response: ClientResponse, error: Exception) -> Response | NoResponse:
    if response.status >= _FIRST_ERROR_STATUS:
        # The status says what there is to know; the body would have been its explanation.
        return Response(response.status, response.headers, b"", request)
    if isinstance(error, _TooLargeError):
        reason = f"the body is larger than {_size(request.max_body)}"
        return NoResponse(Failure.DAMAGED, reason, status=response.status, too_large=True)
    return broken_body(response.status, error)


def _size(size: int) -> str:
    return f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 2**10} KiB"
