"""``python tests/faults/table.py``: write the table of all cases and their tests into README.md, beside this file."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent
README = HERE / "README.md"

_TEST = re.compile(r"^(?:async )?def (test_([A-Z]\d\d)_\w+)", re.MULTILINE)
_HEAD = """\
# What can go wrong

Each case has at least one test; its name begins with the case: `pytest tests/faults -k T14`. Around every test the
[invariants](conftest.py) are checked as well: no secret shows, nothing is left over, errors pickle.

Made by `python tests/faults/table.py` from [cases.toml](cases.toml) and the names of the tests.
"""


def proofs_by_case(folder: Path = HERE) -> dict[str, list[tuple[str, str]]]:
    """Return the tests of each case: file and name, in the order in which they stand."""
    found: dict[str, list[tuple[str, str]]] = {}
    # Those of the embedded server stand beside its other tests.
    for path in sorted([*folder.glob("test_*.py"), *folder.glob("../testing/test_*.py")]):
        for match in _TEST.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(match[2], []).append((_from(folder, path), match[1]))
    return found


def _from(folder: Path, path: Path) -> str:
    return path.name if path.parent == folder else f"../{path.parent.name}/{path.name}"


def read_cases(path: Path = HERE / "cases.toml") -> Mapping[str, Mapping[str, str]]:
    """Return the tables of groups, cases, untested, and what is done otherwise than was asked for at first."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def mistakes(cases: Mapping[str, Mapping[str, str]], tests: Mapping[str, object]) -> Iterator[str]:
    """Yield what does not fit together."""
    known, untested = cases["cases"], cases["untested"]
    yield from (f"{each}: in no group" for each in known if each[0] not in cases["groups"])
    yield from (f"{each}: a test, and no such case" for each in sorted(tests) if each not in known)
    yield from (f"{each}: untested, and no such case" for each in untested if each not in known)
    yield from (f"{each}: done otherwise, and no such case" for each in cases.get("otherwise", ()) if each not in known)
    yield from (f"{each}: no test and no reason" for each in known if each not in tests and each not in untested)
    yield from (f"{each}: a test, and a reason why there is none" for each in untested if each in tests)


def table(cases: Mapping[str, Mapping[str, str]], tests: Mapping[str, list[tuple[str, str]]]) -> str:
    """Return the whole text of README.md."""
    lines = [_HEAD]
    for group, title in cases["groups"].items():
        lines += [f"## {group}: {title}\n", "| case | what goes wrong | tests |", "|---|---|---|"]
        for case, what in cases["cases"].items():
            if case.startswith(group):
                proofs = "<br>".join(f"[{_words(name)}]({file})" for file, name in tests.get(case, ()))
                otherwise = f"; {note}" if (note := cases.get("otherwise", {}).get(case)) else ""
                lines.append(f"| {case} | {what}{otherwise} | {proofs or 'none: ' + cases['untested'][case]} |")
        lines.append("")
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.split("_", 2)[2].replace("_", " ")


def main() -> int:
    """Write README.md; 1: something does not fit together, and nothing was written."""
    cases, tests = read_cases(), proofs_by_case()
    wrong = list(mistakes(cases, tests))
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        return 1
    README.write_text(table(cases, tests), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
