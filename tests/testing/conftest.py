"""A plain client of the embedded server: these tests do not use the library's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Unpack

import pytest
from aiohttp import ClientSession
from multidict import CIMultiDictProxy

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing import MatatikaServer, ServerOptions


@dataclass
class Got:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class PlainClient:
    """Speaks HTTP to the server, with a token where it has fetched one."""

    server: MatatikaServer
    http: ClientSession
    token: str | None = None

    async def send(self, method: str, path: str, **options: Any) -> Got:
        url = path if path.startswith("http") else self.server.url + path
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        async with self.http.request(method, url, headers=headers, allow_redirects=False, **options) as response:
            return Got(response.status, response.headers, await response.read())

    async def get(self, path: str = "/api/apikeys") -> Got:
        return await self.send("GET", path)

    async def put(self, path: str, document: object) -> Got:
        return await self.send("PUT", path, json=document)

    async def ask_token(self, credentials: ClientCredentials | None = None, **other: str) -> Got:
        """Ask for a token as a form, with the given fields in place of the right ones."""
        credentials = credentials or self.server.credentials
        fields = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret.reveal(),
            "audience": self.server.deployment.audience,
        }
        return await self.send("POST", "/oauth/token", data=fields | other)

    async def log_in(self) -> None:
        self.token = (await self.ask_token()).document["access_token"]
        self.server.requests.clear()

    async def raw(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return every byte that comes back on a new connection until it ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self.server.url.rpartition(":")[2]))
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        writer.write(head.encode() + body)
        try:
            async with asyncio.timeout(30):
                return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def client_of_a_server(**options: Unpack[ServerOptions]) -> AsyncIterator[PlainClient]:
    """Run a server with these options, and log in."""
    async with MatatikaServer(**options) as server, ClientSession() as http:
        client = PlainClient(server, http)
        await client.log_in()
        yield client


@pytest.fixture
async def client() -> AsyncIterator[PlainClient]:
    async with client_of_a_server() as client:
        yield client


@pytest.fixture
async def server(client: PlainClient) -> MatatikaServer:
    return client.server
