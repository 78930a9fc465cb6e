"""The README's Python blocks run, as they stand, against the embedded server; so does the quickstart."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import aiomatatika
from aiomatatika.testing import MatatikaServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def compiled(source: str) -> Any:
    return compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("source", BLOCKS, ids=range(len(BLOCKS)))
async def test_a_python_block_of_the_readme_runs(
    source: str, matatika_server: MatatikaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, str] = {}
    namespace: dict[str, Any] = {
        "client_id": matatika_server.credentials.client_id,
        "client_secret": matatika_server.credentials.client_secret,
        "vault": SimpleNamespace(store=stored.__setitem__),
        "print": lambda *_: None,
    }
    here = functools.partial(aiomatatika.MatatikaSession, deployment=matatika_server.deployment)
    if "MatatikaServer" not in source:
        monkeypatch.setattr(aiomatatika, "MatatikaSession", here)
    before = len(matatika_server.api_keys)

    outcome = eval(compiled(source), namespace)  # our own README
    if inspect.iscoroutine(outcome):
        await outcome

    assert len(matatika_server.api_keys) == before
    assert bool(stored) == ("vault" in source)


def test_the_readme_has_blocks_to_run() -> None:
    assert len(BLOCKS) >= 2


def test_every_file_that_the_readme_points_to_is_there() -> None:
    assert re.findall(r"\]\((?!https?:)", README) == []  # the package index shows it, too
    targets = re.findall(r"\]\(https://github\.com/aiomatatika/aiomatatika/blob/main/([^)#]+)\)", README)
    assert targets
    installed = Path(aiomatatika.__file__).parent.parent  # elsewhere, where the tests run against the wheel
    assert [target for target in targets if not any((root / target).exists() for root in (ROOT, installed))] == []


def test_the_readme_names_every_error_that_it_explains_as_it_is_exported() -> None:
    named = set(re.findall(r"`(\w+Error)", README)) - {"CancelledError", "TimeoutError"}
    assert named
    assert named <= set(dir(aiomatatika))


def test_the_quickstart_tells_its_story_and_no_secret() -> None:
    result = subprocess.run(  # our own example
        [sys.executable, "-X", "dev", "-W", "error", str(ROOT / "examples" / "quickstart.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
    )
    assert result.stderr == ""
    assert result.returncode == 0
    assert "embedded server" in result.stdout
    assert result.stdout.rstrip().endswith("Done.")
    assert re.findall(r"  page (\d+):", result.stdout) == ["0", "1", "2"]
    before, after = re.findall(r"(\d+) keys in all", result.stdout)
    assert before == after, "it deletes the key that it makes"
    assert re.search(r"[A-Za-z0-9_-]{64}", result.stdout) is None


def test_the_quickstart_names_the_variable_that_is_missing() -> None:
    result = subprocess.run(  # our own example
        [sys.executable, str(ROOT / "examples" / "quickstart.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "MATATIKA_CLIENT_ID": "an-id"},
    )
    assert result.returncode == 1
    assert "ConfigurationError: MATATIKA_CLIENT_SECRET not set" in result.stderr
    assert "Traceback" not in result.stderr


EXAMPLES = ROOT / "examples"
TO_COPY = re.findall(r"((?:`[\w.]+`(?:, | and )?)+)\s+in\s+`([\w/]+\.py)`", (EXAMPLES / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("names, file", TO_COPY)
def test_what_the_readme_of_the_examples_says_to_copy_is_there(names: str, file: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in EXAMPLES.rglob(Path(file).name) if str(path).endswith(file)]
    for name in re.findall(r"`([\w.]+)`", names):
        last = name.rpartition(".")[2]
        assert any(re.search(rf"(?m)^\s*(?:async def|def|class) {last}\b|^{last}\b", each) for each in sources), name


def test_it_says_so_of_each_example() -> None:
    assert len(TO_COPY) >= 15
