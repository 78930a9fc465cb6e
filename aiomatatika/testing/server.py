"""The server: it listens in the running event loop, or in a thread of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Self, Unpack

from aiohttp import web

from aiomatatika.credentials import ClientCredentials
from aiomatatika.deployment import Deployment
from aiomatatika.errors import ConfigurationError
from aiomatatika.testing.aiohttp_responses import close_connection
from aiomatatika.testing.context import ApiSettings
from aiomatatika.testing.handler import TOKEN_PATH, RequestHandler
from aiomatatika.testing.loop_thread import LoopThread
from aiomatatika.testing.server_options import ServerOptions
from aiomatatika.testing.server_state import ServerState
from aiomatatika.transport.clock import Clock, clock_of_new_sessions

if TYPE_CHECKING:
    from aiomatatika.session import MatatikaSession
    from aiomatatika.settings import SessionOptions

__all__ = ["MatatikaServer", "ThreadedServer"]


class MatatikaServer(ServerState):
    """A Matatika API and its identity provider, on loopback.

    It starts with one profile, one API key, "default", and one workspace. When it is closed and started again it has
    the same port and the same data: a service that was down for a while.

    ``async with MatatikaServer() as server`` runs it in the running event loop; ``with MatatikaServer.in_thread() as
    server`` gives it a thread and a loop of its own, for synchronous tests, other loops, subprocesses and browsers.

    Args:
        host: The loopback address to listen on.
        port: The port to listen on; 0: any free one.
        clock: The clock that tokens expire by; by default a new `ControlledClock`.
        credentials: The credentials of the built-in key; by default random ones.
        page_size: The size of a page where the client asks for none.
        token_lifetime: Seconds from a token's issue to its expiry.
        new_key_delay: For how many seconds of the clock the token endpoint refuses a key that was just created, as the
            real one can for half a minute.
        alias_host: Name the API by this host in every href (``https://{alias_host}/api/…``), as the real one names
            ``app.matatika.com`` wherever it is reached. The `deployment` knows it as an alias.

    Attributes:
        requests: What the server was sent, in order of arrival.
        faults: What it does wrong.
        clock: Its clock.
        tables: Its resources beside API keys and profiles, by their collection relation: ``tables["pipelines"]``.

    Raises:
        ConfigurationError: The host is not a loopback address (tokens would travel in clear text), or the alias is not
            a host name.
    """

    def __init__(  # noqa: PLR0913  # what a test may vary, each a keyword with a default
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        credentials: ClientCredentials | None = None,
        page_size: int = 20,
        token_lifetime: float = 86_400,
        new_key_delay: float = 0.0,
        alias_host: str | None = None,
    ) -> None:
        super().__init__(clock, credentials, token_lifetime, new_key_delay)
        self._host = _checked_host(host)
        self._port = port
        self._page_size = page_size
        self._alias_host = alias_host
        self._handler = RequestHandler(self._carry_out, self.requests, self.faults, self._time)
        self._listener: asyncio.Server | None = None
        self._http: web.Server | None = None
        self._deployment_at(port or 1)  # refuses an impossible alias here, not at the start

    @staticmethod
    def in_thread(**options: Unpack[ServerOptions]) -> ThreadedServer:
        """Return a server that runs in a thread of its own: ``with MatatikaServer.in_thread() as server``.

        Args:
            options: What `MatatikaServer` takes.
        """
        return ThreadedServer(**options)

    def __repr__(self) -> str:
        where = f"at {self.url}" if self._port else "not started"
        return f"<{type(self).__name__} {where}{'' if self._listener or not self._port else ', closed'}>"

    # Starting and closing

    async def start(self) -> None:
        """Start to listen. A server that listens already goes on.

        Raises:
            OSError: The port is taken.
        """
        if self._listener is not None:
            return
        sock = self.open_socket(self._host, self._port)
        self._port = sock.getsockname()[1]
        deployment = self.deployment
        root = f"https://{self._alias_host}/api" if self._alias_host else deployment.api_url
        self._locate(ApiSettings(root=root, audience=deployment.audience, page_size=self._page_size))
        self._http = web.Server(self._handler, access_log=None)
        self._listener = await asyncio.get_running_loop().create_server(self._http, sock=sock)

    def open_socket(self, host: str, port: int) -> socket.socket:
        """Return the socket that `start` listens on. Override it to bring another, such as one of a simulation.

        Args:
            host: The server's host.
            port: The server's port; 0 the first time, where any free one will do.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)

    async def close(self) -> None:
        """Close the port and every connection at once, and cancel pending responses. Closing twice is fine."""
        listener, self._listener = self._listener, None
        http, self._http = self._http, None
        if listener is None or http is None:
            return
        listener.close()
        transports = [handler.transport for handler in http.connections]
        self._handler.cancel()
        http.pre_shutdown()
        await http.shutdown(1)
        for transport in transports:
            if isinstance(transport, asyncio.Transport):
                transport.abort()  # would otherwise wait for a client that does not read
        for _ in range(5):
            await asyncio.sleep(0)  # sockets and tasks that were told to end do so in the next turns of the loop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def drop_connections(self, *, reset: bool = False) -> None:
        """Close every open connection, busy or idle, by a FIN or by an RST, and go on listening."""
        for handler in self._http.connections if self._http else ():
            if isinstance(handler.transport, asyncio.Transport):
                close_connection(handler.transport, reset=reset)

    # Where it is, and how to get in

    @property
    def url(self) -> str:
        """``http://host:port``.

        Raises:
            RuntimeError: The server has not been started, and takes any free port.
        """
        return self._url_at(self._open_port())

    @property
    def deployment(self) -> Deployment:
        """Where the API is, for `MatatikaSession`."""
        return self._deployment_at(self._open_port())

    def _open_port(self) -> int:
        if not self._port:
            raise RuntimeError("the server has no port yet: use `async with`, `with` or start() first")
        return self._port

    def _url_at(self, port: int) -> str:
        return f"http://[{self._host}]:{port}" if ":" in self._host else f"http://{self._host}:{port}"

    def _deployment_at(self, port: int) -> Deployment:
        url = self._url_at(port)
        aliases = (self._alias_host,) if self._alias_host else ()
        return Deployment(f"{url}/api", token_url=f"{url}{TOKEN_PATH}", alias_hosts=aliases)

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

    def session(self, **options: Unpack[SessionOptions]) -> MatatikaSession:
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


class _Done:
    """Returned by what has already happened, so that ``await server.close()`` works with every server."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


class ThreadedServer(MatatikaServer):
    """A `MatatikaServer` in a thread and event loop of its own, as `MatatikaServer.in_thread` returns it.

    It can be used from any thread and from any event loop. What `start`, `close` and `drop_connections` do has happened
    when they return; to await it is allowed, and not needed.
    """

    def __init__(self, **options: Unpack[ServerOptions]) -> None:
        super().__init__(**options)
        self._thread: LoopThread | None = None
        self._switching = threading.Lock()

    def start(self) -> Any:
        """Start the thread, and listen. A server that listens already goes on.

        Raises:
            OSError: The port is taken.
        """
        with self._switching:
            if self._thread is None:
                thread = LoopThread("MatatikaServer")
                try:
                    thread.run(super().start())
                except BaseException:
                    thread.stop()
                    raise
                self._thread = thread
        return _Done()

    def close(self) -> Any:
        """Close the port and every connection at once, cancel pending responses and end the thread.

        Raises:
            RuntimeError: The thread does not end, because a function or iterator given to a fault blocks it.
        """
        with self._switching:
            thread, self._thread = self._thread, None
            if thread is not None:
                try:
                    thread.run(super().close())
                finally:
                    thread.stop()
        return _Done()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def drop_connections(self, *, reset: bool = False) -> None:
        """Close every open connection, busy or idle, by a FIN or by an RST, and go on listening."""

        async def drop() -> None:
            MatatikaServer.drop_connections(self, reset=reset)

        if self._thread is not None:
            self._thread.run(drop())


def _checked_host(host: str) -> str:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            "host must be a loopback address (127.0.0.1, ::1 or localhost): the server speaks http, and tokens must "
            "not leave this machine in clear text"
        )
    return host
