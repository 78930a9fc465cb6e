"""The web app as people meet it: in Chromium, by mouse, by keyboard, on a phone, in the dark, without JavaScript."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, async_playwright

from aiomatatika.testing import MatatikaServer

from .web_app_running import LIST, ONE, running

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one browser for all

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 360, "height": 740}
WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"
FOCUS = "document.activeElement.textContent.trim()"

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
    server: MatatikaServer

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.url + path)

    async def heading(self) -> str:
        return await self.page.inner_text("h1")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    def secret_of_newest(self) -> str:
        return list(self.server.api_keys.values())[-1].client_secret.reveal()


async def becomes(probe: Callable[[], Awaitable[object]], expected: object) -> None:
    """Wait until a page says so: a click returns before the page that it leads to is there, and has its focus."""
    found: object = None
    for _ in range(1000):
        try:
            found = await probe()
        except Error as error:  # the page that was asked has just gone
            found = error
        if found == expected:
            return
        await asyncio.sleep(0.02)
    assert found == expected


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        # Not a failure on a machine of one's own; .ci/run installs it.
        pytest.skip("Chromium is not on this machine (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(browser: Browser, *, keys: int = 0, **options: Any) -> AsyncIterator[InBrowser]:
    """Open the app; at the end nothing may have been written to the console but the statuses that were meant."""
    said: list[str] = []
    async with MatatikaServer() as server, running(server.session, patience=0.2) as app:
        server.add_api_keys(keys)
        context = await browser.new_context(**options)
        page = await context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield InBrowser(app.url, page, server)
        await context.close()
    assert [each for each in said if "the server responded with a status of" not in each] == []


async def test_the_list_is_walked_by_its_links(chromium: Browser) -> None:
    async with opened(chromium, keys=24) as it:
        await it.open()
        names = await it.page.locator("tbody th").all_inner_texts()
        for number in (2, 3):
            await it.page.get_by_role("link", name="Next").click()
            await it.page.get_by_text(f"Page {number} of 3").wait_for()
            names += await it.page.locator("tbody th").all_inner_texts()
        assert names == [key.name for key in it.server.api_keys.values()]
        await becomes(lambda: it.page.get_by_role("link", name="Next").count(), 0)
        await it.page.get_by_role("link", name="Previous").click()
        await it.page.get_by_text("Page 2 of 3").wait_for()


async def test_a_secret_is_copied_and_gone_after_a_reload_and_by_the_back_button(
    chromium: Browser,
) -> None:
    async with opened(chromium, permissions=["clipboard-read", "clipboard-write"]) as it:
        await it.open()
        await it.page.get_by_role("link", name="New key").click()
        await it.page.get_by_label("Name").fill("<script>alert(1)</script>")
        await it.page.get_by_role("button", name="Create the key").click()
        await it.page.get_by_role("button", name="Show the secret").click()
        await becomes(lambda: it.heading(), "Store the secret of “<script>alert(1)</script>” now")
        secret = await it.page.inner_text("#secret")
        assert secret == it.secret_of_newest()
        assert secret not in it.page.url
        await becomes(lambda: it.page.evaluate("document.activeElement.id"), "secret")
        await it.page.get_by_role("button", name="Copy the client secret").click()
        await it.page.get_by_text("The client secret is copied.").wait_for()
        await becomes(lambda: it.page.evaluate("navigator.clipboard.readText()"), secret)

        await it.page.reload()
        await becomes(lambda: it.heading(), "This secret was shown already")
        assert secret not in await it.page.content()
        await it.page.get_by_role("link", name="Back to the list").click()
        with pytest.raises(
            Error, match="ERR_CACHE_MISS"
        ):  # the browser has kept nothing, and asks before it sends again
            await it.page.go_back()


async def test_pressing_the_button_twice_makes_one_key(chromium: Browser) -> None:
    answering = asyncio.Event()
    async with opened(chromium) as it:
        hang = it.server.faults.add(method="PUT", delay=answering)
        await it.open("/keys/new")
        await it.page.get_by_label("Name").fill("once")
        await it.page.evaluate("for (const _ of [1, 2]) document.querySelector('form').requestSubmit()")
        await hang.wait()
        await it.page.wait_for_url("**/secrets/*")
        assert "Making “once”" in await it.heading()
        answering.set()
        await it.page.get_by_role("button", name="Show the secret").wait_for()  # the page looks again by itself
        assert [key.name for key in it.server.api_keys.values()] == ["default", "once"]


async def test_a_key_is_renamed_rotated_and_deleted_each_after_a_page_of_its_own(
    chromium: Browser,
) -> None:
    async with opened(chromium, keys=1) as it:
        key_id = list(it.server.api_keys)[-1]
        await it.open()
        await it.page.get_by_role("link", name="Rename key-00001").click()
        await it.page.get_by_label("Name").fill("hourly")
        await it.page.get_by_role("button", name="Rename the key").click()
        await becomes(lambda: it.page.inner_text("[role=status]"), "The key has its new name.")
        assert it.server.api_keys[key_id].name == "hourly"

        await it.page.get_by_role("link", name="Rotate hourly").click()
        await it.page.get_by_role("button", name="Rotate the key").click()
        await it.page.get_by_role("button", name="Show the secret").click()
        await becomes(lambda: it.page.inner_text("#secret"), it.secret_of_newest())
        assert key_id not in it.server.api_keys
        await it.page.get_by_role("link", name="I have stored it").click()

        await it.page.get_by_role("link", name="Delete hourly").click()
        await it.page.get_by_role("link", name="Cancel").click()
        assert len(it.server.api_keys) == 2
        await it.page.get_by_role("link", name="Delete hourly").click()
        await it.page.get_by_role("button", name="Delete the key").click()
        await becomes(lambda: it.page.inner_text("[role=status]"), "The key is deleted.")
        await becomes(lambda: it.page.locator("tbody tr").count(), 1)
        assert list(it.server.api_keys) == [it.server.default_key_id]


async def test_a_key_is_created_by_keyboard_alone(chromium: Browser) -> None:
    async with opened(chromium) as it:
        await it.open()
        await it.press("Tab")
        await becomes(lambda: it.page.evaluate(FOCUS), "Skip to the content")
        assert await it.page.locator(".skip").evaluate("each => each.getBoundingClientRect().top >= 0")
        await it.press("Enter", "Tab")
        await becomes(lambda: it.page.evaluate(FOCUS), "New key")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        await becomes(lambda: it.page.evaluate(outline), "solid")
        await it.press("Enter")
        await it.page.wait_for_url("**/keys/new")
        await becomes(lambda: it.page.evaluate("document.activeElement.name"), "name")
        await it.page.keyboard.type("  ")
        await it.press("Enter")
        await it.page.wait_for_selector("[role=alert]")
        await becomes(lambda: it.page.evaluate("document.activeElement.getAttribute('aria-describedby')"), "hint fault")
        await it.page.keyboard.type("by keyboard")
        await it.press("Enter")
        await it.page.wait_for_url("**/secrets/*")
        await becomes(lambda: it.page.evaluate(FOCUS), "Show the secret")
        await it.press("Enter")
        await it.page.wait_for_selector("#secret")
        await becomes(lambda: it.page.evaluate(FOCUS), it.secret_of_newest())
        await it.press("Tab", "Tab")
        await becomes(lambda: it.page.evaluate(FOCUS), "I have stored it")
        await it.press("Enter")
        await it.page.wait_for_selector("table")
        await becomes(lambda: it.page.locator("tbody th").last.inner_text(), "by keyboard")


async def test_everything_works_without_javascript(chromium: Browser) -> None:
    async with opened(chromium, java_script_enabled=False) as it:
        await it.open("/keys/new")
        await it.page.get_by_label("Name").fill("no script")
        await it.page.get_by_role("button", name="Create the key").click()
        await it.page.get_by_role("button", name="Show the secret").click()
        await becomes(lambda: it.page.inner_text("#secret"), it.secret_of_newest())
        await becomes(lambda: it.page.get_by_role("button", name="Copy").count(), 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_each_page_fits_a_phone_and_can_be_read(chromium: Browser, scheme: str) -> None:
    backgrounds = set()
    async with opened(chromium, keys=11, viewport=PHONE, color_scheme=scheme) as it:

        async def look(heading: str) -> None:
            await it.page.locator("h1", has_text=re.compile(heading, re.IGNORECASE)).wait_for()
            content, window = await it.page.evaluate(WIDTHS)
            assert content <= window, f"{heading} scrolls sideways: {content} px"
            contrast, text = await it.page.evaluate(LEAST_CONTRAST)
            assert contrast >= 4.5, f"{heading}: {text!r} has a contrast of {contrast:.2f}"
            backgrounds.add(await it.page.evaluate("getComputedStyle(document.body).backgroundColor"))

        await it.open("/keys/new")
        await it.page.get_by_label("Name").fill("a-very-long-name-of-a-key-without-any-place-to-break-" * 3)
        await look("New key")
        await it.page.get_by_role("button", name="Create the key").click()
        await it.page.get_by_role("button", name="Show the secret").wait_for()
        await look("has a new secret")
        ticket = it.page.url
        await it.open()
        await look("API keys")
        cells = (
            await it.page.locator("tbody tr")
            .first.locator("th, td")
            .evaluate_all("cells => cells.map(each => each.getBoundingClientRect().top)")
        )
        assert cells == sorted(set(cells)), "the cells of a row stand one below the other"
        await it.page.goto(ticket)
        await it.page.get_by_role("button", name="Show the secret").click()
        await it.page.wait_for_selector("#secret")
        await look("Store the secret")
        await it.page.reload()
        await look("shown already")
        newest = list(it.server.api_keys)[-1]
        for action in ("rename", "rotate", "delete"):
            await it.open(f"/keys/{newest}/{action}")
            await look(action)
        await it.open("/?page=2&notice=renamed")
        await look("API keys")
        it.server.faults.add(path=LIST, status=429, headers={"Retry-After": "120"}, json={"message": "x" * 200})
        await it.open()
        await look("too many requests")
        it.server.faults.add(method="GET", path=ONE, status=403)
        await it.open(f"/keys/{newest}/delete")
        await look("may not do that")
    (background,) = backgrounds
    assert (sum(map(int, re.findall(r"\d+", background))) > 3 * 128) == (scheme == "light")


async def test_an_error_has_the_focus_and_leads_back(chromium: Browser) -> None:
    async with opened(chromium) as it:
        it.server.faults.add(path=LIST, status=403)
        await it.open()
        await becomes(lambda: it.page.evaluate("document.activeElement.getAttribute('role')"), "alert")
        await becomes(lambda: it.heading(), "This app may not do that.")
        await it.page.get_by_role("link", name="Back to the list").click()
        await becomes(lambda: it.heading(), "API keys")


async def test_a_form_on_another_site_does_nothing(chromium: Browser) -> None:
    async with opened(chromium) as it:
        key = it.server.default_key_id
        html = f'<form method="post" action="{it.url}/keys/{key}/delete"><button>Win a prize</button></form>'
        await it.page.goto(f"data:text/html,{html}")
        await it.page.get_by_role("button", name="Win a prize").click()
        await it.page.wait_for_url("**/delete")
        await becomes(lambda: it.heading(), "Another site has sent this.")
        assert key in it.server.api_keys
