"""Runs what a page shows: its Python as at a prompt that awaits, its programs and commands as in a shell."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import attrs
import yaml
from sybil import Example
from sybil.document import Document
from sybil.parsers.myst import CodeBlockParser

MAKEFILE = Path(__file__).parents[2].joinpath("Makefile").read_text(encoding="utf-8")
LANGUAGES = ("python", "console", "text", "yaml")
_PROGRAMS = ("python", "pytest")
_EXTRAS = frozenset(metadata("aiomatatika").get_all("Provides-Extra") or ())


def blocks_of(path: Path) -> list[Example]:
    """Return the code blocks of a page; one of a language that nobody runs is an error."""
    parsers = [CodeBlockParser(language=language, evaluator=lambda _: None) for language in LANGUAGES]
    blocks = list(Document.parse(str(path), *parsers).examples())
    fences = re.findall(r"(?m)^ *```(?!\{(?!code-block))(.+)$", path.read_text(encoding="utf-8"))
    assert len(blocks) == len(fences), f"{path.name} has a block that nobody runs: {fences}"
    return blocks


def caption_of(block: Example) -> str | None:
    """Return the name of the file that a block is."""
    options: Mapping[str, str] = block.region.lexemes.get("options") or {}
    return options.get("caption")


def is_like(expected: str, text: str) -> bool:
    """Compare an output with the one on the page, where `…` stands for anything."""
    parts = (re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(".*?".join(parts), text.strip(), re.DOTALL) is not None


@attrs.define
class PageRun:
    """One page, from its first block to its last.

    Args:
        folder: Where its programs are.
        namespace: The names that its Python knows.

    Attributes:
        output: What the last block printed.
        unused: The files that no command has run yet.
    """

    folder: Path
    namespace: dict[str, Any]
    output: str = ""
    unused: set[str] = attrs.Factory(set)

    async def run(self, block: Example) -> None:
        source, caption = str(block.parsed), caption_of(block)
        match block.region.lexemes["arguments"]:
            case "python" if caption:
                compile(source, caption, "exec")
                (self.folder / caption).write_text(source, encoding="utf-8")
                self.unused.add(caption)
            case "python":
                await self._python(block, source)
            case "console":
                await self._console(source)
            case "text":
                assert is_like(source, self.output), f"{block.path}:{block.line} shows another output: {self.output}"
            case "yaml":
                list(yaml.safe_load_all(source))

    async def _python(self, block: Example, source: str) -> None:
        lines = "\n" * (block.line + block.parsed.line_offset)  # a traceback shows the line of the page
        code: Any = compile(lines + source, block.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            outcome = eval(code, self.namespace)  # our own pages
            if inspect.iscoroutine(outcome):
                await outcome
        self.output = printed.getvalue()

    async def _console(self, source: str) -> None:
        commands = re.split(r"(?m)^\$ ", source)
        assert commands[0] == "", "an output comes after its command"
        for each in commands[1:]:
            line, _, expected = each.partition("\n")
            words = shlex.split(line, comments=True)
            if words[:2] == ["pip", "install"]:
                extras = {
                    extra for word in words for found in re.findall(r"\[(.*)\]", word) for extra in found.split(",")
                }
                assert extras <= _EXTRAS
            elif words[0] == "make":
                assert f"\n{words[1]}:" in MAKEFILE
            else:
                self.unused -= self.unused if words[0] == "pytest" else {*words}
                assert words[0] in _PROGRAMS, f"nobody runs {line!r}"
                output = await self._program(words)
                assert not expected or is_like(expected, output), output

    async def _program(self, words: list[str]) -> str:
        module = [] if words[0] == "python" else ["-m"]
        arguments = words[1:] if words[0] == "python" else words
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *module, *arguments),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()
