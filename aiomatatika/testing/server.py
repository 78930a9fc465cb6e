"""The server: it listens, records, lets the fault plan have its way, and answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl
from uuid import UUID

from aiohttp import ClientPayloadError, web

from aiomatatika.credentials import ClientCredentials
from aiomatatika.deployment import Deployment
from aiomatatika.testing.answers import Answer
from aiomatatika.testing.api import Api
from aiomatatika.testing.clock import ControlledClock, ServerTime
from aiomatatika.testing.faults import Fault, FaultPlan
from aiomatatika.testing.identity import TokenEndpoint, Tokens
from aiomatatika.testing.log import Endpoint, RecordedRequest, RequestLog
from aiomatatika.testing.store import Store, StoredKey, StoredProfile
from aiomatatika.testing.wire import LastWords, hang_up, response
from aiomatatika.transport.clock import Clock, clock_of_new_sessions

if TYPE_CHECKING:
    from aiomatatika.session import MatatikaSession

__all__ = ["MatatikaServer"]

_TOKEN_PATH = "/oauth/token"
_REACHED_AS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # looked for, not bound


class MatatikaServer:
    """A Matatika API and its identity provider, on loopback.

    It has one profile and one API key, "default", when it starts. Closed and started again it has the same port and
    still knows what it knew: as a service that was down for a while.

    Args:
        host: Where to listen.
        port: On which port; 0: any free one.
        clock: The clock that tokens expire by; a new `ControlledClock` where none is given.
        page_size: How many keys a page has where the client asks for no size.
        token_lifetime: Seconds from a token's issue to its end.
        new_key_delay: For how many seconds of the clock the token endpoint refuses a key that was just created, as the
            real one can for half a minute.
        alias_host: Name the API by this host in every href (``https://{alias_host}/api/…``), as the real one names
            ``app.matatika.com`` wherever it is reached. The `deployment` knows it as an alias.

    Attributes:
        requests: What the server was sent, in the order of arrival.
        faults: What it does wrong.
        clock: Its clock.

    Raises:
        ConfigurationError: The host is not a loopback address (tokens would travel in clear text), or the alias is not
            a host name.
    """

    requests: RequestLog
    faults: FaultPlan
    clock: Clock

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        page_size: int = 20,
        token_lifetime: float = 86_400,
        new_key_delay: float = 0.0,
        alias_host: str | None = None,
    ) -> None:
        self.clock = ControlledClock() if clock is None else clock
        self.requests = RequestLog()
        self.faults = FaultPlan()
        self._host = host
        self._port = port
        self._page_size = page_size
        self._alias_host = alias_host
        self._time = ServerTime(self.clock)
        self._store = Store(self._time, new_key_delay)
        self._tokens = Tokens(self._time, token_lifetime)
        self._listener: asyncio.Server | None = None
        self._http: web.Server | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._api: Api | None = None
        self._token_endpoint: TokenEndpoint | None = None
        self._date = (0, "")
        self._deployment_at(port or 1)  # an impossible host or alias is refused here, not at the start

    def __repr__(self) -> str:
        where = f"at {self.url}" if self._port else "not started"
        return f"<MatatikaServer {where}{'' if self._listener or not self._port else ', closed'}>"

    # Coming and going

    async def start(self) -> None:
        """Listen. A server that does so already goes on.

        Raises:
            OSError: The port is taken.
        """
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        sock = socket.create_server((self._host, self._port), family=family, backlog=1024)
        self._port = sock.getsockname()[1]
        deployment = self.deployment
        root = f"https://{self._alias_host}/api" if self._alias_host else deployment.api_url
        self._api = Api(
            self._store,
            self._tokens,
            self._time,
            audience=deployment.audience,
            root=root,
            page_size=self._page_size,
        )
        self._token_endpoint = TokenEndpoint(self._store, self._tokens, self._time, deployment.audience)
        self._http = web.Server(self._handle, access_log=None)
        self._listener = await asyncio.get_running_loop().create_server(self._http, sock=sock)

    async def close(self) -> None:
        """Close the port and every connection at once, and end what was still to be answered. Closing twice is fine."""
        listener, self._listener = self._listener, None
        http, self._http = self._http, None
        if listener is None or http is None:
            return
        listener.close()
        transports = [handler.transport for handler in http.connections]
        for task in self._running:
            task.cancel()
        http.pre_shutdown()
        await http.shutdown(1)
        for transport in transports:
            if isinstance(transport, asyncio.Transport):
                transport.abort()  # one that a client does not read would wait for it
        for _ in range(5):
            await asyncio.sleep(0)  # sockets and tasks that were told to end do so in the next turns of the loop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def drop_connections(self, *, reset: bool = False) -> None:
        """Close every open connection, used or idle, by a FIN or by an RST, and go on listening."""
        for handler in self._http.connections if self._http else ():
            if isinstance(handler.transport, asyncio.Transport):
                hang_up(handler.transport, reset=reset)

    # Where it is, and how to get in

    @property
    def url(self) -> str:
        """``http://host:port``.

        Raises:
            RuntimeError: The server has not been started, and its port is any free one.
        """
        if not self._port:
            raise RuntimeError("the server has no port yet: use `async with` or await start() first")
        return self._url_at(self._port)

    @property
    def deployment(self) -> Deployment:
        """Where the API is, for `MatatikaSession`."""
        self.url  # noqa: B018  # raises where there is none
        return self._deployment_at(self._port)

    def _url_at(self, port: int) -> str:
        host = _REACHED_AS.get(self._host, self._host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _deployment_at(self, port: int) -> Deployment:
        url = self._url_at(port)
        aliases = (self._alias_host,) if self._alias_host else ()
        return Deployment(f"{url}/api", token_url=f"{url}{_TOKEN_PATH}", alias_hosts=aliases)

    @property
    def credentials(self) -> ClientCredentials:
        """The credentials of the built-in key."""
        return self._store.default_key.credentials

    def environ(self) -> dict[str, str]:
        """Return the variables that `MatatikaSession.from_env` reads, for a program in a process of its own.

        The secret is among them in clear text.
        """
        deployment, credentials = self.deployment, self.credentials
        return {
            "MATATIKA_API_URL": deployment.api_url,
            "MATATIKA_TOKEN_URL": deployment.token_url or "",
            "MATATIKA_CLIENT_ID": credentials.client_id,
            "MATATIKA_CLIENT_SECRET": credentials.client_secret.reveal(),
        }

    def session(self, **options: Any) -> MatatikaSession:
        """Return a new session on this server, with its credentials and by its clock. The caller closes it.

        Args:
            options: What else `MatatikaSession` takes.
        """
        from aiomatatika.session import MatatikaSession

        token = clock_of_new_sessions.set(self.clock)
        try:
            options.setdefault("deployment", self.deployment)
            return MatatikaSession(self.credentials, **options)
        finally:
            clock_of_new_sessions.reset(token)

    # What it knows

    @property
    def profile_id(self) -> str:
        """The id of the profile that owns the keys: ``auth0|`` and 24 hexadecimal digits."""
        return self._store.profile_id

    @property
    def profiles(self) -> Mapping[str, StoredProfile]:
        """The profiles by id, live."""
        return self._store.profiles

    @property
    def api_keys(self) -> Mapping[UUID, StoredKey]:
        """The keys by id, live, in the order in which the API lists them. The first is the built-in one."""
        return self._store.keys

    @property
    def default_key_id(self) -> UUID:
        """The id of the built-in key."""
        return self._store.default_key.id

    def add_api_keys(self, n: int, prefix: str = "key") -> list[UUID]:
        """Store so many more keys, named ``key-00001`` and so on, and return their ids."""
        return [self._store.add_key(name).id for name in self._store.numbered_names(prefix, n)]

    def add_profiles(self, n: int) -> list[str]:
        """Store so many more profiles, and return their ids."""
        return [self._store.add_profile().id for _ in range(n)]

    def revoke_tokens(self) -> None:
        """Refuse every token issued so far: the API answers 401 to it from now on."""
        self._tokens.revoke()

    @property
    def tokens_issued(self) -> int:
        """How many tokens the token endpoint handed out."""
        return self._tokens.issued

    # One request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)  # it ends when the answer is sent, and close() must not wait for that
            task.add_done_callback(self._running.discard)
        record = self._record(request)
        try:
            record.body = await request.content.read()
        except (ConnectionError, ClientPayloadError, web.RequestPayloadError):
            return LastWords()  # the client has gone, or talks nonsense
        fault = self.faults.take(record)
        real = self._answer(record) if fault is None or fault.acts else None
        if fault is None:
            assert real is not None
            return self._sent(record, real)
        if isinstance(fault.delay, asyncio.Event):
            await fault.delay.wait()
        elif fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.drop is not None or fault.raw is not None:
            return LastWords(fault.raw or b"", reset=fault.reset, drip=fault.drip)
        return self._sent(record, fault.answer(record, real, now=self._time.stamp()), fault)

    def _record(self, request: web.BaseRequest) -> RecordedRequest:
        path, _, query = request.raw_path.partition("?")
        endpoint: Endpoint = "other"
        if path == _TOKEN_PATH:
            endpoint = "token"
        elif path == "/api" or path.startswith("/api/"):
            endpoint = "api"
        peer = request.transport.get_extra_info("peername") if request.transport else None
        record = RecordedRequest(
            request.method,
            path,
            endpoint,
            query=dict(reversed(parse_qsl(query, keep_blank_values=True))),
            headers=request.headers.copy(),
            connection=peer[1] if peer else None,
            at=self.clock.monotonic(),
        )
        self.requests.record(record)
        return record

    def _answer(self, record: RecordedRequest) -> Answer:
        assert self._api is not None
        assert self._token_endpoint is not None
        match record.endpoint:
            case "api":
                return self._api.answer(record)
            case "token":
                return self._token_endpoint.answer(record)
            case "other":
                return Answer(404, {"Content-Type": "text/plain"}, b"Not Found")

    def _sent(self, record: RecordedRequest, answer: Answer, fault: Fault | None = None) -> web.StreamResponse:
        record.status = answer.status
        return response(answer, self._http_date(), fault)

    def _http_date(self) -> str:
        second = int(self._time.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]
