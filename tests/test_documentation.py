"""What the README points to is there, and the quickstart runs. Its blocks run with those of the site (tests/docs)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import aiomatatika

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_file_that_the_readme_points_to_is_there() -> None:
    assert re.findall(r"\]\((?!https?:)", README) == []  # the package index shows it, too
    targets = re.findall(r"https://github\.com/aiomatatika/aiomatatika/blob/main/([^)#\s]+)", README)
    assert len(targets) > 20
    installed = Path(aiomatatika.__file__).parent.parent  # elsewhere, where the tests run against the wheel
    assert [target for target in targets if not any((root / target).exists() for root in (ROOT, installed))] == []


def test_the_quickstart_tells_its_story_and_no_secret() -> None:
    result = subprocess.run(  # our own example
        [sys.executable, "-W", "error", str(ROOT / "examples" / "quickstart.py")],
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
