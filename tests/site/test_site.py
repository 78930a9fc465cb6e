"""The site that `make docs` has built: complete, without broken links, and good to read in Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright
from sphinx.util.inventory import InventoryFile

import aiomatatika
from aiomatatika import testing

from .links import broken_links

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
PAGES = ["index", "tutorial", "how-to/rotation", "explanation/failures", "reference/groups/jobs", "reference/session"]
VIOLATIONS = """async () => (await axe.run(document)).violations
  .map(each => `${each.id}: ${each.nodes.map(node => node.html).slice(0, 3).join(" ")}`)"""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=found, args=ARGUMENTS) as browser:
        yield browser


def test_no_link_is_broken() -> None:
    assert list(broken_links(SITE)) == []


def test_the_reference_explains_every_public_name() -> None:
    inventory = InventoryFile.loads((SITE / "objects.inv").read_bytes(), uri="")
    explained = {
        name.rpartition(".")[2] for kind in inventory.data for name in inventory.data[kind] if kind[:3] == "py:"
    }
    names = {name for module in (aiomatatika, testing) for name in vars(module)["__all__"]} - {"__version__"}
    assert names - explained == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_on_a_phone(chromium: Browser, name: str, scheme: Literal["light", "dark"]) -> None:
    with chromium.new_page(viewport=PHONE, color_scheme=scheme) as page:
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto((SITE / f"{name}.html").as_uri())
        assert failed == []
        content, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert content <= window, f"it scrolls sideways: {content} px"
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, background.strip("rgb()").split(","))) > 3 * 128) == (scheme == "light")
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        assert page.evaluate(VIOLATIONS) == []
