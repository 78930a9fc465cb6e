"""A fault in one line of text, for the command line: ``GET /api/apikeys status=503 times=2``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiomatatika.testing.faults import Fault
from aiomatatika.testing.option_text import add_option, count, seconds

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


def _status(text: str) -> int:
    if not 200 <= (status := count(text)) <= 999:
        raise ValueError("give a status from 200 to 999")
    return status


def _times(text: str) -> int | None:
    if text == "forever":
        return None
    if (times := count(text)) == 0:
        raise ValueError("give a number from 1, or forever")
    return times


def _header(text: str) -> tuple[str, str]:
    if not (field := _HEADER.fullmatch(text)):
        raise ValueError("give header=NAME:VALUE")
    return field[1], field[2]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "header": _header,
    "status": _status,
    "body": str,
    "delay": seconds,
    "drip": seconds,
    "cut_after": count,
    "drop": str,
    "reset": _yes_or_no,
    "act": _yes_or_no,
    "times": _times,
    "skip": count,
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
        if "=" not in word:
            raise ValueError(f"{word!r} is neither a METHOD nor a /path nor NAME=VALUE")
        add_option(arguments, word, _READERS, repeatable={"header"})
    if fields := arguments.pop("header", None):
        arguments["headers"] = dict(fields)
    if arguments.keys() <= {"method", "path", "query", "times", "skip"}:
        raise ValueError("it does nothing: say what goes wrong, for example status=503")
    Fault(**arguments)  # refuses contradictions
    return arguments
