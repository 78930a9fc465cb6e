"""What programs outside rely on: the names of the package and how they are called."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import aiomatatika
from aiomatatika import errors

from .public_names import NAMES, SNAPSHOT, group_classes, text

CLASSES = [value for name in NAMES if isinstance(value := getattr(aiomatatika, name), type)]


def test_names_and_signatures_are_those_of_the_snapshot() -> None:
    stale = "the public names have changed: run python -m tests.public_names, and tell the changelog"
    assert SNAPSHOT.read_text(encoding="utf-8") == text(), stale


def test_every_error_is_exported() -> None:
    assert set(errors.__all__) <= set(NAMES)


@pytest.mark.parametrize("target", [*CLASSES, *group_classes().values()], ids=lambda target: target.__name__)
def test_a_public_class_and_its_methods_are_documented(target: type) -> None:
    assert inspect.getdoc(target)
    members = {name: value for name, value in vars(target).items() if not name.startswith("_")}
    functions = {name: value for name, value in members.items() if inspect.isfunction(value)}
    assert [name for name, function in functions.items() if not function.__doc__] == []


# Late names


def test_a_type_checker_is_told_the_names_that_there_are() -> None:
    tree = ast.parse(Path(aiomatatika.__file__).read_text(encoding="utf-8"))
    imports = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and (node.module or "")[:5] == "aioma"
    ]
    told = {alias.name: node.module or "" for node in imports for alias in node.names}
    assert sorted(told) == sorted(NAMES)
    for name, module in told.items():
        assert getattr(aiomatatika, name) is getattr(import_module(module), name)


def test_names_are_seen_before_they_are_imported() -> None:
    program = (
        "import aiomatatika, sys; print(*dir(aiomatatika)); print(*(m for m in sys.modules if m.startswith('aioma')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60)
    seen, imported = (set(line.split()) for line in done.stdout.splitlines())
    assert seen >= set(NAMES)
    assert imported == {"aiomatatika", "aiomatatika._version"}


def test_a_name_that_is_missing_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'aiomatatika' has no attribute 'NoSuchName'"):
        aiomatatika.NoSuchName  # type: ignore[attr-defined]  # noqa: B018
