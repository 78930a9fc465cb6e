"""gzip (RFC 1952) undone as it comes, a bounded piece at a time. No I/O.

aiohttp's own decompression takes a gzip that breaks off for a whole one: a file would be cut without a word.
"""

from __future__ import annotations

import zlib
from typing import Any

__all__ = ["Gunzip", "gunzip_for", "gunzipped"]

_GZIP = 16 + zlib.MAX_WBITS
_BYTES_A_PIECE = 2**18


class Gunzip:
    """The state between two pieces.

    Raises:
        zlib.error: While it is read: the data is not gzip, or is damaged.
    """

    __slots__ = ("_member", "_rest")

    def __init__(self) -> None:
        self._member: Any = None
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what has come; `piece` has returned all of what came before."""
        self._rest = data

    def piece(self) -> bytes:
        """Return at most 256 KiB of what was fed, decompressed; none: it needs more, or has ended."""
        while self._rest:
            member = self._member or zlib.decompressobj(_GZIP)
            piece: bytes = member.decompress(self._rest, _BYTES_A_PIECE)
            self._rest = member.unused_data or member.unconsumed_tail
            self._member = None if member.eof else member
            if piece:
                return piece
        return b""

    @property
    def is_whole(self) -> bool:
        """Whether all that was fed has ended where it should."""
        return self._member is None and not self._rest


def gunzip_for(content_encoding: str | None) -> Gunzip | None:
    """Return what undoes the encoding of a body; None: it has none.

    Raises:
        ValueError: It is another than gzip, which alone was asked for.
    """
    name = (content_encoding or "identity").strip().lower()
    if name in {"gzip", "x-gzip"}:
        return Gunzip()
    if name != "identity":
        raise ValueError
    return None


def gunzipped(body: bytes, content_encoding: str | None, most: int) -> bytes:
    """Return the beginning of a body that has come: so many bytes, or a little more.

    Raises:
        ValueError: As `gunzip_for`.
        zlib.error: As `Gunzip`.
    """
    gunzip = gunzip_for(content_encoding)
    if gunzip is None:
        return body
    gunzip.feed(body)
    plain = b""
    while len(plain) < most and (piece := gunzip.piece()):
        plain += piece
    return plain
