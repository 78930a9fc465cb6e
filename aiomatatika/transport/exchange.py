"""One exchange over aiohttp: sent once, redirects off, body capped, failures returned.

Failures are returned, not raised: see `aiohttp_errors`.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Mapping

import aiohttp
import msgspec
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientTimeout, hdrs

from aiomatatika.decoding.request_bodies import Body
from aiomatatika.secret import Secret
from aiomatatika.transport.aiohttp_errors import MAX_HEADER, SentAlreadyError, no_response
from aiomatatika.transport.failure import Failure, NoResponse
from aiomatatika.transport.gunzip import gunzip_for, gunzipped
from aiomatatika.transport.head_wait import HeadWait
from aiomatatika.transport.message import HAL_JSON, CallFacts, OpenResponse, Request, Response
from aiomatatika.transport.streamed_body import BodySource
from aiomatatika.transport.unread_body import UnreadBody, broken_body

__all__ = ["Attempt", "exchange", "standard_headers"]

_MAX_ERROR_BODY = 2**20
_FIRST_ERROR_STATUS = 300
# aiohttp writes bytes in one piece, which holds up the event loop, and warns where they are more than these.
_MAX_PIECE = 2**20
# As far as a Content-Length is believed before the body is there.
_MAX_RESERVED = 2**21


# Without gc, as `_SendOnce` below: a thousand can be under way at once, and neither outlives its exchange.
class Attempt(msgspec.Struct, frozen=True, gc=False):
    """What one exchange needs to know.

    Attributes:
        request: What to send.
        authorization: The value of the Authorization header; None: the request goes without.
        limits: Seconds for the connection and, without `head_wait`, for each wait for bytes; the caller enforces the
            total.
        fresh: Whether to open a connection for this request alone: one that sat idle may be dead, and tells so only
            after the request went out.
        call: The call that it is an attempt of.
        head_wait: The wait for the head, and for any bytes after it, where not aiohttp limits it.
        source: The pieces of the request's body, where it is read while it is sent.
    """

    request: Request
    authorization: Secret | None
    limits: ClientTimeout
    fresh: bool = False
    call: CallFacts | None = None
    head_wait: HeadWait | None = None
    source: BodySource | None = None

    @property
    def read_limit(self) -> float | None:
        """The seconds of each wait for bytes."""
        return self.limits.sock_read if self.head_wait is None else self.head_wait.seconds


class _SendOnce(msgspec.Struct, gc=False):
    """A middleware of one request that lets it out once.

    aiohttp repeats GET, PUT and DELETE of its own accord when the connection dies, also after the server has acted
    (`aiohttp.client.IDEMPOTENT_METHODS`), and has no public switch for it. It runs the middlewares again for the
    repeat. They also run after aiohttp has added what it found in a netrc file, so this is where that is put right.
    """

    attempt: Attempt
    is_set: bool
    is_sent: bool = False

    def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> Awaitable[ClientResponse]:
        if self.is_sent:
            raise SentAlreadyError
        self.is_sent = True
        authorization, head_wait = self.attempt.authorization, self.attempt.head_wait
        if authorization is None:
            request.headers.pop(hdrs.AUTHORIZATION, None)
        elif not self.is_set:
            request.headers[hdrs.AUTHORIZATION] = authorization.reveal()
        if head_wait is not None:
            head_wait.request = request
        return handler(request)


class _TooLargeError(Exception):
    """The body exceeded its cap."""


def standard_headers(user_agent: str) -> dict[str, str]:
    """Return the header fields that every request has, unless it says otherwise."""
    return {hdrs.ACCEPT: HAL_JSON, hdrs.ACCEPT_ENCODING: "gzip, deflate", hdrs.USER_AGENT: user_agent}


async def exchange(http: aiohttp.ClientSession, attempt: Attempt, headers: Mapping[str, str]) -> Response | NoResponse:
    """Send a request and read its response.

    Args:
        http: The aiohttp session.
        attempt: What to send, and how.
        headers: The `standard_headers`, unless they are the session's own default headers.

    Returns:
        The response, of any status, or the failure.

    Raises:
        asyncio.CancelledError: Without the frames of aiohttp, which hold the headers.
    """
    request = attempt.request
    # With credentials of its own aiohttp refuses ours; then the middleware alone sets them.
    is_set = attempt.authorization is not None and not http.trust_env and http.auth is None
    response: ClientResponse | None = None
    try:
        response = await http.request(
            request.method,
            request.url,
            data=_content(request.body) if isinstance(request.body, Body) else attempt.source,
            headers=_headers(attempt, headers, is_set=is_set),
            allow_redirects=False,
            timeout=attempt.limits,
            middlewares=(_SendOnce(attempt, is_set),),
            raise_for_status=False,
            auto_decompress=not request.streamed,  # see `gunzip`
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            # Idle connections are kept apart by this name, and none is ever kept that was opened under it: see `fresh`.
            server_hostname=request.url.raw_host if attempt.fresh else None,
        )
        if attempt.head_wait is not None:
            attempt.head_wait.end()
        if request.streamed:
            return await _streamed(response, attempt)
        body = await _read(response, request.max_body, attempt.read_limit)
        return Response(response.status, response.headers, body, request, attempt.call)
    except BaseException as error:  # noqa: BLE001  # a user's trace hook can raise anything; the rest is raised again
        if response is not None:
            response.close()
        if isinstance(error, Exception):
            return no_response(error) if response is None else _without_body(attempt, response, error)
        if attempt.head_wait is not None and attempt.head_wait.was_cancelled():
            return NoResponse(Failure.LOST, "no response in time", timed_out=True)
        response = None
        error.__context__ = error.__cause__ = None
        raise error.with_traceback(None)  # noqa: B904  # itself, without the frames that hold the headers


def _content(body: Body) -> bytes | io.BytesIO:
    content = body.reveal()
    return content if len(content) <= _MAX_PIECE else io.BytesIO(content)


def _headers(attempt: Attempt, standard: Mapping[str, str], *, is_set: bool) -> dict[str, str]:
    request, headers = attempt.request, {**standard}
    if request.accept is not HAL_JSON:
        headers[hdrs.ACCEPT] = request.accept
    if request.streamed:
        headers[hdrs.ACCEPT_ENCODING] = "gzip"
    if request.body is not None:
        headers[hdrs.CONTENT_TYPE] = request.content_type
    if attempt.source is not None and attempt.source.size is not None:
        headers[hdrs.CONTENT_LENGTH] = str(attempt.source.size)
    if request.headers is not None:
        headers.update(request.headers.reveal())
    if attempt.authorization is not None and is_set:
        headers[hdrs.AUTHORIZATION] = attempt.authorization.reveal()
    if attempt.fresh:
        headers[hdrs.CONNECTION] = "close"
    return headers


async def _streamed(response: ClientResponse, attempt: Attempt) -> Response:
    """Leave the body of a promised response to be read piece by piece."""
    request, seconds = attempt.request, attempt.read_limit
    encoding = response.headers.get(hdrs.CONTENT_ENCODING)
    if response.status in request.streamed:
        unread = UnreadBody(response, gunzip_for(encoding), seconds)
        return OpenResponse(response.status, response.headers, unread, request, attempt.call)
    body = gunzipped(await _read(response, request.max_body, seconds), encoding, _MAX_ERROR_BODY)
    return Response(response.status, response.headers, body, request, attempt.call)


async def _read(response: ClientResponse, cap: int, seconds: float | None) -> bytes:
    """Read the body as it is decompressed, so that a small response that unpacks to a gigabyte stops at the cap.

    Each wait for bytes has a limit of its own: aiohttp's parser drops its timer when the framing breaks after the head.
    """
    succeeded = response.status < _FIRST_ERROR_STATUS
    if not succeeded:
        cap = min(cap, _MAX_ERROR_BODY)
    content = response.content
    first = content.read_nowait()
    if content.at_eof() and len(first) <= cap:
        return first
    body = io.BytesIO()  # chunks that are joined at the end would take the memory of a large body twice
    _reserve(body, min(response.content_length or 0, cap, _MAX_RESERVED))
    body.write(first)
    while body.tell() <= cap and not content.at_eof():
        chunk = content.read_nowait()
        if not chunk:
            async with asyncio.timeout(seconds):
                chunk = await content.readany()
        body.write(chunk)
    if body.tell() > cap:
        if succeeded:
            raise _TooLargeError
        response.close()  # the beginning of an error page says enough
    body.truncate()
    return body.getvalue()


def _reserve(body: io.BytesIO, size: int) -> None:
    """Give a buffer its size at once: one that grows is moved again and again, and leaves holes in the heap."""
    if size:
        body.seek(size - 1)
        body.write(b"\0")
        body.seek(0)


def _without_body(attempt: Attempt, response: ClientResponse, error: Exception) -> Response | NoResponse:
    if response.status >= _FIRST_ERROR_STATUS:
        # The status says what there is to know; the body would have been its explanation.
        return Response(response.status, response.headers, b"", attempt.request, attempt.call)
    if isinstance(error, _TooLargeError):
        reason = f"the body is larger than {_size(attempt.request.max_body)}"
        return NoResponse(Failure.DAMAGED, reason, status=response.status, too_large=True)
    return broken_body(response.status, error)


def _size(size: int) -> str:
    return f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 2**10} KiB"
