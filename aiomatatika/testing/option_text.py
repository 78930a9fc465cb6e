"""``NAME=VALUE`` in a line of text, for the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

__all__ = ["add_option", "count", "positive", "seconds"]


def count(text: str) -> int:
    """Read a whole number.

    Raises:
        ValueError: It is something else.
    """
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError("give a whole number")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1.

    Raises:
        ValueError: It is something else.
    """
    if (number := count(text)) == 0:
        raise ValueError("give a number from 1")
    return number


def seconds(text: str) -> float:
    """Read a number of seconds.

    Raises:
        ValueError: It is something else.
    """
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        raise ValueError("give a number of seconds")
    return float(text)


def add_option(
    options: dict[str, Any], word: str, readers: Mapping[str, Callable[[str], Any]], repeatable: Collection[str] = ()
) -> None:
    """Read a word and add its value to the options; the values of what is repeatable are a list.

    Raises:
        ValueError: The word is malformed, or given twice; the message quotes it.
    """
    name, sign, value = word.partition("=")
    if not sign:
        raise ValueError(f"{word!r} is not NAME=VALUE")
    if name not in readers:
        raise ValueError(f"unknown name {name!r}: use one of {', '.join(readers)}")
    if name in options and name not in repeatable:
        raise ValueError(f"{name} is given twice")
    try:
        read = readers[name](value)
    except ValueError as error:
        raise ValueError(f"{word!r}: {error}") from None
    if name in repeatable:
        options.setdefault(name, []).append(read)
    else:
        options[name] = read
