"""The lines of a log that is being written, whatever becomes of each reading."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from aiomatatika import ResponseError
from aiomatatika.waiting.log_lines import LogLines

LINES = st.lists(st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=4), max_size=8)
# How far the log is written, how much of the rest comes before the reading is cut, and in pieces of how many bytes.
READING = st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(1, 80))


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.lists(READING, max_size=6))
def test_every_line_is_given_once_and_in_order(
    lines: list[str], ending: str, is_unended: bool, readings: list[tuple[int, int, int]]
) -> None:
    log = "".join(line + ending for line in lines).encode()
    if lines and lines[-1] and is_unended:
        log = log.removesuffix(ending.encode())
    cutter, found = LogLines(0), list[str]()
    for written, came, size in [*sorted(readings), (len(log), len(log), 3)]:
        body = b"".join(log[:written].splitlines(keepends=True)[cutter.sequence :])
        for start in range(0, min(came, len(body)), size):
            found += cutter.feed(body[start : min(start + size, came)])
        if came < len(body):
            cutter.cut()
        else:
            found += cutter.end(is_finished=written == came == len(log))
    assert found == lines
    assert cutter.sequence == len(lines)


def test_what_is_not_utf_8_is_replaced() -> None:
    assert LogLines(0).feed(b"caf\xe9\nok\n") == ["caf\ufffd", "ok"]


def test_a_line_without_end_is_refused() -> None:
    cutter = LogLines(3)
    for _ in range(16):
        assert cutter.feed(bytes(2**20)) == []
    with pytest.raises(ResponseError, match="line 3 of the log is longer than 16 MiB"):
        cutter.feed(b"x")
