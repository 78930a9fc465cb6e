"""``python -m tests.public_names``: write the public names, and how they are called, into public_names.txt."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, is_typeddict

import aiomatatika
from aiomatatika import MatatikaSession, testing
from aiomatatika.resources import Groups

NAMES: list[str] = vars(aiomatatika)["__all__"]  # type checkers do not see it: they read the imports
SNAPSHOT = Path(__file__).with_suffix(".txt")
_HEAD = "# Made by `python -m tests.public_names`. A line that changes here is a change for every user.\n"


def group_classes() -> dict[str, type]:
    """Return the class of each resource group, by its name in the session."""
    return {name: getattr(MatatikaSession, name) for name in Groups.__annotations__ if not name.startswith("_")}


def parameters(target: Any) -> str:
    """Return the parameters in short: names and defaults, and `*` before those that need their names."""
    shown, starred = [], False
    for parameter in inspect.signature(target).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            shown.append("*")
            starred = True
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        shown.append(("**" if parameter.kind is parameter.VAR_KEYWORD else "") + parameter.name + default)
    return f"({', '.join(shown)})"


def is_public(cls: type) -> bool:
    return hasattr(aiomatatika, cls.__name__) or cls in {ValueError, KeyError, TimeoutError}


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public members that a class defines itself, or by a base that has no public name."""
    for base in cls.__mro__:
        if base is not cls and (is_public(base) or not base.__module__.startswith("aiomatatika.")):
            continue
        for name in sorted({*vars(base), *inspect.get_annotations(base)}):
            if not name.startswith("_"):
                yield name, vars(base).get(name)


def class_lines(name: str, cls: type) -> Iterator[str]:
    fields = set(inspect.signature(cls).parameters)
    for member, value in members(cls):
        if isinstance(value, classmethod):
            yield f"{name}.{member}{parameters(getattr(cls, member))}"
        elif inspect.isfunction(value):
            yield f"{'await ' * inspect.iscoroutinefunction(value)}{name}.{member}{parameters(value)}"
        elif member not in fields:
            yield f"{name}.{member}"


def lines() -> Iterator[str]:
    for name in sorted(set(NAMES) - {"__version__"}):
        value = getattr(aiomatatika, name)
        if is_typeddict(value):
            yield f"{name}: {', '.join(value.__annotations__)}"
        elif not isinstance(value, type):
            yield f"{name} = {value!r}" if isinstance(value, aiomatatika.Deployment) else name
        elif issubclass(value, Enum):
            yield f"{name}: {', '.join(value.__members__)}"
        else:
            bases = [base.__name__ for base in value.__bases__ if is_public(base)]
            yield f"{name}{parameters(value)}" + (f" of {', '.join(bases)}" if bases else "")
            yield from class_lines(name, value)
    for name, cls in group_classes().items():
        yield from class_lines(f"session.{name}", cls)
    yield f"aiomatatika.testing: {', '.join(sorted(testing.__all__))}"


def text() -> str:
    return _HEAD + "\n".join(lines()) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(text(), encoding="utf-8")
