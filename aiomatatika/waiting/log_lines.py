"""The lines of a log that is being written, out of the bytes in which it comes. No I/O."""

from __future__ import annotations

from typing import Final

from aiomatatika.errors import ResponseError

__all__ = ["LogLines"]

_LONGEST_LINE: Final = 16 * 2**20


class LogLines:
    """Cuts a log into whole lines, and counts them: each is given once, whatever is cut and read again.

    A line ends with a line feed, so what has none yet is left for the next reading, unless the log is finished. Bytes
    that are not UTF-8 become U+FFFD.

    Attributes:
        sequence: The number of the line to read from.
    """

    __slots__ = ("_rest", "_size", "sequence")

    sequence: int

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self._rest: list[bytes] = []  # of a line whose end has not come
        self._size = 0

    def feed(self, piece: bytes) -> list[str]:
        """Take bytes that came, and return the lines that they end.

        Raises:
            ResponseError: A line is longer than 16 MiB.
        """
        head, line_feed, tail = piece.rpartition(b"\n")
        if not line_feed:
            self._keep(piece)
            return []
        whole = b"".join([*self._rest, head])
        self._forget()
        self._keep(tail)
        return self._lines(whole.split(b"\n"))

    def end(self, *, is_finished: bool) -> list[str]:
        """Take the end of a reading, and return the line that it leaves: of a finished log its last.

        Args:
            is_finished: Whether nothing was written any more when the reading began.
        """
        rest = b"".join(self._rest)
        self._forget()
        return self._lines([rest]) if rest and is_finished else []

    def cut(self) -> None:
        """Forget the line that a broken reading leaves: it is read again."""
        self._forget()

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > _LONGEST_LINE:
            raise ResponseError(f"line {self.sequence} of the log is longer than {_LONGEST_LINE // 2**20} MiB")
        self._rest.append(part)

    def _forget(self) -> None:
        self._rest, self._size = [], 0

    def _lines(self, lines: list[bytes]) -> list[str]:
        self.sequence += len(lines)
        return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]
