"""`MatatikaSession`: opens, closes, and hands out the resource groups."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack, overload

import aiohttp

from aiomatatika.auth.client_credentials import ClientCredentialsGrant
from aiomatatika.auth.shared import shared_token
from aiomatatika.auth.source import TokenSource
from aiomatatika.auth.stores.protocol import TokenStore
from aiomatatika.auth.token import FixedToken
from aiomatatika.auth.token_callable import callable_grant
from aiomatatika.credentials import BearerToken, ClientCredentials, Credentials, credentials_from_env
from aiomatatika.decoding.converter import check_class
from aiomatatika.decoding.header_fields import header_fields
from aiomatatika.deployment import PRODUCTION, Deployment, deployment_from_env
from aiomatatika.errors import ConfigurationError, InvalidArgumentError
from aiomatatika.hal import HalResource, Link
from aiomatatika.options import Options, Retries, Timeouts
from aiomatatika.request_arguments import (
    BodyArgument,
    accept_header,
    action_link,
    checked_method,
    href_of,
    request_content,
    request_url,
)
from aiomatatika.resources import Groups
from aiomatatika.secret import Secret
from aiomatatika.settings import SessionOverrides, check_kinds, user_agent_header
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import clock_of_new_sessions
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.lifetime import Lifetime
from aiomatatika.transport.message import HAL_JSON, Request, Response
from aiomatatika.transport.query import Params
from aiomatatika.transport.repeat import Repeat, repeat_by_method
from aiomatatika.transport.state import SharedState
from aiomatatika.transport.streamed_body import IteratorBody
from aiomatatika.transport.urls import ApiRoot

if TYPE_CHECKING:
    from aiomatatika.transfer import Download

__all__ = ["MatatikaSession"]

T = TypeVar("T")


class MatatikaSession(Groups):
    """A session with the Matatika API: credentials, connections and one token, shared by many tasks.

    Use it in ``async with``, or `close` it. It may be built at import time, outside any event loop; it connects on
    first use, in the running loop. Under a second `asyncio.run` it keeps the token and opens new connections. Tasks and
    threads may share it; processes may not.

    Args:
        credentials: An API key's `ClientCredentials`, or a `BearerToken`.
        deployment: Where the API is.
        http: An aiohttp session of the caller's: used, never closed; its middlewares do not run for our requests. Left
            out, the session opens its own: 100 connections, without cookies, and without proxies or netrc from the
            environment.
        timeouts: Limits in seconds.
        retries: How often a failed request is repeated.
        user_agent: The caller's product, put before ours in the User-Agent header.
        token_store: Where the token is shared with other processes or machines: a `FileTokenStore`, a `RedisTokenStore`
            or any other `TokenStore`. It goes with `ClientCredentials`.

    Raises:
        ConfigurationError: The settings cannot work; the message names the argument. Nothing was sent.
    """

    def __init__(  # noqa: PLR0913  # one keyword for each setting
        self,
        credentials: Credentials,
        *,
        deployment: Deployment = PRODUCTION,
        http: aiohttp.ClientSession | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  # frozen
        retries: Retries = Retries(),  # noqa: B008  # frozen
        user_agent: str | None = None,
        token_store: TokenStore | None = None,
    ) -> None:
        if not isinstance(credentials, ClientCredentials | BearerToken):
            kind = type(credentials).__name__
            del credentials  # it can be a bare token, and a traceback with locals would show it
            raise ConfigurationError(f"credentials must be ClientCredentials or a BearerToken, not {kind}")
        check_kinds(deployment=deployment, timeouts=timeouts, retries=retries)
        if http is not None:
            check_kinds(http=http)
        clock, lifetime, options = clock_of_new_sessions.get(), Lifetime(), Options(timeouts, retries)
        connections = Connections(lifetime, user_agent_header(user_agent), http)
        client_id: str | None = None
        secrets: tuple[Secret, ...] = ()
        tokens: TokenSource | FixedToken
        shared = shared_token(token_store, credentials, deployment, clock, timeouts.total)
        if isinstance(credentials, ClientCredentials):
            client_id, secrets = credentials.client_id, (credentials.client_secret,)
            grant = ClientCredentialsGrant(credentials, deployment, connections, clock, options)
            tokens = TokenSource(grant, clock, lifetime, shared)
        elif isinstance(credentials.token, Secret):
            tokens = FixedToken(credentials.token, clock)
        else:
            tokens = TokenSource(callable_grant(credentials.token, clock, timeouts.total), clock, lifetime)
        state = SharedState(
            deployment=deployment,
            root=ApiRoot.of(deployment),
            lifetime=lifetime,
            connections=connections,
            tokens=tokens,
            clock=clock,
            secrets=secrets,
            audience=None if client_id is None else deployment.audience,
        )
        self._client_id = client_id
        self._client = Client(state, options)
        self._groups = {}
        self._is_derived = self._was_closed = False
        self._family: weakref.WeakSet[MatatikaSession] = weakref.WeakSet({self})

    @classmethod
    def from_env(cls, **overrides: Unpack[SessionOverrides]) -> Self:
        """Return a session that the environment describes.

        ``MATATIKA_CREDENTIALS_FILE``, or ``MATATIKA_CLIENT_ID`` and ``MATATIKA_CLIENT_SECRET``, or
        ``MATATIKA_ACCESS_TOKEN``, are the credentials. ``MATATIKA_API_URL``, ``MATATIKA_TOKEN_URL`` and
        ``MATATIKA_AUDIENCE`` replace those of `PRODUCTION`.

        Args:
            **overrides: Arguments of the constructor; ``credentials`` and ``deployment`` replace the environment's.

        Raises:
            ConfigurationError: Variables are missing or contradict one another; the message names them.
        """
        unknown = overrides.keys() - SessionOverrides.__annotations__.keys()
        if unknown:
            names = ", ".join(SessionOverrides.__annotations__)
            del overrides  # one of them can be a bare secret, and a traceback with locals would show it
            raise TypeError(f"from_env() takes {names}, not {', '.join(sorted(unknown))}")
        overrides["deployment"] = overrides.get("deployment") or deployment_from_env(os.environ)
        overrides["credentials"] = overrides.get("credentials") or credentials_from_env(os.environ)
        return cls(**overrides)

    def with_options(self, *, timeouts: Timeouts | None = None, retries: Retries | None = None) -> Self:
        """Return the same session with other options: connections, token and retry budget are shared.

        Closing the original closes every session derived from it. Closing a derived session, or leaving its
        ``async with``, closes the connections once no other session of the family is held that may still use them.

        Args:
            timeouts: Other limits; left out, those of this session.
            retries: Other rules for repeats; left out, those of this session.

        Raises:
            ConfigurationError: An argument cannot work.
        """
        options = self._client.options
        timeouts = options.timeouts if timeouts is None else timeouts
        retries = options.retries if retries is None else retries
        check_kinds(timeouts=timeouts, retries=retries)
        derived = object.__new__(type(self))
        client = Client(self._client.state, Options(timeouts, retries))
        vars(derived).update(vars(self), _client=client, _groups={}, _is_derived=True, _was_closed=False)
        self._family.add(derived)
        return derived

    @overload
    async def follow(self, target: HalResource | Link | str, rel: str | None = None) -> HalResource: ...
    @overload
    async def follow(self, target: HalResource | Link | str, rel: str | None = None, *, as_type: type[T]) -> T: ...
    @overload
    async def follow(self, target: HalResource | Link | str, rel: str | None, as_type: type[T]) -> T: ...

    async def follow(
        self, target: HalResource | Link | str, rel: str | None = None, as_type: type[Any] | None = None
    ) -> Any:
        """GET what a link names: SAFE to repeat. The token goes to the API's origin only, whatever the link says.

        Args:
            target: A resource, a `Link`, or an href.
            rel: The relation of the link, where ``target`` is a resource; left out, ``self``.
            as_type: The attrs class to make of the response; left out, a `HalResource`.

        Raises:
            RelationNotFoundError: The resource has no such link; the message names those that it has.
            LinkError: The link is a template or needs another method than GET.
            UnsafeLinkError: The link leaves the API. Nothing was sent.
            ResponseError: The response does not fit the class; the message says where, never the value.
            TypeError: The class cannot be made of a document; the message names it and its field. Nothing was sent.
        """
        check_class(as_type or HalResource)
        if isinstance(target, HalResource):
            target = target.links[rel or "self"]
        elif rel is not None:
            raise InvalidArgumentError("rel goes with a resource, not with a link")
        url = self._client.state.root.resolve(href_of(target, "GET"))
        request = Request(method="GET", url=url, repeat=Repeat.SAFE)
        return (await self._client.send(request)).structured(as_type or HalResource)

    @overload
    async def act(self, target: HalResource | Link, action: str, *, json: Any = None) -> Response: ...
    @overload
    async def act(self, target: HalResource | Link, action: str, *, json: Any = None, as_type: type[T]) -> T: ...

    async def act(
        self, target: HalResource | Link, action: str, *, json: Any = None, as_type: type[Any] | None = None
    ) -> Any:
        """Do what a link offers, such as ``"verify"``, by the HTTP method that the action has.

        DELETE and PUT are repeated when their response is lost, POST and PATCH are sent once. So is every ``create``:
        what it makes may come with a secret that only the first response holds.

        Args:
            target: A resource that offers the action, or the `Link` itself.
            action: An action, or an action and its target: ``"new job"``.
            json: The body, as JSON; None sends none.
            as_type: The attrs class to make of the response; left out, the `Response` itself.

        Raises:
            RelationNotFoundError: The server does not offer the action here; the message names what it offers.
            LinkError: It offers the action on several targets, or without saying by which method.
            UnsafeLinkError: The link leaves the API. Nothing was sent.
            TypeError: The class cannot be made of a document; the message names it and its field. Nothing was sent.
        """
        try:
            if as_type is not None:
                check_class(as_type)
            link = action_link(target, action)
            repeat = Repeat.ONCE if action.startswith("create") else None
            call = self.request(link.method or "", link, json=json, repeat=repeat)
        finally:
            del json  # it can hold passwords, and a traceback with locals would show them
        response = await call
        return response if as_type is None else response.structured(as_type)

    async def request(  # noqa: PLR0913  # one keyword for each part of a request
        self,
        method: str,
        path_or_link: str | Link,
        *,
        json: Any = None,
        body: BodyArgument | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        params: Params | None = None,
        accept: str | None = None,
        repeat: Repeat | None = None,
    ) -> Response:
        """Make a call that has no method of its own yet, under the same rules for token, origin, repeats and size.

        Args:
            method: The HTTP method.
            path_or_link: A path below the API's root, such as ``/workspaces``; an absolute URL of the API; or a `Link`.
            json: The body, as JSON; None sends none.
            body: The body as it is, in place of ``json``: bytes; a str, sent in UTF-8; a file's `Path`; or an
                asynchronous iterator of bytes. A file is read while it is sent, and opened anew for a repeat. What an
                iterator yields is sent ONCE, whatever ``repeat`` says.
            content_type: The Content-Type header; left out, that of JSON, ``text/plain; charset=utf-8`` for a str, and
                ``application/octet-stream`` for any other body.
            headers: Header fields to add, in ASCII; a value may be a `Secret`. Those that the session sets are refused.
            params: Query parameters, added to those of the path: a mapping, or pairs of name and value. A list repeats
                its name; bools are ``true`` and ``false``; aware datetimes are sent in UTC, without an offset, as the
                API writes them; of an Enum, its value; None is left out.
            accept: The Accept header; left out, HAL JSON.
            repeat: Whether the call may be repeated when its response is lost. Left out, the method decides: GET is
                SAFE, PUT and DELETE are IDEMPOTENT, POST and PATCH are sent ONCE.

        Returns:
            The response, of a status from 200 to 299.

        Raises:
            MatatikaError: As the tree in `aiomatatika.errors` says.
            InvalidArgumentError: An argument cannot work; nothing was sent.
            LinkError: The path or link is a URI template; nothing was sent.
            OSError: The file given as body cannot be read. Nothing was sent, unless it broke off while it was read.
            Exception: What the iterator given as body raises.
        """
        try:
            content, media_type = request_content(json, body, content_type)
            fields = None if headers is None else header_fields(headers)
        finally:
            del json, body, headers  # they can hold passwords, and a traceback with locals would show them
        method = checked_method(method)
        request = Request(
            method=method,
            url=request_url(self._client.state.root, path_or_link, method, params),
            repeat=Repeat.ONCE if isinstance(content, IteratorBody) else repeat or repeat_by_method(method),
            body=content,
            content_type=media_type,
            headers=fields,
            accept=accept_header(accept, HAL_JSON),
        )
        return await self._client.send(request)

    def download(
        self, path_or_link: str | Link, *, params: Params | None = None, accept: str | None = None
    ) -> Download:
        """Return a body of any size: GET, SAFE to repeat. Nothing is sent until it is read.

        Args:
            path_or_link: As for `request`.
            params: As for `request`.
            accept: The Accept header; left out, any media type is welcome.

        Raises:
            InvalidArgumentError: An argument cannot work.
            LinkError: The path or link is a URI template, or the link is for another method.
            UnsafeLinkError: The link leaves the API.
        """
        from aiomatatika.transfer import Download  # late, with its threads: few programs download

        url = request_url(self._client.state.root, path_or_link, "GET", params)
        request = Request(method="GET", url=url, repeat=Repeat.SAFE, accept=accept_header(accept, "*/*"))
        return Download(self._client, request)

    async def close(self) -> None:
        """Close the session; closing again, also at the same time, is fine.

        Calls in flight end with `SessionClosedError`; one that brings a one-time secret may finish within 4 s. A
        borrowed aiohttp session stays open.
        """
        self._was_closed = True
        self._family.discard(self)
        if not self._is_derived or self._is_last:
            await self._client.state.close()

    @property
    def _is_last(self) -> bool:
        return all(each is self for each in self._family)  # its length counts those that the collector just cleared

    @property
    def deployment(self) -> Deployment:
        """Where the API is: for opening another session on it, such as one with a new key."""
        return self._client.state.deployment

    @property
    def client_id(self) -> str | None:
        """The client ID of the session's API key; None with a `BearerToken`.

        A program that rotates or deletes keys recognises its own: ``key.client_id == session.client_id``.
        """
        return self._client_id

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._client.state.lifetime.closed

    async def __aenter__(self) -> Self:
        self._client.state.lifetime.check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        # Nothing is closed here: there may be no event loop any more. Only its owner can close a session.
        client = getattr(self, "_client", None)  # absent where the constructor has raised
        if client is None or self._was_closed:
            return
        if self._is_last and client.state.connections.was_forgotten:
            warnings.warn(
                f"{self!r} was not closed: use 'async with' or await close()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __repr__(self) -> str:
        client = getattr(self, "_client", None)  # as above
        where = f" {client.state.root.url}" if client else ""
        return f"<MatatikaSession{where}{' closed' if client and client.state.lifetime.closed else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MatatikaSession does not pickle or copy: make one in each process, or share this one")
