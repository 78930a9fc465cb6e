"""The reference of the resource groups, made from the package: a page for each, so that none can be forgotten."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import aiomatatika
from aiomatatika.resources import Groups

__all__ = ["write_reference_pages"]

_OPERATION = re.compile(r"``((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)``")


def write_reference_pages(folder: Path) -> None:
    """Write the pages; those that say the same already keep their times, so that Sphinx does not read them again."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.rst": _page(name, getattr(Groups, name)) for name in Groups.__annotations__ if name[0] != "_"}
    for stale in {path.name for path in folder.glob("*.rst")} - pages.keys():
        folder.joinpath(stale).unlink()
    for file, text in pages.items():
        path = folder / file
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _page(name: str, group: type) -> str:
    return "\n".join(_lines(name, group))


def _lines(name: str, group: type) -> Iterator[str]:
    title = f"session.{name}"
    full_name = f"{group.__module__}.{group.__qualname__}"
    yield from (
        title,
        "=" * len(title),
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - call",
        "     - request",
    )
    for method, function in vars(group).items():
        if method[0] == "_" or not callable(function):
            continue
        requests = _OPERATION.findall(inspect.getdoc(function) or "")
        yield f"   * - :py:meth:`{method} <{full_name}.{method}>`"
        yield f"     - {', '.join(f'``{each}``' for each in dict.fromkeys(requests)) or 'see there'}"
    yield from ("", f".. autoclass:: {full_name}()", "")
    for public_name in _classes_beside(group):
        yield from (f".. autoclass:: aiomatatika.{public_name}", "")


def _classes_beside(group: type) -> Iterator[str]:
    """Yield the public classes that are defined in the module of a group, or in the package that the module is in."""
    home = re.sub(r"\.(group|models)$", "", group.__module__)
    for public_name in dir(aiomatatika):
        module = getattr(getattr(aiomatatika, public_name), "__module__", "")
        if module == home or module.startswith(f"{home}."):
            yield public_name
