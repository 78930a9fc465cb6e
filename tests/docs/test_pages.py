"""Every block of code on the site and in the README runs, on the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from aiomatatika import MatatikaSession
from aiomatatika.testing import MatatikaServer, Run

from .blocks import PageRun, blocks_of

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if "```" in path.read_text(encoding="utf-8")
]


# Most programs wait by a clock of their own, so that jobs end at once.
RUNS = {"bot": Run()}
AT_ONCE = Run(queued=0, seconds=0)


@pytest.fixture
def server() -> Iterator[MatatikaServer]:
    """A server with what the pages speak of."""
    with MatatikaServer.in_thread() as server:
        server.add_api_keys(2)
        server.tables["pipelines"].add(name="nightly", label="Nightly", status="READY")
        server.tables["datasets"].add(title="Sales", rows=[{"month": 1, "sold": 12}, {"month": 2, "sold": 17}])
        yield server


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
async def test_every_block_of_a_page_runs(
    path: Path, server: MatatikaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for pipeline in server.tables["pipelines"]:
        server.script_runs(pipeline.id, RUNS.get(path.stem, AT_ONCE))
    async with server.session() as session:
        page = PageRun(tmp_path, {"session": session, "server": server, **await names_of_pages(session)})
        for block in blocks_of(path):
            await page.run(block)
    assert page.unused == set()


async def names_of_pages(session: MatatikaSession) -> dict[str, object]:
    workspace = await session.workspaces.list().first()
    assert workspace is not None
    stored: dict[str, str] = {}
    return {
        "workspace": workspace,
        "pipeline": await session.pipelines.list(workspace).first(),
        "dataset": await session.datasets.list(workspace).first(),
        "key": await session.apikeys.list().first(),
        "vault": SimpleNamespace(store=stored.__setitem__),
    }
