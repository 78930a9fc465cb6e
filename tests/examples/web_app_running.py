"""The web app on a real uvicorn in this process, and a client that speaks to it as a browser's forms do."""

from __future__ import annotations

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import attrs
import uvicorn

from aiomatatika.testing import MatatikaServer
from examples.web_app.app import OpenSession, create_app

from .programs import until

WAITS = "waits to be seen"


@attrs.frozen
class Answer:
    status: int
    headers: Any
    text: str
    path: str

    @property
    def form(self) -> str:
        """What the page's form is known by."""
        found = re.search(r'name="form" value="([^"]+)"', self.text)
        assert found, self.text
        return html.unescape(found[1])

    @property
    def ticket(self) -> str:
        """The path of the secret that this is the page of, or has a link to."""
        found = re.search(r"/secrets/[\w-]{43}", self.path + self.text)
        assert found, self.text
        return found[0]


class Server(uvicorn.Server):
    """Stops the moment it is told to; uvicorn looks every 0.1 s, which tests would wait for a hundred times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)  # sets the date header
        await self.told.wait()


@attrs.frozen
class WebApp:
    url: str
    http: aiohttp.ClientSession
    api: MatatikaServer
    server: Server
    task: asyncio.Task[None]

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, /, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        headers = {"Origin": self.url} if headers is None else headers
        return await self.ask("POST", path, headers=headers, data=fields)

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.http.request(method, path, **options) as response:
            return Answer(response.status, response.headers, await response.text(), response.url.path_qs)

    async def fill_in(self, path: str, **fields: str) -> Answer:
        """Send the form at a path; the answer is the page of a key's ticket, or of an error."""
        return await self.post(path, None, form=(await self.get(path)).form, **fields)

    async def create(self, name: str) -> Answer:
        return await self.fill_in("/keys/new", name=name)

    async def list_saying(self, text: str) -> Answer:
        """Load the list until it says something."""
        async with asyncio.timeout(60):
            while text not in (page := await self.get("/")).text:
                await asyncio.sleep(0.01)
        return page

    def secret_of(self, name: str) -> str:
        (key,) = [key for key in self.api.api_keys.values() if key.name == name]
        return key.client_secret.reveal()

    async def stop(self) -> None:
        self.server.told.set()
        await self.task


@asynccontextmanager
async def running(
    api: MatatikaServer, open_session: OpenSession | None = None, *, patience: float = 60, **options: Any
) -> AsyncIterator[WebApp]:
    # Named as TCP: asyncio switches Nagle's algorithm off, which costs 40 ms for each answer, for no other socket.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(open_session or api.session, patience=patience, **options)
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http:
            await until(lambda: server.started or task.done())
            yield WebApp(url, http, api, server, task)
    finally:
        server.told.set()
        await task
