"""A way to every error of the library; where the server has a say, it says secrets, and so do the requests."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiomatatika import (
    AuthenticationError,
    BadRequestError,
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidArgumentError,
    JobFailedError,
    Link,
    LinkError,
    MatatikaError,
    MatatikaSession,
    MethodNotAllowedError,
    NotFoundError,
    PaginationError,
    PendingError,
    RateLimitError,
    RelationNotFoundError,
    ResponseError,
    Secret,
    SecretDeliveryError,
    SecretLostError,
    ServerError,
    SessionClosedError,
    Timeouts,
    TransportError,
    TransportTimeoutError,
    UnsafeLinkError,
)
from aiomatatika.testing import Fault, MatatikaServer, RecordedRequest, Run

from ..servers import bomb

Trouble = Callable[[MatatikaSession, MatatikaServer], Awaitable[object]]

ONE, LIST, TOKEN = "/api/apikeys/*", "/api/apikeys", "/oauth/token"
BOMB: dict[str, Any] = {"headers": {"Content-Encoding": "gzip"}, "body": bomb(20)}


# Calls


async def get(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.get(server.default_key_id)


async def put(session: MatatikaSession, server: MatatikaServer) -> object:
    """Send a secret in the body."""
    return await session.request("PUT", f"/apikeys/{server.default_key_id}", json=body_of(server))


async def walk(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.list().collect()


async def create(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.create("new", ready_within=1)


async def update(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.update(server.default_key_id, name="new")


async def rotate(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.rotate(server.default_key_id)


async def download(session: MatatikaSession, server: MatatikaServer) -> object:
    """Receive a secret in the body."""
    return await session.download("/apikeys").read()


async def put_bytes(session: MatatikaSession, server: MatatikaServer) -> object:
    """Send a secret in the body, and in a header field."""
    secret = server.credentials.client_secret.reveal()
    return await session.request("PUT", "/apikeys/x", body=secret.encode(), headers={"X-Key": secret})


def body_of(server: MatatikaServer) -> dict[str, object]:
    return {"properties": {"password": server.credentials.client_secret.reveal()}}


# Faults


def echo(server: MatatikaServer) -> Callable[[RecordedRequest], str]:
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


def under(call: Trouble, path: str = ONE, **fault: Any) -> Trouble:
    """Make a call under a fault; one at the token endpoint meets a session that has no token yet."""

    async def trouble(session: MatatikaSession, server: MatatikaServer) -> object:
        challenge = {"WWW-Authenticate": f'Bearer error="{server.credentials.client_secret.reveal()}"'}
        echoed: dict[str, Any] = {"body": echo(server), "headers": challenge}
        if "status" not in fault or "body" in fault:
            echoed = {}
        server.faults.add(path=path, times=None, **echoed, **fault)
        if path != TOKEN or call is create:
            return await call(session, server)
        async with server.session() as other:
            return await call(other, server)

    return trouble


def edited(edit: Callable[[dict[str, Any]], Any]) -> Trouble:
    return under(walk, LIST, edit=edit)


def next_is(href: str | None) -> Callable[[dict[str, Any]], None]:
    def edit(page: dict[str, Any]) -> None:
        page["_links"]["next"] = {"href": href or page["_links"]["self"]["href"]}

    return edit


def broken_item(page: dict[str, Any]) -> None:
    page["_embedded"]["apikeys"][0]["id"] = page["_embedded"]["apikeys"][0]["accessToken"]


End = Callable[[MatatikaSession, asyncio.Task[object], Fault], Awaitable[object]]


async def at_its_deadline(session: MatatikaSession, call: asyncio.Task[object], hang: Fault) -> object:
    return await call


async def at_the_callers_limit(session: MatatikaSession, call: asyncio.Task[object], hang: Fault) -> object:
    async with asyncio.timeout(0.01):
        return await call


async def by_a_cancellation(session: MatatikaSession, call: asyncio.Task[object], hang: Fault) -> object:
    await hang.wait()
    call.cancel()
    return await call


async def by_closing(session: MatatikaSession, call: asyncio.Task[object], hang: Fault) -> object:
    await hang.wait()
    await session.close()
    return await call


def without_end(path: str, end: End, call: Trouble = put) -> Trouble:
    """Make a call that the server never answers, and end it."""

    async def trouble(_: MatatikaSession, server: MatatikaServer) -> object:
        hang = server.faults.add(path=path, delay=asyncio.Event(), times=None)
        limits = Timeouts(total=0.05) if end is at_its_deadline else Timeouts()
        async with server.session(timeouts=limits) as session:
            return await end(session, asyncio.ensure_future(call(session, server)), hang)

    return trouble


# Troubles of their own kind


async def settings(session: MatatikaSession, server: MatatikaServer) -> object:
    return ClientCredentials("an-id", Secret(server.credentials.client_secret.reveal() + "\n"))


async def environment(session: MatatikaSession, server: MatatikaServer) -> object:
    options: dict[str, Any] = {"client_secret": server.credentials.client_secret.reveal()}
    return MatatikaSession.from_env(**options)


async def argument(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.request("no method", "/apikeys", json=body_of(server))


async def no_body(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.request("PUT", "/apikeys", body=body_of(server))  # type: ignore[arg-type]  # the mistake


async def header(session: MatatikaSession, server: MatatikaServer) -> object:
    secret = server.credentials.client_secret.reveal()
    return await session.request("PUT", "/apikeys", body=secret, headers={"X-Key": f"{secret}\n"})


async def no_file(session: MatatikaSession, server: MatatikaServer) -> object:
    headers = {"X-Key": server.credentials.client_secret}
    return await session.request("PUT", "/apikeys", body=Path("/nowhere"), headers=headers)


async def relation(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.act(await session.apikeys.get(server.default_key_id), "verify", json=body_of(server))


async def closed(session: MatatikaSession, server: MatatikaServer) -> object:
    other = server.session()
    await walk(other, server)
    await other.close()
    return await put(other, server)


async def failing_callable(session: MatatikaSession, server: MatatikaServer) -> object:
    async def bring() -> str:
        raise RuntimeError(server.credentials.client_secret.reveal())

    async with MatatikaSession(BearerToken(bring), deployment=server.deployment) as other:
        return await put(other, server)


async def template(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.follow(Link(href="/api/apikeys/{id}", templated=True))


async def unknown_members(session: MatatikaSession, server: MatatikaServer) -> object:
    secret = server.credentials.client_secret.reveal()
    server.faults.add(method="GET", path=ONE, edit=lambda key: key.update(backupSecret=secret, notes=[secret]))
    key = await session.apikeys.get(server.default_key_id)
    server.faults.add(method="PUT", status=409, body=echo(server))
    return await session.apikeys.update(key, name="new")


async def failed_run(session: MatatikaSession, server: MatatikaServer) -> object:
    def edit(job: dict[str, Any]) -> None:
        job["output"] = server.credentials.client_secret.reveal()

    pipeline = server.tables["pipelines"].add(runs=deque([Run(queued=0, seconds=0, status="ERROR")]))
    server.faults.add(path="/api/jobs/*", edit=edit)
    return await session.jobs.run(pipeline.id)


async def wait(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.jobs.wait(server.tables["jobs"].add().id, within=1)


async def made_anew(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.update(uuid4(), name="new")


async def lost_secret(session: MatatikaSession, server: MatatikaServer) -> object:
    server.faults.add(method="PUT", drop="after")
    server.faults.add(method="GET", path=ONE, status=503, body=echo(server), times=None)
    return await session.apikeys.create("lost")


ELSEWHERE: dict[str, Any] = {"status": 307, "headers": {"Location": "https://evil.example/"}, "body": b""}

# Each with the error that it ends in.
TROUBLES: Mapping[str, tuple[Trouble, type[BaseException]]] = {
    "settings": (settings, ConfigurationError),
    "environment": (environment, TypeError),
    "argument": (argument, InvalidArgumentError),
    "no body": (no_body, InvalidArgumentError),
    "header": (header, InvalidArgumentError),
    "no file": (no_file, FileNotFoundError),
    "relation": (relation, RelationNotFoundError),
    "closed": (closed, SessionClosedError),
    "token: dropped": (under(put, TOKEN, drop="after"), TransportError),
    "token: not HTTP": (under(put, TOKEN, raw=b"HTTP/9 what\r\n\r\n"), TransportError),
    "token: cut": (under(put, TOKEN, cut_after=5), ResponseError),
    "token: bomb": (under(put, TOKEN, status=200, **BOMB), ResponseError),
    "token: not a token": (under(put, TOKEN, status=200), ResponseError),
    "token: redirect": (under(put, TOKEN, **ELSEWHERE), ResponseError),
    "token: 400": (under(put, TOKEN, status=400), AuthenticationError),
    "token: 401": (under(put, TOKEN, status=401), AuthenticationError),
    "token: 429": (under(put, TOKEN, status=429), RateLimitError),
    "token: 500": (under(put, TOKEN, status=500), MatatikaError),
    "token: out of time": (without_end(TOKEN, at_its_deadline), TransportTimeoutError),
    "token: caller's limit": (without_end(TOKEN, at_the_callers_limit), TimeoutError),
    "token: cancelled": (without_end(TOKEN, by_a_cancellation), asyncio.CancelledError),
    "token: closed": (without_end(TOKEN, by_closing), SessionClosedError),
    "token: callable": (failing_callable, MatatikaError),
    "dropped": (under(put, drop="after"), TransportError),
    "dropped bytes": (under(put_bytes, drop="after"), TransportError),
    "reset": (under(put, drop="before", reset=True), TransportError),
    "not HTTP": (under(put, raw=b"HTTP/9 what\r\n\r\n"), TransportError),
    "out of time": (without_end(ONE, at_its_deadline), TransportTimeoutError),
    "caller's limit": (without_end(LIST, at_the_callers_limit, walk), TimeoutError),
    "cancelled": (without_end(ONE, by_a_cancellation), asyncio.CancelledError),
    "closed meanwhile": (without_end(ONE, by_closing), SessionClosedError),
    "400": (under(put, status=400), BadRequestError),
    "401": (under(put, status=401), AuthenticationError),
    "403": (under(put, status=403), ForbiddenError),
    "404": (under(put, status=404), NotFoundError),
    "405": (under(put, status=405), MethodNotAllowedError),
    "409": (under(put, status=409), ConflictError),
    "429": (under(put, status=429), RateLimitError),
    "500": (under(put, status=500), ServerError),
    "503": (under(put, status=503), ServerError),
    "redirect": (under(update, **ELSEWHERE), UnsafeLinkError),
    "cut body": (under(get, cut_after=50), ResponseError),
    "cut download": (under(download, LIST, status=200, cut_after=200), ResponseError),
    "bomb": (under(put, status=200, **BOMB), ResponseError),
    "no JSON": (under(get, status=200, body="no JSON"), ResponseError),
    "broken item": (edited(broken_item), ResponseError),
    "unsafe next": (edited(next_is("https://evil.example/api/apikeys")), UnsafeLinkError),
    "loop": (edited(next_is(None)), PaginationError),
    "template": (template, LinkError),
    "unknown members": (unknown_members, ConflictError),
    "lost secret": (lost_secret, SecretLostError),
    "secret cut off": (under(create, method="PUT", cut_after=300), SecretLostError),
    "not accepted": (under(create, TOKEN, status=401), SecretDeliveryError),
    "not deleted": (under(rotate, method="DELETE", status=403), SecretDeliveryError),
    "made anew": (made_anew, SecretDeliveryError),
    "failed run": (failed_run, JobFailedError),
    "slow job": (under(wait, "/api/jobs/*", status=503), PendingError),
    "pending": (under(update, method="PUT", status=202), PendingError),
}
BRIEF = [name for name, (trouble, _) in TROUBLES.items() if "without_end" not in trouble.__qualname__]
"""Those after which nothing waits on the server."""


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
