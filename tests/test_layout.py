"""The house: small files, imports that run downward, one place for each decision."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiomatatika

PACKAGE = Path(aiomatatika.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up. A module may import at run time from its own floor's earlier entries and from below.
FLOORS = [
    "_version",
    "errors",
    "secret",
    "hal",
    "deployment",
    "options",
    "enums",
    "decoding.json_text",
    "decoding.request_bodies",
    "decoding.values",
    "decoding.parts",
    "decoding.class_fields",
    "decoding.written_function",
    "decoding.page_form",
    "decoding.class_reader",
    "decoding.converter",
    "decoding.documents",
    "decoding",
    "credentials",
    "transport.clock",
    "transport.urls",
    "transport.retry",
    "transport.message",
    "transport.reading",
    "paging.page",
    "paging.walk",
    "transport.error_responses",
    "transport.exchange",
    "transport.lifetime",
    "transport.connections",
    "transport.state",
    "transport.call",
    "transport.client",
    "transport",
    "auth.token",
    "auth.source",
    "auth.client_credentials",
    "auth.token_callable",
    "auth.acceptance",
    "auth",
    "paging.collection",
    "paging",
    "resources",
    "session",
    "testing",
]
WITHOUT_IO = [
    "paging.page",
    "paging.walk",
    "errors",
    "secret",
    "hal",
    "enums",
    "decoding.json_text",
    "decoding.request_bodies",
    "decoding.values",
    "decoding.parts",
    "decoding.class_fields",
    "decoding.written_function",
    "decoding.page_form",
    "decoding.class_reader",
    "decoding.converter",
    "decoding.documents",
    "transport.urls",
    "transport.retry",
    "resources.apikeys.creation",
]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__") if parts != ("__init__",) else ""


def floor_of(module: str) -> int:
    return next(index for index, floor in enumerate(FLOORS) if module == floor or module.startswith(f"{floor}."))


def run_time_imports(path: Path) -> Iterator[str]:
    """Yield what a file imports when it runs; what only a type checker sees binds nobody."""
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        nodes.extend(ast.iter_child_nodes(node))


def test_no_file_is_above_400_lines() -> None:
    files = [*FILES, *Path(__file__).parent.rglob("*.py")]
    long = {str(path): lines for path in files if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert long == {}


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path)], ids=name_of)
def test_imports_run_downward(path: Path) -> None:
    own = floor_of(name_of(path))
    above = [
        module
        for module in run_time_imports(path)
        if module.startswith("aiomatatika.")
        and (floor := floor_of(module.removeprefix("aiomatatika."))) >= own
        and not (floor == own and FLOORS[own] in {"resources", "testing"})
    ]
    assert above == []


@pytest.mark.parametrize("module", WITHOUT_IO)
def test_protocol_code_does_no_io(module: str) -> None:
    path = PACKAGE / (module.replace(".", "/") + ".py")
    assert not {"aiohttp", "asyncio", "socket", "os", "time"} & set(run_time_imports(path))


def test_only_one_file_sends_over_aiohttp() -> None:
    senders = [name_of(path) for path in FILES if "http.request(" in path.read_text(encoding="utf-8")]
    assert senders == ["transport.exchange"]


def test_the_transport_knows_no_resource() -> None:
    for path in FILES:
        if name_of(path).startswith("transport"):
            assert not any("resources" in module for module in run_time_imports(path)), path


def test_the_package_is_imported_without_cattrs() -> None:
    """It is a twentieth of the time, and only what `exact` does not take needs it."""
    code = "import aiomatatika, sys; sys.exit('cattrs' in sys.modules)"
    environ = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0
