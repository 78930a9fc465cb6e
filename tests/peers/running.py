"""The peers as processes on loopback, each with its files in a folder of the test."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.identity_provider import Tokens

from .parts import HERE, NODE_MODULES, PATH

__all__ = ["AUDIENCE", "ProviderTokens", "nginx", "provider", "tinyproxy"]

AUDIENCE = "https://app.matatika.com/api"


@contextlib.asynccontextmanager
async def _process(folder: Path, *command: str | Path, **streams: Any) -> AsyncIterator[Process]:
    environ = {**os.environ, "PATH": PATH}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, **streams)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _listening(process: Process, port: int) -> None:
    async with asyncio.timeout(20):
        while process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return await writer.wait_closed()
            await asyncio.sleep(0.01)
    raise AssertionError(f"it has ended with {process.returncode}")


def _sign_certificate(folder: Path) -> None:
    """Write ``nginx.pem`` with its key, and ``ca.pem`` of a CA of its own."""
    for name, issuer in (("ca", ()), ("nginx", ("-CA", "ca.pem", "-CAkey", "ca.key"))):
        command = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
        files = ("-config", HERE / "openssl.cnf", "-extensions", name, "-keyout", f"{name}.key", "-out", f"{name}.pem")
        subprocess.run([*command, "-subj", f"/CN={name}", *files, *issuer], cwd=folder, stderr=DEVNULL, check=True)


@contextlib.asynccontextmanager
async def nginx(folder: Path, api: str, token: str) -> AsyncIterator[str]:
    """Run nginx in front of an API and a token endpoint; give its URL."""
    _sign_certificate(folder)
    port = _free_port()
    settings = (HERE / "nginx.conf").read_text(encoding="utf-8")
    (folder / "nginx.conf").write_text(settings % {"port": port, "api": api, "token": token}, encoding="utf-8")
    async with _process(folder, "nginx", "-p", folder, "-c", "nginx.conf", "-e", "nginx-error.log") as process:
        await _listening(process, port)
        yield f"https://localhost:{port}"


@contextlib.asynccontextmanager
async def tinyproxy(folder: Path) -> AsyncIterator[str]:
    """Run tinyproxy; give its URL."""
    port = _free_port()
    settings = f'Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nMaxClients 200\nLogFile "{folder}/tinyproxy.log"\n'
    (folder / "tinyproxy.conf").write_text(settings, encoding="utf-8")
    async with _process(folder, "tinyproxy", "-d", "-c", "tinyproxy.conf", stdout=DEVNULL) as process:
        await _listening(process, port)
        yield f"http://127.0.0.1:{port}"


class ProviderTokens(Tokens):
    """Accepts the tokens of the identity provider: JSON Web Tokens that it signs with a shared key."""

    def __init__(self, server: MatatikaServer) -> None:
        super().__init__(server._time, 6)
        self.key = secrets.token_bytes(32)

    def accept(self, token: str) -> bool:
        signed, _, signature = token.rpartition(".")
        claims, signature_bytes = (base64.urlsafe_b64decode(f"{part}==") for part in (signed.split(".")[1], signature))
        is_signed = hmac.compare_digest(signature_bytes, hmac.digest(self.key, signed.encode(), "sha256"))
        return is_signed and json.loads(claims)["aud"] == AUDIENCE and time.time() < json.loads(claims)["exp"]


@contextlib.asynccontextmanager
async def provider(folder: Path, server: MatatikaServer, key: bytes) -> AsyncIterator[str]:
    """Run the identity provider; give its token URL."""
    (folder / "node_modules").symlink_to(NODE_MODULES)
    for name in ("package.json", "provider.js"):  # copies: node looks for modules beside what a link points to
        (folder / name).write_bytes((HERE / name).read_bytes())
    credentials = {
        "client_id": server.credentials.client_id,
        "client_secret": server.credentials.client_secret.reveal(),
    }
    async with _process(folder, "node", "provider.js", stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"audience": AUDIENCE, "key": key.hex(), **credentials}).encode())
        process.stdin.write_eof()
        port = (await process.stdout.readline()).decode().strip()
        assert port, f"it has ended with {await process.wait()}"
        yield f"http://127.0.0.1:{port}/token"
