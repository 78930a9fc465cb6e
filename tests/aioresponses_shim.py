"""aioresponses under aiohttp 3.14: its version 0.7.9 does not hand a response the writer that aiohttp now asks for.

Use `Aioresponses` in place of `aioresponses.aioresponses`. `test_aioresponses` says when this can go.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

from aiohttp import ClientResponse
from aiohttp.abc import AbstractStreamWriter
from aioresponses import aioresponses

__all__ = ["Aioresponses", "MockedResponse"]


class MockedResponse(ClientResponse):
    """A response with a writer that writes nothing: the ``response_class`` of a single mock."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": Mock(AbstractStreamWriter), **kwargs})


class Aioresponses(aioresponses):
    """aioresponses whose mocks are built as aiohttp 3.14 wants them."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        super().add(*args, **{"response_class": MockedResponse, **kwargs})
