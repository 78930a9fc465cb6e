"""The web app on a real uvicorn in this process, and a client that speaks to it as a browser's forms do."""

from __future__ import annotations

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import attrs
import uvicorn

from aiomatatika.testing import MatatikaServer
from examples.web_app.app import OpenSession, create_app

LIST, ONE, TOKEN = "/api/apikeys", "/api/apikeys/*", "/oauth/token"


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
    server: Server
    task: asyncio.Task[None]

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, /, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        headers = {"Origin": self.url} if headers is None else headers
        return await self.ask("POST", path, headers=headers, data=fields)

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.http.request(method, path, **options) as response:
            text = await response.text()
            return Answer(response.status, response.headers, text, response.url.path_qs)

    async def create(self, name: str) -> Answer:
        """Fill in and send the form of a new key; the answer is the page of its ticket, or of an error."""
        return await self.post("/keys/new", name=name, form=(await self.get("/keys/new")).form)

    async def stop(self) -> None:
        self.server.told.set()
        await self.task


@asynccontextmanager
async def running(open_session: OpenSession, **options: Any) -> AsyncIterator[WebApp]:
    # Named as TCP: asyncio switches Nagle's algorithm off, which costs 40 ms for each answer, for no other socket.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(create_app(open_session, **options), log_config=None, access_log=False, ws="none")
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http:
            await until(lambda: server.started or task.done())
            yield WebApp(url, http, server, task)
    finally:
        server.told.set()
        await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def page_saying(app: WebApp, text: str) -> Answer:
    """Load the list until it says something."""
    async with asyncio.timeout(30):
        while text not in (page := await app.get("/")).text:
            await asyncio.sleep(0.01)
    return page


def secrets_of(server: MatatikaServer) -> dict[str, str]:
    """Return the names and the secrets of the keys that are not the built-in one."""
    keys = list(server.api_keys.values())[1:]
    return {key.name: key.client_secret.reveal() for key in keys}
