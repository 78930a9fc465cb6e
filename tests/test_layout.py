"""The house: small files, imports that run downward and never in a circle, one place for each decision."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import aiomatatika

HERE = Path(__file__).parent
PACKAGE = Path(aiomatatika.__file__).parent  # elsewhere, where the tests run against the wheel
FILES = sorted(PACKAGE.rglob("*.py"))
# Protocol and policy: no I/O, and every branch tested. `make test` reads the same list.
WITHOUT_IO = (HERE / "without_io.txt").read_text(encoding="utf-8").split()

# From the ground up. A file imports from its own room and from those before it, for type checkers too.
ROOMS = [
    "_version",
    "display",
    "secret",
    "errors",
    "enums",
    "options",
    "file_path",
    "own_thread",
    "whole_file",
    "deployment",
    "relations",
    "hal",
    "decoding",
    "credentials_file",
    "credentials",
    "transport",
    "transfer",
    "auth",
    "paging",
    "waiting",
    "resources",
    "settings",
    "request_arguments",
    "session",
    "testing",
]
IO_MODULES = {"aiohttp", "asyncio", "os", "socket", "ssl", "threading", "time"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path) for path in FILES}


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file names in its import statements, late and type-only ones included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from submodules & NAMES or {node.module}


def room_of(name: str) -> int:
    return ROOMS.index(name.split(".")[1])


def test_no_file_is_above_400_lines() -> None:
    files = [*FILES, *HERE.rglob("*.py"), *(HERE.parent / "examples").rglob("*.py")]
    long = {str(path): lines for path in files if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert long == {}


def test_no_import_runs_in_a_circle() -> None:
    graph = {name_of(path): NAMES.intersection(imports_of(path)) for path in FILES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)  # it raises a CycleError that names it


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent != PACKAGE or path.stem != "__init__"], ids=name_of
)
def test_imports_run_downward(path: Path) -> None:
    own = room_of(name_of(path))
    assert [
        name for name in NAMES.intersection(imports_of(path)) if name != "aiomatatika" and room_of(name) > own
    ] == []


@pytest.mark.parametrize("path", WITHOUT_IO)
def test_protocol_code_does_no_io(path: str) -> None:
    assert IO_MODULES.isdisjoint(imports_of(PACKAGE.parent / path))


def test_only_one_file_sends_over_aiohttp() -> None:
    senders = [name_of(path) for path in FILES if "http.request(" in path.read_text(encoding="utf-8")]
    assert senders == ["aiomatatika.transport.exchange"]


@pytest.mark.parametrize("name", ["apikey", "api_key", "clientId", "clientSecret"])
def test_the_transport_knows_no_resource(name: str) -> None:
    files = [path for path in FILES if "transport" in path.parts]
    assert [path.name for path in files if name in path.read_text(encoding="utf-8")] == []
