"""gzip undone in pieces: what comes out, and whether it was whole."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from aiomatatika.transport.gunzip import Gunzip, gunzip_for, gunzipped

TEXT = b"id,name\n" * 100_000
ZIPPED = gzip.compress(TEXT)


def pieces(gunzip: Gunzip, *received: bytes) -> Iterator[bytes]:
    for data in received:
        gunzip.feed(data)
        while piece := gunzip.piece():
            yield piece


def test_no_piece_is_large() -> None:
    sizes = [len(piece) for piece in pieces(Gunzip(), ZIPPED)]
    assert (sum(sizes), max(sizes)) == (len(TEXT), 2**18)


@given(st.binary(max_size=200), st.lists(st.integers(0, 300), max_size=3))
def test_it_is_whole_at_its_end_and_nowhere_before(text: bytes, cuts: list[int]) -> None:
    zipped = gzip.compress(text) + gzip.compress(text[::-1])  # members may follow one another
    bounds = [0, *sorted(min(cut, len(zipped)) for cut in cuts), len(zipped)]
    received = [zipped[begin:end] for begin, end in pairwise(bounds)]
    gunzip = Gunzip()
    assert b"".join(pieces(gunzip, *received)) == text + text[::-1]
    assert gunzip.is_whole
    gunzip = Gunzip()
    assert b"".join(pieces(gunzip, zipped[:-1])) == text + text[::-1]
    assert not gunzip.is_whole


@pytest.mark.parametrize("data", [b"plain", ZIPPED + b"xy", ZIPPED[:-5] + bytes(1) + ZIPPED[-4:]])
def test_damage_is_an_error(data: bytes) -> None:
    with pytest.raises(zlib.error):
        list(pieces(Gunzip(), data))


@pytest.mark.parametrize("encoding", ["gzip", "X-GZip "])
def test_of_a_body_that_has_come_the_beginning_is_read(encoding: str) -> None:
    assert gunzipped(ZIPPED, encoding, 10) == TEXT[: 2**18]
    assert gunzipped(ZIPPED, encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", [None, "", "identity"])
def test_without_an_encoding_a_body_is_what_it_is(encoding: str | None) -> None:
    assert gunzip_for(encoding) is None
    assert gunzipped(b"plain", encoding, 1) == b"plain"


def test_another_encoding_cannot_be_undone() -> None:
    with pytest.raises(ValueError):
        gunzip_for("br")
