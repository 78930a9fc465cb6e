"""The web app as people meet it: in Chromium, by mouse, by keyboard, on a phone, in the dark, without JavaScript."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, async_playwright, expect

from aiomatatika.testing import MatatikaServer

from .programs import LIST, ONE
from .web_app_running import running

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one browser for all

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
PHONE = {"width": 360, "height": 740}
WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"

# The smallest contrast (WCAG 2) between a text of the page and what is painted behind it, and that text.
LEAST_CONTRAST = """() => {
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour.length === 3 || colour[3] === 1 ? colour : behind(element.parentElement);
  };
  const found = [...document.querySelectorAll("body *")]
    .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(each => [each, light(channels(getComputedStyle(each).color)), light(behind(each))])
    .map(([each, a, b]) => [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), each.textContent.trim()]);
  return found.sort((one, other) => one[0] - other[0])[0];
}"""


@attrs.frozen
class InBrowser:
    """An app with a page of a browser on it."""

    url: str
    page: Page
    api: MatatikaServer

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.url + path)

    def control(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name).or_(self.page.get_by_role("button", name=name))

    async def click(self, *names: str) -> None:
        for name in names:
            await self.control(name).click()

    async def name(self, name: str) -> None:
        await self.page.get_by_label("Name").fill(name)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def shows(self, selector: str, text: str | re.Pattern[str]) -> None:
        await expect(self.page.locator(selector)).to_have_text(text)

    @property
    def newest_secret(self) -> str:
        return list(self.api.api_keys.values())[-1].client_secret.reveal()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        # Not a failure on a machine of one's own; .ci/run installs it.
        pytest.skip("Chromium is not on this machine (Debian: apt-get install chromium)")
    expect.set_options(timeout=60_000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(browser: Browser, *, keys: int = 0, **options: Any) -> AsyncIterator[InBrowser]:
    """Open the app; at the end the console may warn of nothing but the statuses that were meant."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    async with MatatikaServer() as server, running(server, patience=0.2) as app:
        server.add_api_keys(keys)
        context = await browser.new_context(**options)
        page = await context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", note)
        page.on("pageerror", lambda error: said.append(str(error)))
        yield InBrowser(app.url, page, server)
        await context.close()
    assert [each for each in said if "the server responded with a status of" not in each] == []


async def test_a_secret_is_copied_and_gone_after_a_reload_and_by_the_back_button(chromium: Browser) -> None:
    async with opened(chromium, permissions=["clipboard-read", "clipboard-write"]) as it:
        await it.open()
        await it.click("New key")
        await it.name("<script>alert(1)</script>")
        await it.click("Create the key", "Show the secret")
        await it.shows("h1", "Store the secret of “<script>alert(1)</script>” now")
        await it.shows("#secret", it.newest_secret)
        await it.click("Copy the client secret")
        await it.shows("#copied", "The client secret is copied.")
        assert await it.page.evaluate("navigator.clipboard.readText()") == it.newest_secret
        await it.page.reload()
        await it.shows("h1", "This secret was shown already")
        assert it.newest_secret not in await it.page.content()
        await it.click("Back to the list")
        with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser kept nothing, and asks before it sends again
            await it.page.go_back()


async def test_pressing_the_button_twice_makes_one_key_and_the_page_looks_again_by_itself(chromium: Browser) -> None:
    async with opened(chromium) as it:
        answering = asyncio.Event()
        it.api.faults.add(method="PUT", delay=answering)
        await it.open("/keys/new")
        await it.name("once")
        await it.page.evaluate("for (const _ of [1, 2]) document.querySelector('form').requestSubmit()")
        await it.shows("h1", "Making “once”")
        answering.set()
        await expect(it.control("Show the secret")).to_be_visible()
        assert [key.name for key in it.api.api_keys.values()] == ["default", "once"]


async def test_without_javascript_keys_are_created_renamed_rotated_and_deleted(chromium: Browser) -> None:
    async with opened(chromium, java_script_enabled=False) as it:
        await it.open()
        await it.click("New key")
        await it.name("no script")
        await it.click("Create the key", "Show the secret")
        await it.shows("#secret", it.newest_secret)
        await expect(it.control("Copy")).to_have_count(0)
        await it.click("I have stored it", "Rename no script")
        await it.name("hourly")
        await it.click("Rename the key")
        await it.shows("[role=status]", "The key has its new name.")
        await it.click("Rotate hourly", "Rotate the key", "Show the secret")
        await it.shows("#secret", it.newest_secret)
        await it.click("I have stored it", "Delete hourly", "Cancel", "Delete hourly")
        assert [key.name for key in it.api.api_keys.values()] == ["default", "hourly"]
        await it.click("Delete the key")
        await it.shows("[role=status]", "The key “hourly” is deleted.")
        await it.shows("tbody th", "default")


async def test_a_key_is_created_by_keyboard_alone(chromium: Browser) -> None:
    async with opened(chromium) as it:

        async def focus_is_on(control: Locator) -> None:
            await expect(control).to_be_focused()
            await expect(control).to_be_in_viewport(ratio=1)

        await it.open()
        await expect(it.control("Skip to the content")).not_to_be_in_viewport()
        await it.press("Tab")
        await focus_is_on(it.control("Skip to the content"))
        await it.press("Enter", "Tab")
        await focus_is_on(it.control("New key"))
        await expect(it.control("New key")).to_have_css("outline-style", "solid")
        await it.press("Enter")
        name = it.page.get_by_label("Name")
        await focus_is_on(name)
        await it.page.keyboard.type("  ")
        await it.press("Enter")
        await expect(name).to_have_attribute("aria-describedby", "hint fault")
        await focus_is_on(name)
        await it.page.keyboard.type("by keyboard")
        await it.press("Enter")
        await focus_is_on(it.control("Show the secret"))
        await it.press("Enter")
        await focus_is_on(it.page.locator("#secret"))
        await expect(it.control("Copy the client secret")).to_be_visible()
        await it.press("Tab")
        await focus_is_on(it.control("Copy the client secret"))
        await it.press("Tab")
        await focus_is_on(it.control("I have stored it"))
        await it.press("Enter")
        await expect(it.page.locator("tbody .changed th")).to_have_text("by keyboard")
        await expect(it.page.locator("tbody .changed")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_each_page_fits_a_phone_and_can_be_read(chromium: Browser, scheme: str) -> None:
    backgrounds = set()
    async with opened(chromium, keys=11, viewport=PHONE, color_scheme=scheme) as it:

        async def look(heading: str, path: str = "") -> None:
            if path:
                await it.open(path)
            await it.shows("h1", re.compile(heading, re.IGNORECASE))
            content, window = await it.page.evaluate(WIDTHS)
            assert content <= window, f"{heading} scrolls sideways: {content} px"
            contrast, text = await it.page.evaluate(LEAST_CONTRAST)
            assert contrast >= 4.5, f"{heading}: {text!r} has a contrast of {contrast:.2f}"
            backgrounds.add(await it.page.evaluate("getComputedStyle(document.body).backgroundColor"))

        await look("New key", "/keys/new")
        await it.name("a-very-long-name-of-a-key-without-any-place-to-break-" * 3)
        await it.click("Create the key")
        await look("has a new secret")
        await look("API keys", "/?notice=renamed")
        name = await it.page.locator("tbody th").first.bounding_box()
        assert name
        assert name["height"] < 100, "a long name is clamped"
        cells = it.page.locator("tbody tr").first.locator("th, td")
        tops = await cells.evaluate_all("cells => cells.map(each => each.getBoundingClientRect().top)")
        assert tops == sorted({*tops}), "the cells of a row stand one below the other"
        await it.click("See it", "Show the secret")
        await look("Store the secret")
        await it.page.reload()
        await look("shown already")
        newest = list(it.api.api_keys)[-1]
        for action in ("rename", "rotate", "delete"):
            await look(action, f"/keys/{newest}/{action}")
        it.api.faults.add(path=LIST, status=429, headers={"Retry-After": "120"}, json={"message": "x" * 200})
        await look("too many requests", "/")
        await expect(it.page.get_by_role("alert")).to_be_focused()
        await it.click("Back to the list")
        await look("API keys")
        it.api.faults.add(method="GET", path=ONE, status=403)
        await look("may not do that", f"/keys/{newest}/delete")
    (background,) = backgrounds
    assert (sum(map(int, re.findall(r"\d+", background))) > 3 * 128) == (scheme == "light")


async def test_a_form_on_another_site_does_nothing(chromium: Browser) -> None:
    async with opened(chromium) as it:
        action = f"{it.url}/keys/{it.api.default_key_id}/delete"
        await it.page.goto(f'data:text/html,<form method="post" action="{action}"><button>Win a prize</button></form>')
        await it.click("Win a prize")
        await it.shows("h1", "Another site has sent this.")
        assert it.api.default_key_id in it.api.api_keys
