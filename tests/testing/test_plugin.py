"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import aiomatatika

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(aiomatatika.__file__).parents[1])}
# Where the package is installed, pytest finds the plugin by itself, and must not be told of it a second time.
NAMED = "import pytest; pytest_plugins = () if {} else ('aiomatatika.testing.plugin',)"

LOOP_SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")  # pytest-asyncio warns where it is not set

USES = """
from aiomatatika.testing import MatatikaServer

async def test_server(matatika_server):
    assert isinstance(matatika_server, MatatikaServer)
    assert not matatika_server.requests

async def test_session(matatika_server, matatika_session):
    assert await matatika_session.apikeys.list().count() == 1
    assert matatika_server.requests.methods() == ["GET"]
"""


def run_pytest(folder: Path, source: str, *options: str, installed: bool) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(NAMED.format(installed))
    (folder / "test_it.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-X", "dev", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def installed(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.pluginmanager.has_plugin("aiomatatika"))


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_running_server_and_an_open_session(tmp_path: Path, installed: bool, mode: str) -> None:
    source = USES if mode == "auto" else "import pytest\npytestmark = pytest.mark.asyncio\n" + USES
    result = run_pytest(tmp_path, source, "-o", f"asyncio_mode={mode}", *LOOP_SCOPE, installed=installed)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_the_fixtures_are_listed_with_what_they_are(tmp_path: Path, installed: bool) -> None:
    result = run_pytest(tmp_path, "", "--fixtures", *LOOP_SCOPE, installed=installed)
    assert "matatika_server" in result.stdout
    assert "A running `aiomatatika.testing.MatatikaServer`, new for each test." in result.stdout


def test_without_pytest_asyncio_only_the_fixtures_fail_and_say_why(tmp_path: Path, installed: bool) -> None:
    (tmp_path / "pytest_asyncio.py").write_text("raise ImportError")  # stands before the real one on the path
    source = "def test_other(): pass\ndef test_server(matatika_server): pass\ndef test_session(matatika_session): pass"
    options = ("-p", "no:asyncio", "--import-mode=prepend")
    result = run_pytest(tmp_path, source, *options, installed=installed)
    assert "1 passed, 2 errors" in result.stdout, result.stdout + result.stderr
    assert "matatika_server needs pytest-asyncio" in result.stdout
    assert "matatika_session needs pytest-asyncio" in result.stdout


def test_it_does_nothing_for_those_who_do_not_ask_and_imports_little() -> None:
    source = """
import sys
import pytest, pytest_asyncio
import aiomatatika
before = set(sys.modules)
import aiomatatika.testing.plugin
print(*(name for name in set(sys.modules) - before))
"""
    result = subprocess.run(
        [sys.executable, "-c", source], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=True
    )
    assert set(result.stdout.split()) == {"aiomatatika.testing", "aiomatatika.testing.plugin"}


def test_the_names_of_the_package() -> None:
    import aiomatatika.testing as package

    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
