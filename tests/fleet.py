"""Processes that share a token: workers that make calls when they are told to, and the servers that they need."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aiomatatika import Deployment
from aiomatatika.testing import MatatikaServer

ROOT = Path(__file__).parent.parent

# Told a number on stdin, it makes so many calls and says "done", or the error that ended them.
_WORKER = """
import asyncio, os, sys
from aiomatatika import (
    ClientCredentials, Deployment, FileTokenStore, MatatikaError, MatatikaSession, RedisTokenStore
)

async def main(store, api_url, token_url, client_id):
    store = RedisTokenStore(store) if "://" in store else FileTokenStore(store)
    credentials = ClientCredentials(client_id, os.environ.pop("CLIENT_SECRET"))
    deployment = Deployment(api_url, token_url=token_url)
    async with MatatikaSession(credentials, deployment=deployment, token_store=store) as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                for _ in range(int(line)):
                    await session.request("GET", "/profiles")
                print("done", flush=True)
            except MatatikaError as error:
                print(repr(error), flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


class Worker:
    """A process with a session and a token store.

    Attributes:
        process: It.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def call(self, times: int = 1) -> str:
        """Have it make calls; return "done", or what went wrong."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{times}\n".encode())
        return (await self.process.stdout.readline()).decode().strip()


@contextlib.asynccontextmanager
async def workers(server: MatatikaServer, store: Path | str, number: int) -> AsyncIterator[list[Worker]]:
    """Start so many processes whose sessions share a store; what they write to stderr must be nothing."""
    deployment: Deployment = server.deployment
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "error", "-c", _WORKER),
            *(str(store), deployment.api_url, deployment.token_url or "", server.credentials.client_id),
            env={
                **os.environ,
                "CLIENT_SECRET": server.credentials.client_secret.reveal(),
                "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(number)
    ]
    try:
        yield [Worker(process) for process in started]
    finally:
        outputs = await asyncio.gather(*(process.communicate(b"") for process in started))
    assert [errors for _, errors in outputs if errors] == []


class RedisServer:
    """A Redis of our own, in memory, on loopback.

    Attributes:
        url: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *("redis-server", "--bind", "127.0.0.1", "--port", str(self._port)),
            *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.01)

    async def configure(self, setting: str, value: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"CONFIG SET {setting} {value}\r\n".encode())
        assert await reader.readline() == b"+OK\r\n"
        writer.close()
        await writer.wait_closed()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it at once; what it knew is gone."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[RedisServer]:
    pytest.importorskip("redis", reason="the extra redis is not installed")
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    redis = RedisServer(folder)
    await redis.start()
    try:
        yield redis
    finally:
        await redis.kill()


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
