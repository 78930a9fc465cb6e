"""A way to every error of the library; where the server has a say, it says secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiomatatika import (
    AuthenticationError,
    BadRequestError,
    ClientCredentials,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    Link,
    LinkError,
    MatatikaSession,
    MethodNotAllowedError,
    NotFoundError,
    PaginationError,
    PendingError,
    RateLimitError,
    ResponseError,
    Secret,
    SecretDeliveryError,
    SecretLostError,
    ServerError,
    SessionClosedError,
    Timeouts,
    TransportError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer, RecordedRequest

Trouble = Callable[[MatatikaSession, MatatikaServer], Awaitable[object]]

ONE, LIST, TOKEN = "/api/apikeys/*", "/api/apikeys", "/oauth/token"


def echoed(server: MatatikaServer) -> Callable[[RecordedRequest], str]:
    """Return the body of an error that says what it should not: the token, the secret, the whole request."""

    def body(request: RecordedRequest) -> str:
        authorization = request.headers.get("Authorization", "")
        secret = server.credentials.client_secret.reveal()
        return (
            f'{{"message": "refused {authorization}, client_secret={secret}", "error": "{secret}", '
            f'"errors": [{{"field": "name", "rejectedValue": "{secret}", "defaultMessage": "{authorization}"}}], '
            f'"timestamp": "{secret}", "path": "/?token={secret}"}}'
        )

    return body


def answered(status: int) -> Trouble:
    async def get(session: MatatikaSession, server: MatatikaServer) -> object:
        challenge = {"WWW-Authenticate": f'Bearer error="{server.credentials.client_secret.reveal()}"'}
        server.faults.add(path=ONE, status=status, headers=challenge, body=echoed(server), times=None)
        return await session.apikeys.get(server.default_key_id)

    return get


def refused_as(**fault: Any) -> Trouble:
    """Get one key under a fault."""

    async def get(session: MatatikaSession, server: MatatikaServer) -> object:
        server.faults.add(path=ONE, times=None, **fault)
        return await session.apikeys.get(server.default_key_id)

    return get


def first_page(edit: Callable[[dict[str, Any]], Any]) -> Trouble:
    async def walk(session: MatatikaSession, server: MatatikaServer) -> object:
        server.faults.add(path=LIST, edit=edit, times=None)
        return await session.apikeys.list().collect()

    return walk


async def settings(session: MatatikaSession, server: MatatikaServer) -> object:
    return ClientCredentials("an-id", Secret(server.credentials.client_secret.reveal() + "\n"))


async def closed(session: MatatikaSession, server: MatatikaServer) -> object:
    other = server.session()
    await other.apikeys.list().first()
    await other.close()
    return await other.apikeys.list().first()


async def no_token(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path=TOKEN, status=401, body=echoed(server), times=None)
    async with server.session() as other:
        return await other.apikeys.list().first()


async def bad_token(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path=TOKEN, status=200, body=echoed(server), times=None)
    async with server.session() as other:
        return await other.apikeys.list().first()


async def out_of_time(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path=LIST, delay=asyncio.Event(), times=None)
    return await session.with_options(timeouts=Timeouts(total=0.01)).apikeys.list().first()


async def callers_limit(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path=LIST, delay=asyncio.Event(), times=None)
    async with asyncio.timeout(0.01):
        return await session.apikeys.list().first()


async def cancelled(session: MatatikaSession, server: MatatikaServer) -> object:
    hang = server.faults.add(path=LIST, delay=asyncio.Event(), times=None)
    caller = asyncio.ensure_future(session.apikeys.list().first())
    await hang.wait()
    caller.cancel()
    return await caller


async def template(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.follow(Link(href="/api/apikeys/{id}", templated=True))


async def redirect(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path=ONE, status=307, headers={"Location": "https://evil.example/"}, times=None)
    return await session.apikeys.update(server.default_key_id, name="new")


async def unknown_members(session: MatatikaSession, server: MatatikaServer) -> object:
    secret = server.credentials.client_secret.reveal()
    server.faults.add(method="GET", path=ONE, edit=lambda key: key.update(backupSecret=secret, notes=[secret]))
    key = await session.apikeys.get(server.default_key_id)
    server.faults.add(method="PUT", status=409, body=echoed(server))
    return await session.apikeys.update(key, name="new")


async def lost_secret(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path=ONE, status=503, body=echoed(server), times=None)
    return await session.apikeys.create("lost")


async def delivery(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(path=TOKEN, status=401, body=echoed(server), times=None)
    return await session.apikeys.create("not accepted", ready_within=1)


async def pending(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(method="PUT", status=202, body=echoed(server))
    return await session.apikeys.update(server.default_key_id, name="later")


def broken_item(page: dict[str, Any]) -> None:
    page["_embedded"]["apikeys"][0]["id"] = page["_embedded"]["apikeys"][0]["accessToken"]


def next_is(href: str | None) -> Callable[[dict[str, Any]], None]:
    def edit(page: dict[str, Any]) -> None:
        page["_links"]["next"] = {"href": href or page["_links"]["self"]["href"]}

    return edit


# Each with the error that it ends in.
TROUBLES: Mapping[str, tuple[Trouble, type[BaseException]]] = {
    "settings": (settings, ConfigurationError),
    "closed": (closed, SessionClosedError),
    "dropped": (refused_as(drop="after"), TransportError),
    "reset": (refused_as(drop="before", reset=True), TransportError),
    "not HTTP": (refused_as(raw=b"HTP/9 what\r\n\r\n"), TransportError),
    "out of time": (out_of_time, TransportError),
    "no token": (no_token, AuthenticationError),
    "bad token": (bad_token, ResponseError),
    "token refused": (answered(401), AuthenticationError),
    "400": (answered(400), BadRequestError),
    "403": (answered(403), ForbiddenError),
    "404": (answered(404), NotFoundError),
    "405": (answered(405), MethodNotAllowedError),
    "409": (answered(409), ConflictError),
    "429": (answered(429), RateLimitError),
    "500": (answered(500), ServerError),
    "503": (answered(503), ServerError),
    "cut body": (refused_as(cut_after=50), ResponseError),
    "no JSON": (answered(200), ResponseError),
    "broken item": (first_page(broken_item), ResponseError),
    "unsafe next": (first_page(next_is("https://evil.example/api/apikeys/")), UnsafeLinkError),
    "loop": (first_page(next_is(None)), PaginationError),
    "template": (template, LinkError),
    "redirect": (redirect, UnsafeLinkError),
    "unknown members": (unknown_members, ConflictError),
    "lost secret": (lost_secret, SecretLostError),
    "delivery": (delivery, SecretDeliveryError),
    "pending": (pending, PendingError),
    "caller's limit": (callers_limit, TimeoutError),
    "cancelled": (cancelled, asyncio.CancelledError),
}


async def error_of(name: str, session: MatatikaSession, server: MatatikaServer) -> BaseException:
    """Bring an error about and return it without the frames of this file, which know secrets; heal the server."""
    trouble, kind = TROUBLES[name]
    try:
        await trouble(session, server)
    except kind as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        return error.with_traceback(frames)
    finally:
        server.faults.clear()
    raise AssertionError(f"{name} has not ended in {kind.__name__}")
