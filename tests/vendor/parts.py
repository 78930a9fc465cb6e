"""Prism, which makes a mock of an OpenAPI document. `python -m tests.vendor.parts` installs it, and says so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.node_package import NodePackage

__all__ = ["prism"]

_PRISM = NodePackage(Path(__file__).parent)


@contextlib.contextmanager
def prism(folder: Path, document: Any) -> Iterator[str]:
    """Run Prism on loopback; give its URL. Skip the test where it is missing; under ``CI=true`` it fails."""
    if not _PRISM.is_installed:
        end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        end(f"{_PRISM.title}: not on this machine: `make vendor` installs it, where npm is")
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    program = _PRISM.node_modules / ".bin" / "prism"
    command: list[str | Path] = [
        "node",
        program,
        "mock",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--seed",
        "1",
        "openapi.json",
    ]
    log = folder / "prism.log"
    with log.open("wb") as output, subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as process:
        try:
            yield _url(process, log)
        finally:
            process.terminate()


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        if found := re.search(r"is listening on (http://\S+)", log.read_text(encoding="utf-8")):
            return found[1]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise AssertionError(f"Prism has ended with {process.returncode}: {log.read_text(encoding='utf-8')}")


if __name__ == "__main__":
    _PRISM.install()
