"""How a pipeline's next job goes, in one line of text: ``nightly: seconds=20 status=ERROR``."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from aiomatatika.testing.option_text import add_option, positive, seconds
from aiomatatika.testing.rows import Run

__all__ = ["SCRIPT_SYNTAX", "scripted_run"]

SCRIPT_SYNTAX = """\
A script is "PIPELINE: NAME=VALUE ...", such as "nightly: seconds=5 status=ERROR log='It begins.|It fails.'".
A pipeline of this label is there from the start. Its first script is for its first job, the next for the next;
a job that finds none takes 22 seconds and completes.
  queued=SECONDS     how long the job waits until it begins (default: 2)
  seconds=SECONDS    how long it runs then (default: 20)
  status=STATUS      how it ends: COMPLETE (default), ERROR or STOPPED
  log=LINE|LINE      the lines of its log; they come evenly while it runs
  attempts=N         how many attempts it takes (default: 1)
"""

_STATUSES = ("COMPLETE", "ERROR", "STOPPED")


def _status(text: str) -> str:
    if text not in _STATUSES:
        raise ValueError(f"give one of {', '.join(_STATUSES)}")
    return text


_READERS: Mapping[str, Callable[[str], Any]] = {
    "queued": seconds,
    "seconds": seconds,
    "status": _status,
    "log": lambda text: tuple(text.split("|")),
    "attempts": positive,
}


def scripted_run(text: str) -> tuple[str, Run]:
    """Return the label of a pipeline, and how its job goes.

    Raises:
        ValueError: The text is malformed; the message says where.
    """
    label, sign, words = text.partition(":")
    if not sign or not label.strip():
        raise ValueError("say which pipeline, for example nightly: status=ERROR")
    options: dict[str, Any] = {}
    for word in shlex.split(words):
        add_option(options, word, _READERS)
    return label.strip(), Run(**options)
