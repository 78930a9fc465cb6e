"""X: forks, the end of the interpreter and its limits; each program is a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from aiomatatika.testing import MatatikaServer

from .wires import DATA, tls_server, wire

ROOT = Path(__file__).parent.parent.parent

CALLS = """
import asyncio, logging, os, sys
from aiomatatika import MatatikaSession, Retries, TransportError

logging.getLogger("asyncio").setLevel("ERROR")  # not how long a step takes under -X dev

async def first(session):
    return await session.apikeys.list().first()
"""

FORK = """
session = MatatikaSession.from_env()
loop = asyncio.new_event_loop()
loop.run_until_complete(first(session))
for used in (True, False):
    child = os.fork()
    if child == 0:
        if used:
            asyncio.run(first(session))
            asyncio.run(session.close())
        loop.close()
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
loop.run_until_complete(first(session))
loop.run_until_complete(session.close())
loop.close()
"""

FORGET = """
session = MatatikaSession.from_env()
asyncio.run(first(session))
"""

CLOSE_LAST = """
async def main():
    async with MatatikaSession.from_env() as session:
        await first(session)

asyncio.run(main())
"""

FEW_FILES = """
import resource

async def main():
    async with MatatikaSession.from_env(retries=Retries(attempts=1)) as session:
        await first(session)
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        outcomes = await asyncio.gather(*(first(session) for _ in range(100)), return_exceptions=True)
        failed = [each for each in outcomes if isinstance(each, BaseException)]
        assert failed
        assert {(type(each), each.sent) for each in failed} == {(TransportError, "no")}, failed
        assert await first(session)

asyncio.run(main())
"""


async def run(server: MatatikaServer, program: str, *options: str, tls: bool = False) -> tuple[int | None, str]:
    """Run a program against a server; return its status and what it said to standard error."""
    async with contextlib.AsyncExitStack() as stack:
        url = server.url
        if tls:
            url = f"https://127.0.0.1:{(await stack.enter_async_context(wire(url, tls=tls_server()))).port}"
        session = {
            "MATATIKA_API_URL": f"{url}/api",
            "MATATIKA_TOKEN_URL": f"{url}/oauth/token",
            "MATATIKA_AUDIENCE": server.deployment.audience,
            "MATATIKA_CLIENT_ID": server.credentials.client_id,
            "MATATIKA_CLIENT_SECRET": server.credentials.client_secret.reveal(),
            "SSL_CERT_FILE": str(DATA / "here.pem"),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *options, "-c", CALLS + program),
            env={**os.environ, "PYTHONPATH": str(ROOT), **session},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
    return process.returncode, errors.decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
async def test_X05_a_child_leaves_the_connections_of_its_parent_alone(server: MatatikaServer) -> None:
    assert await run(server, FORK, "-W", "error", tls=True) == (0, "")
    in_the_parent, in_the_child, in_the_parent_again = (request.connection for request in server.requests.api)
    assert in_the_parent == in_the_parent_again != in_the_child
    assert len(server.requests.token) == 1


async def test_X07_a_program_ends_without_closing_its_session(server: MatatikaServer) -> None:
    status, errors = await run(server, FORGET, "-X", "dev")
    assert status == 0
    warning, *rest = errors.splitlines()
    assert "ResourceWarning: <MatatikaSession" in warning
    assert "was not closed: use 'async with' or await close()" in warning
    assert not any("Warning" in line or "Traceback" in line for line in rest), rest


async def test_X08_a_loop_that_ends_at_once_after_closing_over_tls(server: MatatikaServer) -> None:
    assert await run(server, CLOSE_LAST, "-X", "dev", "-W", "error", tls=True) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit here")
async def test_X11_file_descriptors_run_out(server: MatatikaServer) -> None:
    assert await run(server, FEW_FILES, "-X", "dev", "-W", "error") == (0, "")
