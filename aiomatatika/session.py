"""`MatatikaSession`: opens, closes, and hands out the resource groups."""

from __future__ import annotations

import os
import platform
import re
import warnings
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar, overload

import aiohttp

from aiomatatika._version import __version__
from aiomatatika.auth.client_credentials import ClientCredentialsGrant
from aiomatatika.auth.source import TokenSource
from aiomatatika.auth.token_callable import callable_grant
from aiomatatika.credentials import BearerToken, ClientCredentials, Credentials, credentials_from_env
from aiomatatika.decoding.converter import check_class
from aiomatatika.decoding.request_bodies import json_body
from aiomatatika.deployment import PRODUCTION, Deployment, deployment_from_env
from aiomatatika.errors import ConfigurationError, InvalidArgumentError, LinkError
from aiomatatika.hal import HalResource, Link
from aiomatatika.options import Options, Retries, Timeouts
from aiomatatika.resources import Groups
from aiomatatika.secret import Secret
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import clock_of_new_sessions
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.lifetime import Lifetime
from aiomatatika.transport.message import HAL_JSON, Request, Response
from aiomatatika.transport.retry import Repeat, repeat_by_method
from aiomatatika.transport.state import SharedState
from aiomatatika.transport.urls import ApiRoot

__all__ = ["MatatikaSession"]

T = TypeVar("T")

_METHOD = re.compile(r"[A-Z]+", re.ASCII)
_USER_AGENT = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)


def _user_agent(own: str | None) -> str:
    if own is not None and (not isinstance(own, str) or not _USER_AGENT.fullmatch(own)):
        raise ConfigurationError("user_agent must be visible ASCII characters and single spaces")
    ours = f"aiomatatika/{__version__} aiohttp/{aiohttp.__version__} Python/{platform.python_version()}"
    return f"{own} {ours}" if own else ours


def _check_kinds(**arguments: tuple[object, type]) -> None:
    for name, (value, kind) in arguments.items():
        if not isinstance(value, kind):
            module = "aiohttp." if kind is aiohttp.ClientSession else ""
            raise ConfigurationError(f"{name} must be {module}{kind.__name__}, not {type(value).__name__}")


class MatatikaSession(Groups):
    """A session with the Matatika API: credentials, connections and the token that many tasks share.

    Use it in ``async with``, or `close` it. It may be built at import time, outside any event loop; its connections are
    opened on first use in the running loop. It works on under a second `asyncio.run`: the token is kept, the
    connections are not. Tasks may share it; processes may not.

    Args:
        credentials: An API key's `ClientCredentials`, or a `BearerToken`.
        deployment: Where the API is.
        http: An aiohttp session of the caller's: used, never closed. Its own middlewares do not run for our requests.
            Without it the session makes one of its own: 100 connections, no cookies, no proxy and no netrc from the
            environment.
        timeouts: Limits in seconds.
        retries: How often a failed request is repeated.
        user_agent: The caller's own product, put before ours in the User-Agent header.

    Raises:
        ConfigurationError: The settings cannot work; the message names the argument. Nothing was sent.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        deployment: Deployment = PRODUCTION,
        http: aiohttp.ClientSession | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  # frozen
        retries: Retries = Retries(),  # noqa: B008  # frozen
        user_agent: str | None = None,
    ) -> None:
        if not isinstance(credentials, ClientCredentials | BearerToken):
            kind = type(credentials).__name__
            del credentials  # a bare token, perhaps, and a traceback can show its locals
            raise ConfigurationError(f"credentials must be ClientCredentials or a BearerToken, not {kind}")
        _check_kinds(deployment=(deployment, Deployment), timeouts=(timeouts, Timeouts), retries=(retries, Retries))
        if http is not None:
            _check_kinds(http=(http, aiohttp.ClientSession))
        clock, lifetime, options = clock_of_new_sessions.get(), Lifetime(), Options(timeouts, retries)
        connections = Connections(lifetime, _user_agent(user_agent), http)
        client_id: str | None = None
        secrets: tuple[Secret, ...] = ()
        if isinstance(credentials, ClientCredentials):
            client_id, secrets = credentials.client_id, (credentials.client_secret,)
            grant = ClientCredentialsGrant(credentials, deployment, connections, clock, options)
            tokens = TokenSource(grant, clock, lifetime)
        elif isinstance(credentials.token, Secret):
            tokens = TokenSource(None, clock, lifetime, fixed=credentials.token)
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
        )
        self._client_id = client_id
        self._client = Client(state, options)
        self._groups = {}
        self._is_derived = False
        self._family: weakref.WeakSet[MatatikaSession] = weakref.WeakSet({self})

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:
        """Return a session with what the environment says.

        ``MATATIKA_CLIENT_ID`` and ``MATATIKA_CLIENT_SECRET``, or ``MATATIKA_ACCESS_TOKEN``; where they are set,
        ``MATATIKA_API_URL``, ``MATATIKA_TOKEN_URL`` and ``MATATIKA_AUDIENCE`` instead of those of `PRODUCTION`.

        Args:
            **overrides: Arguments of the constructor; ``credentials`` and ``deployment`` replace the environment's.

        Raises:
            ConfigurationError: Variables are missing or contradict one another; the message names them.
        """
        deployment = overrides.pop("deployment", None) or deployment_from_env(os.environ)
        credentials = overrides.pop("credentials", None) or credentials_from_env(os.environ)
        return cls(credentials, deployment=deployment, **overrides)

    def with_options(self, *, timeouts: Timeouts | None = None, retries: Retries | None = None) -> Self:
        """Return the same session with other options: connections, token and retry budget are shared.

        Closing what is returned closes nothing while another session object of the family is held somewhere; the last
        one closes all. Closing the session that it came from closes both.

        Raises:
            ConfigurationError: An argument cannot work.
        """
        options = self._client.options
        timeouts = options.timeouts if timeouts is None else timeouts
        retries = options.retries if retries is None else retries
        _check_kinds(timeouts=(timeouts, Timeouts), retries=(retries, Retries))
        derived = object.__new__(type(self))
        client = Client(self._client.state, Options(timeouts, retries))
        vars(derived).update(vars(self), _client=client, _groups={}, _is_derived=True)
        self._family.add(derived)
        return derived

    @overload
    async def follow(self, target: HalResource | Link | str, rel: str | None = None) -> HalResource: ...
    @overload
    async def follow(self, target: HalResource | Link | str, rel: str | None = None, *, as_type: type[T]) -> T: ...
    @overload
    async def follow(self, target: HalResource | Link | str, rel: str | None, as_type: type[T]) -> T: ...

    async def follow(
        self, target: HalResource | Link | str, rel: str | None = None, as_type: type[Any] = HalResource
    ) -> Any:
        """GET what a link names. The token goes to the API's origin only, whatever the link says.

        Args:
            target: A resource, a `Link`, or an href.
            rel: The relation of the link, where ``target`` is a resource; ``self`` where it is left out.
            as_type: The attrs class to make of the answer; a `HalResource` where it is left out.

        Raises:
            RelationNotFoundError: The resource has no such link; the message names those that it has.
            LinkError: The link is a template or needs another method than GET.
            UnsafeLinkError: The link leaves the API. Nothing was sent.
            TypeError: The class cannot be made of a document; the message names it and its field. Nothing was sent.
        """
        check_class(as_type)
        if isinstance(target, HalResource):
            target = target.links[rel or "self"]
        elif rel is not None:
            raise InvalidArgumentError("rel goes with a resource, not with a link")
        url = self._client.state.root.resolve(self._href(target, {"GET"}))
        request = Request(method="GET", url=url, repeat=Repeat.SAFE)
        return (await self._client.send(request)).structured(as_type)

    @staticmethod
    def _href(link: Link | str, methods: set[str]) -> str:
        if isinstance(link, str):
            return link
        if not isinstance(link, Link):
            raise InvalidArgumentError(f"expected a resource, a Link or an href, not {type(link).__name__}")
        if link.templated:
            raise LinkError(f"the link {link.rel!r} is a URI template: expand it yourself")
        if link.method is not None and link.method not in methods:
            raise LinkError(f"the link {link.rel!r} is for {link.method}: use request({link.method!r}, link)")
        return link.href

    async def request(
        self,
        method: str,
        path_or_link: str | Link,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        accept: str | None = None,
        repeat: Repeat | None = None,
    ) -> Response:
        """Make a call that has no method of its own yet, under the same rules for token, origin, repeats and size.

        Args:
            method: The HTTP method.
            path_or_link: A path below the API's root, such as ``/workspaces``; an absolute URL of the API; or a `Link`.
            json: The body, as JSON; None sends none.
            params: Query parameters, added to those of the path; None values are left out.
            accept: The Accept header; HAL JSON where it is left out.
            repeat: Whether the call may be repeated when its answer is lost. Left out, the method tells: GET is SAFE,
                PUT and DELETE are IDEMPOTENT, POST and PATCH are sent ONCE.

        Returns:
            The answer, of a status from 200 to 299.

        Raises:
            MatatikaError: As the tree in `aiomatatika.errors` says.
            InvalidArgumentError: An argument cannot work; nothing was sent.
        """
        if not isinstance(method, str) or not _METHOD.fullmatch(method := method.upper()):
            raise InvalidArgumentError("method must be the name of an HTTP method")
        if accept is not None and not _USER_AGENT.fullmatch(accept):
            raise InvalidArgumentError("accept must be visible ASCII characters and single spaces")
        if isinstance(path_or_link, str) and "://" not in path_or_link.partition("?")[0]:
            url = self._client.state.root.below(path_or_link)
        else:
            url = self._client.state.root.resolve(self._href(path_or_link, {method}))
        if params:
            url = url.extend_query({name: str(value) for name, value in params.items() if value is not None})
        request = Request(
            method=method,
            url=url,
            repeat=repeat or repeat_by_method(method),
            body=None if json is None else json_body(json),
            accept=accept or HAL_JSON,
        )
        del json  # it can hold passwords, and a traceback with locals would show them
        return await self._client.send(request)

    async def close(self) -> None:
        """Close the session; closing again, also at the same time, is fine.

        Calls in flight end with `SessionClosedError`; one that brings a one-time secret may finish within 4 s. A
        borrowed aiohttp session stays open.
        """
        if not self._is_derived or self._is_last:
            await self._client.state.close()

    @property
    def _is_last(self) -> bool:
        return all(each is self for each in self._family)

    @property
    def deployment(self) -> Deployment:
        """Where the API is: for another session on the same one, such as that of a key just made."""
        return self._client.state.deployment

    @property
    def client_id(self) -> str | None:
        """The client ID of the API key of the session; None with a `BearerToken`.

        A program that rotates or deletes keys tells its own by it: ``key.client_id == session.client_id``.
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
        client = getattr(self, "_client", None)
        if client is not None and self._is_last and client.state.connections.was_forgotten:
            warnings.warn(
                f"{self!r} was not closed: use 'async with' or await close()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __repr__(self) -> str:
        client = getattr(self, "_client", None)  # absent where the constructor has raised
        where = f" {client.state.root.url}" if client else ""
        return f"<MatatikaSession{where}{' closed' if client and client.state.lifetime.closed else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MatatikaSession does not pickle or copy: make one in each process, or share this one")
