"""What a page of 200 costs in memory, for every class and kind: from its bytes to the list of its items."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from yarl import URL

import aiomatatika
from aiomatatika.paging.page import PageDocument, read_page
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat
from benchmarks.documents import API, SUBJECTS, Subject
from benchmarks.kinds import KINDS, written_page
from benchmarks.measure import Ratio, ratio, summary
from benchmarks.models import of_cattrs, of_msgspec, of_pydantic

__all__ = ["MOST_AGAINST_MODELS", "Cell", "in_memory", "page_readers", "response_of"]

MOST_AGAINST_MODELS: Final = 0.85
_ITEMS: Final = 200
_OURS: Final = "this library"
_MODELS: Final = "pydantic"
PageReader = Callable[[bytes], Any]


@dataclass(frozen=True)
class Cell:
    """A class and a kind.

    Attributes:
        subject: The class.
        kind: The kind.
        microseconds: For an item, of each way to read the page.
        against_models: This library next to pydantic.
    """

    subject: Subject
    kind: str
    microseconds: Mapping[str, float]
    against_models: Ratio


def response_of(subject: Subject, body: bytes) -> Response:
    """Return the library's response that holds a page."""
    request = Request(method="GET", url=URL(f"{API}/{subject.relation}"), repeat=Repeat.SAFE)
    return Response(200, {}, body, request)


def _ours(subject: Subject) -> PageReader:
    cls = getattr(aiomatatika, subject.name)

    def read(body: bytes) -> Any:
        page = read_page(response_of(subject, body), cls, subject.relation)
        assert isinstance(page, PageDocument)
        return page.items

    return read


def page_readers(subject: Subject) -> dict[str, PageReader]:
    """Return each way to read a page of a class, by name."""
    name, relation = subject.name, subject.relation
    page = of_pydantic.page_model(name, relation)
    return {
        "orjson (dicts)": lambda body: orjson.loads(body)["_embedded"][relation],
        "msgspec structs": of_msgspec.page_reader(name, relation),
        "orjson + cattrs": of_cattrs.page_reader(name, relation),
        _MODELS: lambda body: getattr(page.model_validate_json(body).embedded, relation),
        _OURS: _ours(subject),
    }


def _cell(subject: Subject, kind: str, rounds: int) -> Cell:
    body = written_page(subject, kind, _ITEMS)
    readers = page_readers(subject)
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for reader in readers.values():
        if len(reader(body)) != _ITEMS or len(reader(body)) != _ITEMS:
            raise RuntimeError(f"{subject.name}, {kind}: a page is not whole")
    gc.collect()
    for _ in range(rounds):
        for name, reader in readers.items():
            began = time.process_time()  # the work alone: nothing is waited for
            reader(body)  # with the garbage collector on: what is made for it to walk over is a part of the cost
            seconds[name].append(time.process_time() - began)
    microseconds = {name: summary(each).median / _ITEMS * 1e6 for name, each in seconds.items()}
    return Cell(subject, kind, microseconds, ratio(seconds[_OURS], seconds[_MODELS]))


def in_memory(rounds: int) -> list[Cell]:
    """Measure every class and kind."""
    return [_cell(subject, kind, rounds) for subject in SUBJECTS for kind in KINDS]
