"""The table of the cases is whole, and as it would be written now."""

from __future__ import annotations

from pathlib import Path

import pytest

from .table import README, mistakes, proofs_by_case, read_cases, table

CASES = {
    "groups": {"T": "Tokens", "P": "Pages"},
    "cases": {"T01": "one thing", "P07": "another"},
    "untested": {"P07": "not here"},
}
TESTS = {"T01": [("test_tokens.py", "test_T01_one"), ("test_tokens.py", "test_T01_two_more")]}


def test_every_case_has_a_test_or_a_reason() -> None:
    assert list(mistakes(read_cases(), proofs_by_case())) == []


def test_the_table_is_as_it_would_be_written_now() -> None:
    stale = "stale: run python tests/faults/table.py"
    assert README.read_text(encoding="utf-8") == table(read_cases(), proofs_by_case()), stale


def test_a_row_leads_to_the_tests_or_tells_the_reason() -> None:
    text = table(CASES, TESTS)
    assert "| T01 | one thing | [one](test_tokens.py)<br>[two more](test_tokens.py) |" in text
    assert "| P07 | another | none: not here |" in text


def test_a_row_tells_what_is_done_otherwise() -> None:
    assert "| T01 | one thing; and why | [one]" in table({**CASES, "otherwise": {"T01": "and why"}}, TESTS)


def test_tests_are_found_by_their_names(tmp_path: Path) -> None:
    source = "async def test_T01_one(\ndef test_T01_two_more(\ndef test_other(\n    def test_T02_inner(\n"
    (tmp_path / "test_tokens.py").write_text(source)
    assert proofs_by_case(tmp_path) == TESTS


@pytest.mark.parametrize(
    "changed, mistake",
    [
        ({"cases": {"T01": "", "P07": "", "P08": ""}}, "P08: no test and no reason"),
        ({"cases": {"P07": ""}}, "T01: a test, and no such case"),
        ({"cases": {"T01": ""}}, "P07: untested, and no such case"),
        ({"otherwise": {"P08": ""}}, "P08: done otherwise, and no such case"),
        ({"untested": {"P07": "", "T01": ""}}, "T01: a test, and a reason why there is none"),
        ({"groups": {"P": ""}}, "T01: in no group"),
    ],
)
def test_a_table_that_does_not_fit_is_named(changed: dict[str, dict[str, str]], mistake: str) -> None:
    assert list(mistakes(CASES, TESTS)) == []
    assert list(mistakes({**CASES, **changed}, TESTS)) == [mistake]
