"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aiomatatika

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(aiomatatika.__file__).parents[1])}
PLUGIN = "aiomatatika.testing.plugin"
HEAVY = {"aiohttp", "attr", "cattrs", "msgspec", "multidict", "yarl"}
HEAVY_AND_STANDARD = {"asyncio", "ssl", "pytest_asyncio"}
QUIET = ("-o", "asyncio_default_fixture_loop_scope=function")  # pytest-asyncio warns where it is not set
ASYNCIO = ("-p", "pytest_asyncio.plugin", *QUIET)

EVERY_KIND = """
import asyncio, subprocess, sys
import pytest
from aiomatatika import MatatikaSession

close, loops = MatatikaSession.close, []

async def close_in_the_loop_of_the_test(self):
    assert not loops or asyncio.get_running_loop() is loops.pop()
    await close(self)

MatatikaSession.close = close_in_the_loop_of_the_test

def test_synchronous(matatika_server, matatika_session):
    assert asyncio.run(matatika_session.apikeys.list().count()) == 1
    assert matatika_server.requests.methods() == ["GET"]

def test_subprocess(matatika_server):
    source = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + '/oauth/token', b'')"
    assert subprocess.run([sys.executable, "-c", source, matatika_server.url], stderr=subprocess.DEVNULL).returncode
    assert [request.status for request in matatika_server.requests] == [403]

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_anyio(matatika_session, anyio_backend):
    assert await matatika_session.apikeys.list().count() == 1

class TestAsyncio:
    async def check(self, session):
        assert await session.apikeys.list().count() == 1
        loops.append(asyncio.get_running_loop())

    @pytest.mark.asyncio
    async def test_default(self, matatika_session):
        await self.check(matatika_session)
""" + "".join(
    f"""
    @pytest.mark.asyncio(loop_scope="{scope}")
    async def test_{scope}(self, matatika_session):
        await self.check(matatika_session)
"""
    for scope in ("function", "class", "module", "package", "session")
)


def run_pytest(folder: Path, source: str, *options: str, **environment: str) -> str:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(source)
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return result.stdout + result.stderr


@pytest.fixture
def plugin(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Where the package is installed, pytest finds the plugin by itself, and must not be told of it a second time."""
    return () if request.config.pluginmanager.has_plugin("aiomatatika") else ("-p", PLUGIN)


@pytest.mark.parametrize("scope", ["function", "session"])
def test_C20_every_kind_of_test_has_a_server_and_a_session(tmp_path: Path, plugin: tuple[str, ...], scope: str) -> None:
    pytest.importorskip("anyio")
    out = run_pytest(tmp_path, EVERY_KIND, *plugin, *QUIET, "-o", f"asyncio_default_test_loop_scope={scope}")
    assert "9 passed in" in out, out


def test_the_fixtures_are_listed_with_what_they_are(tmp_path: Path, plugin: tuple[str, ...]) -> None:
    out = run_pytest(tmp_path, "", "--fixtures", *plugin, *QUIET)
    assert "A running `aiomatatika.testing.MatatikaServer`, new for each test" in out
    assert "An open `aiomatatika.MatatikaSession` on ``matatika_server``" in out


def test_without_pytest_asyncio_the_session_says_what_is_missing(tmp_path: Path, plugin: tuple[str, ...]) -> None:
    source = "def test_server(matatika_server): pass\ndef test_session(matatika_session): pass"
    out = run_pytest(tmp_path, source, "-p", "no:asyncio", *plugin)
    assert "1 passed, 1 error" in out, out
    assert "the fixture matatika_session needs pytest-asyncio" in out


@pytest.mark.parametrize("others, without", [((), HEAVY | HEAVY_AND_STANDARD), (ASYNCIO, HEAVY)])
def test_X17_a_project_that_does_not_use_it_imports_next_to_nothing(
    tmp_path: Path, others: tuple[str, ...], without: set[str]
) -> None:
    source = f"import sys\ndef test_it():\n    imported = {without} & sys.modules.keys()\n    assert not imported"
    out = run_pytest(tmp_path, source, "-p", PLUGIN, *others, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "1 passed" in out, out
