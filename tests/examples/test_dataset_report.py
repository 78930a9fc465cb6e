"""dataset_report.py: both files, what is in them, and what becomes of them where something fails."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from aiomatatika.testing import MatatikaServer, Row
from examples.dataset_report import arguments, main
from examples.report.chart import draw
from examples.report.totals import OTHERS, Totals

from .programs import ROOT, environment, until

DATA = "/api/datasets/*/data"
PNG = b"\x89PNG\r\n\x1a\n"
ROWS = [
    {"id": 1, "at": "2024-05-01 08:00:00", "shop": "Bath $1", "amount": 1.5, "note": ""},
    {"id": 2, "at": "2024-05-01 09:00:00", "shop": "York", "amount": 2.5, "note": ""},
    {"id": 3, "at": "2024-05-02 08:00:00", "shop": "Bath $1", "amount": 4.0, "note": ""},
]


@pytest.fixture
def dataset(matatika_server: MatatikaServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Row:
    for name, value in matatika_server.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return matatika_server.tables["datasets"].add(alias="shop/sales", title="Sales in $", rows=ROWS)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_alone_it_reports_on_the_embedded_server(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / "dataset_report.py"), "sales"]
    subprocess.run(command, cwd=tmp_path, env=environment(), check=True, timeout=60, stdout=subprocess.DEVNULL)
    assert parquet.read_metadata(tmp_path / "sales.parquet").num_rows == 73_000
    assert files(tmp_path)["sales.png"].startswith(PNG)


@pytest.mark.parametrize("options", [(), ("--by", "shop"), ("--by", "shop", "--sum", "id"), ("--type", "id=string")])
def test_the_files_hold_the_data(dataset: Row, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert main(["shop/sales", *options]) == 0
    table = parquet.read_table(tmp_path / "shop-sales.parquet")
    assert table.column_names == ["id", "at", "shop", "amount", "note"]
    assert table["id"].to_pylist() == (["1", "2", "3"] if "--type" in options else [1, 2, 3])
    assert files(tmp_path).keys() == {"shop-sales.parquet", "shop-sales.png"}


def rows_that_change(column: str, value: object) -> Iterator[dict[str, Any]]:
    for number in range(60_000):
        yield {"number": number, "empty": None, "text": "x" * 40}
    yield {"number": 1, "empty": None, "text": ""} | {column: value}


def test_a_column_that_begins_empty_is_text(dataset: Row, matatika_server: MatatikaServer, tmp_path: Path) -> None:
    matatika_server.tables["datasets"][dataset.id].rows = lambda: rows_that_change("empty", "late")
    assert main([dataset.id, "--parquet", "late.parquet"]) == 0
    assert parquet.read_table(tmp_path / "late.parquet")["empty"].to_pylist()[-2:] == ["", "late"]


REFUSED: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "dataset": (("nothing",), ROWS, "there is no dataset 'nothing'. Some that are: shop/sales"),
    "column": (("shop/sales", "--by", "nothing"), ROWS, "there is no column 'nothing'. There are: id, at, "),
    "typed column": (("shop/sales", "--type", "nothing=string"), ROWS, "there is no column 'nothing'"),
    "sum of texts": (("shop/sales", "--sum", "shop"), ROWS, "column 'shop' cannot be added up: it is string"),
    "no data": (("shop/sales",), [], "the dataset has no data"),
    "another type": (("shop/sales",), lambda: rows_that_change("number", "secret"), "--type number=string"),
}


@pytest.mark.parametrize("argv, rows, words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_reported_is_refused_and_leaves_old_files_alone(
    dataset: Row,
    matatika_server: MatatikaServer,
    tmp_path: Path,
    argv: tuple[str, ...],
    rows: Any,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    matatika_server.tables["datasets"][dataset.id].rows = rows
    (tmp_path / "shop-sales.parquet").write_bytes(b"old")
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "secret" not in error
    assert files(tmp_path) == {"shop-sales.parquet": b"old"}


def test_a_type_that_pyarrow_does_not_know() -> None:
    with pytest.raises(SystemExit):
        arguments(["sales", "--type", "id=number"])


@pytest.mark.parametrize("times, code", [(2, 0), (3, 1)])
def test_a_download_that_breaks_off_is_read_anew(
    dataset: Row, matatika_server: MatatikaServer, tmp_path: Path, times: int, code: int
) -> None:
    matatika_server.faults.add(path=DATA, cut_after=60, times=times)
    assert main(["shop/sales"]) == code
    assert files(tmp_path).keys() == ({"shop-sales.parquet", "shop-sales.png"} if code == 0 else set())


async def test_ctrl_c_leaves_nothing_behind(dataset: Row, matatika_server: MatatikaServer, tmp_path: Path) -> None:
    matatika_server.tables["datasets"][dataset.id].rows = lambda: rows_without_end()
    program = str(ROOT / "examples" / "dataset_report.py")
    environ = environment(**matatika_server.environ())
    process = subprocess.Popen([sys.executable, program, dataset.id], cwd=tmp_path, env=environ)
    try:
        await until(lambda: any(path.stat().st_size > 1_000 for path in tmp_path.iterdir()))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    assert files(tmp_path) == {}


def rows_without_end() -> Iterator[dict[str, Any]]:
    while True:
        yield ROWS[0]


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def test_times_are_added_up_by_day_and_nothing_to_add_up_is_counted() -> None:
    rows = batch(at=pa.array([0, 3600, 86400], pa.timestamp("s")), text=["a", "b", "c"])
    totals = Totals(rows.schema, None, None)
    totals.add(rows)
    totals.add(rows)
    assert (totals.value, totals.sums) == (None, {date(1970, 1, 1): 4, date(1970, 1, 2): 2})


def test_of_too_many_keys_the_later_ones_are_added_up_together(tmp_path: Path) -> None:
    rows = batch(text=[None, *map(str, range(10_010))], amount=[0.5] * 10_011)
    totals = Totals(rows.schema, None, None)
    totals.add(rows)
    totals.add(batch(text=["0", "new"], amount=[2.0, 3.0]))
    assert (len(totals.sums), totals.sums["0"], totals.sums[OTHERS]) == (10_001, 2.5, 8.5)
    draw(totals, "title", tmp_path / "chart.png")
    assert files(tmp_path)["chart.png"].startswith(PNG)
