"""A fault in one line of text, for the command line: ``GET /api/apikeys status=503 times=2``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from aiomatatika.testing.faults import Fault

__all__ = ["FAULT_SYNTAX", "fault_arguments"]

FAULT_SYNTAX = """\
A fault is "[METHOD] [PATH] NAME=VALUE ...", such as "GET /api/apikeys status=503 times=2":
  METHOD PATH        which requests, by default all; * in a path is one or more characters, and
                     "?page=1" asks for this parameter
  status=503         respond with this status
  header=NAME:VALUE  add a header field (repeatable)
  body=TEXT          respond with this text; quote it where it has spaces
  delay=SECONDS      respond later
  drip=SECONDS       send the body byte by byte, with this pause after each
  cut_after=BYTES    close the connection after so many bytes of the body
  drop=before|after  close the connection without a byte, before or after acting
  reset=yes          close it by a reset
  act=yes|no         whether the server carries the request out
  times=N|forever    on how many requests to use it (default: 1)
  skip=N             how many matching requests to let pass first
"""

_METHOD = re.compile(r"[A-Z]+", re.ASCII)
_HEADER = re.compile(r"([!#$%&'*+.^_`|~\w-]+):\s*([ -~]*)", re.ASCII)


def _yes_or_no(text: str) -> bool:
    try:
        return {"yes": True, "no": False}[text]
    except KeyError:
        raise ValueError("give yes or no") from None


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError("give a whole number")
    return int(text)


def _status(text: str) -> int:
    if not 200 <= (status := _count(text)) <= 999:
        raise ValueError("give a status from 200 to 999")
    return status


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        raise ValueError("give a number of seconds")
    return float(text)


def _times(text: str) -> int | None:
    if text == "forever":
        return None
    if (times := _count(text)) == 0:
        raise ValueError("give a number from 1, or forever")
    return times


_READERS: dict[str, Callable[[str], Any]] = {
    "status": _status,
    "body": str,
    "delay": _seconds,
    "drip": _seconds,
    "cut_after": _count,
    "drop": str,
    "reset": _yes_or_no,
    "act": _yes_or_no,
    "times": _times,
    "skip": _count,
}


def fault_arguments(text: str) -> dict[str, Any]:
    """Return what `FaultPlan.add` is to be given.

    Raises:
        ValueError: The text is malformed, or contradicts itself; the message says where.
    """
    words = shlex.split(text)
    arguments: dict[str, Any] = {}
    if words and _METHOD.fullmatch(words[0]):
        arguments["method"] = words.pop(0)
    if words and words[0].startswith("/"):
        arguments["path"], _, query = words.pop(0).partition("?")
        if query:
            arguments["query"] = dict(parse_qsl(query, keep_blank_values=True))
    for word in words:
        _add_option(arguments, word)
    if arguments.keys() <= {"method", "path", "query", "times", "skip"}:
        raise ValueError("it does nothing: say what goes wrong, for example status=503")
    Fault(**arguments)  # refuses contradictions
    return arguments


def _add_option(arguments: dict[str, Any], word: str) -> None:
    name, sign, value = word.partition("=")
    if not sign:
        raise ValueError(f"{word!r} is neither a METHOD nor a /path nor NAME=VALUE")
    if name == "header":
        if not (field := _HEADER.fullmatch(value)):
            raise ValueError(f"{word!r}: give header=NAME:VALUE")
        arguments.setdefault("headers", {})[field[1]] = field[2]
    elif name not in _READERS:
        raise ValueError(f"unknown name {name!r}: use one of {', '.join(['header', *_READERS])}")
    elif name in arguments:
        raise ValueError(f"{name} is given twice")
    else:
        try:
            arguments[name] = _READERS[name](value)
        except ValueError as error:
            raise ValueError(f"{word!r}: {error}") from None
