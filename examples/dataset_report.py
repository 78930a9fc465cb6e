"""Turn a dataset of any size into a Parquet file and a chart.

    python examples/dataset_report.py sales
    python examples/dataset_report.py sales --by shop --sum amount --parquet shops.parquet --chart shops.png

The data comes as CSV and is converted block by block, as it comes: memory stays flat. Both files are whole, or not
there; a download that breaks off is read anew. With no ``MATATIKA_*`` variable set it runs on the embedded server,
which has the dataset ``sales``.

It needs pyarrow and matplotlib, and on a terminal rich. Exit codes: 0 both files are there, 1 the API or the disk
failed, 2 refused, 130 interrupted.

How a thread reads a download: ``report/pulled_file.py``. How it is converted: ``report/conversion.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from aiomatatika import ConfigurationError, Dataset, MatatikaError, MatatikaSession, NotFoundError, ResponseError
from aiomatatika.testing import demo_session

if not __package__:  # started as a program: import what is beside it by the names that everybody else uses
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples.refused import RefusedError
from examples.report.chart import draw
from examples.report.conversion import Wanted, convert
from examples.report.demo import sales
from examples.report.progress import progress
from examples.report.pulled_file import read_in_thread
from examples.report.totals import Totals
from examples.workspaces import chosen_workspace

_TRIES = 3


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Turn a dataset into a Parquet file and a chart.")
    add = parser.add_argument
    add("dataset", metavar="DATASET", help="its alias or id")
    add("--workspace", metavar="NAME", help="its name, alias or id (the default workspace)")
    add("--parquet", type=Path, metavar="FILE", help="the Parquet file (DATASET.parquet)")
    add("--chart", type=Path, metavar="FILE", help="the chart, a PNG file (DATASET.png)")
    add("--by", metavar="COLUMN", help="tell apart in the chart (the first column of dates, or else of texts)")
    add("--sum", metavar="COLUMN", help="add up in the chart (the first column of decimal fractions, or else rows)")
    add(
        "--type", type=column_type, action="append", default=[], metavar="COLUMN=TYPE", help="read as a type of pyarrow"
    )
    args = parser.parse_args(argv)
    name = re.sub(r"[^\w.-]+", "-", args.dataset)
    args.parquet = args.parquet or Path(f"{name}.parquet")
    args.chart = args.chart or Path(f"{name}.png")
    return args


def column_type(text: str) -> tuple[str, pa.DataType]:
    column, _, type = text.rpartition("=")
    try:
        return column, pa.type_for_alias(type)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=TYPE, such as amount=double or code=string") from None


async def chosen_dataset(session: MatatikaSession, args: argparse.Namespace) -> Dataset:
    workspace = await chosen_workspace(session, args.workspace)
    try:
        return await session.datasets.find(workspace, args.dataset)
    except NotFoundError:
        some = [each.alias or str(each.id) for each in await session.datasets.list(workspace).collect(limit=20)]
        raise RefusedError(
            f"there is no dataset {args.dataset!r}. Some that are: {', '.join(some) or 'none'}"
        ) from None


async def converted(session: MatatikaSession, dataset: Dataset, wanted: Wanted) -> Totals:
    """Convert the data; a download that breaks off is read anew, which is safe."""
    tries = 1
    while True:
        try:
            with progress() as step:
                return await read_in_thread(session.datasets.csv(dataset), lambda file: convert(file, wanted, step))
        except ResponseError as error:
            if not error.transient or tries == _TRIES:
                raise
            tries += 1
            print(f"dataset_report: {error}. Reading it anew.", file=sys.stderr)


async def run(args: argparse.Namespace) -> int:
    async with demo_session(fill=sales) as session:
        dataset = await chosen_dataset(session, args)
        wanted = Wanted(path=args.parquet, types=dict(args.type), by=args.by, value=args.sum)
        totals = await converted(session, dataset, wanted)
    await asyncio.to_thread(draw, totals, dataset.title or args.dataset, args.chart)
    print(f"{args.parquet}: {args.parquet.stat().st_size / 2**20:,.1f} MiB")
    print(f"{args.chart}: {totals.value or 'rows'} by {totals.by}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    try:
        return asyncio.run(run(arguments(argv)))
    except (RefusedError, ConfigurationError) as error:
        print(f"dataset_report: {error}", file=sys.stderr)
        return 2
    except (MatatikaError, OSError) as error:
        print(f"dataset_report: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
