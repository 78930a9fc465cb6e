"""The chat bot's watcher: it reports what changed, once, and nothing that did not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.state import State, StateError

from .bot_stage import ALICE, BOB, GROUP, MALLORY, Stage, Start, Telegram, stage
from .programs import LIST, ONE


@pytest.fixture
async def on(matatika_server: MatatikaServer, start: Start) -> AsyncIterator[Stage]:
    """A bot that Alice subscribed to, after it had its first look at five keys and the built-in one."""
    matatika_server.add_api_keys(5)
    async with start() as on:
        await on.ask("/start")
        yield on


async def test_keys_that_were_made_or_removed_are_reported_once(on: Stage) -> None:
    assert await on.look() == [], "those of the first look are no news"
    (made,) = on.server.add_api_keys(1, "<b>made")
    removed = list(on.server.api_keys)[2]
    await on.delete(removed)
    (report,) = await on.look()
    assert report.splitlines() == [f"🟢 made: <b>made-00006 {made}", f"🔴 removed: key-00002 {removed}"]
    assert await on.look() == []


async def test_everyone_listed_who_has_talked_to_it_is_told_unless_they_block_it(on: Stage) -> None:
    for user, chat in ((BOB, None), (BOB, None), (MALLORY, None), (ALICE, GROUP)):
        await on.ask("/start", user=user, chat=chat)
    on.server.add_api_keys(1)
    before = len(on.telegram.messages)
    on.telegram.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user", chat=ALICE)
    await on.look()
    assert [each.chat for each in on.telegram.messages[before:]] == [BOB]
    assert on.state.chats == [BOB]
    assert on.state.reports == []


async def test_a_rotation_is_one_line_and_not_reported_half_done(on: Stage) -> None:
    old = list(on.server.api_keys)[1]
    hold, question = asyncio.Event(), await on.answer("/rotate key-00001")
    deleting = on.server.faults.add(method="DELETE", delay=hold, act=False, status=500)
    update_id = on.telegram.press(question, "Rotate it", user=ALICE)
    await deleting.wait()
    assert await on.look() == []
    hold.set()
    await on.handled(update_id)
    assert await on.look() == [f"🔁 replaced: key-00001 {old} by {list(on.server.api_keys)[-1]}"]


async def test_a_restart_reports_what_happened_meanwhile_but_not_at_another_api(
    start: Start, telegram: Telegram, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    async with start() as on:
        await on.ask("/start")
    assert set(json.loads(path.read_text())["keys"].values()) == {"default"}
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]
    on.server.add_api_keys(1, "meanwhile")
    async with start():
        assert "made: meanwhile-00001" in telegram.texts[-1]
    before = len(telegram.messages)
    async with MatatikaServer() as other, stage(other, telegram, State.at(path)) as on:
        assert await on.look() == []
    assert len(telegram.messages) == before


async def test_an_outage_and_its_end_are_reported_once(on: Stage) -> None:
    for _ in range(2):
        on.server.faults.add(path=LIST, status=503, times=None)
        (outage,) = await on.look()
        assert "cannot watch" in outage
        assert await on.look() == []
        on.server.faults.clear()
        on.server.add_api_keys(1)
        back, made = await on.look()
        assert "again" in back
        assert "made" in made
        assert await on.look() == []


async def test_a_look_that_stumbles_is_not_the_last(
    on: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("examples.bot.watcher.differences", lambda before, now: [1 / 0])
        assert await on.look() == []
    assert "ZeroDivisionError" in caplog.text
    on.server.add_api_keys(1)
    assert len(await on.look()) == 1


def without_one(page: dict[str, Any]) -> None:
    page["_embedded"]["apikeys"].pop(0)


def without_one_and_any_trace(page: dict[str, Any]) -> None:
    without_one(page)
    page["page"]["totalElements"] -= 1


@pytest.mark.parametrize(
    "edit, times, reports",
    [
        pytest.param(without_one, 1, 1, id="shifts under a walk, which is made again"),
        pytest.param(without_one, None, 0, id="never stands still, which is left for the next look"),
        pytest.param(without_one_and_any_trace, None, 1, id="forgets a key, which is asked for"),
    ],
)
async def test_no_key_is_reported_as_removed_by_a_list_that(
    on: Stage, edit: Callable[[Any], None], times: int | None, reports: int
) -> None:
    (made,) = on.server.add_api_keys(1)
    on.server.faults.add(path=LIST, edit=edit, times=times)
    told = await on.look()
    assert len(told) == reports
    on.server.faults.clear()
    assert told + await on.look() == [f"🟢 made: key-00006 {made}"]


async def test_a_key_that_cannot_be_asked_for_is_not_reported_as_removed(on: Stage) -> None:
    on.server.faults.add(path=LIST, edit=without_one_and_any_trace, times=None)
    on.server.faults.add(path=ONE, status=500, times=None)
    (report,) = await on.look()
    assert "cannot watch" in report


async def test_a_report_that_telegram_does_not_take_is_sent_later_also_by_the_next_start(
    start: Start, telegram: Telegram
) -> None:
    async with start() as on:
        await on.ask("/start")
        on.server.add_api_keys(1)
        telegram.refuse("sendMessage", times=2)
        assert [await on.look() for _ in range(2)] == [[], []]
    async with start() as on:
        assert "made" in telegram.texts[-1]
        assert await on.look() == []


async def test_hundreds_of_changes_are_told_in_messages_that_telegram_takes(on: Stage) -> None:
    on.server.add_api_keys(150)
    reports = await on.look()
    assert len(reports) > 1
    assert sum(each.count("made") for each in reports) == 150


# What it remembers


@pytest.mark.parametrize("name, says", [("precious", "precious is not a state"), ("missing/state.json", "BOT_STATE")])
def test_a_file_that_cannot_be_used_is_named_and_left_alone(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("[settings]")
    with pytest.raises(StateError, match=says):
        State.at(tmp_path / name)
    assert (tmp_path / "precious").read_text() == "[settings]"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State.at(tmp_path / "state.json")
    before = (tmp_path / "state.json").read_text()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        state.subscribe(1)
    assert (tmp_path / "state.json").read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_what_is_remembered_of_updates_has_a_limit() -> None:
    state = State()
    for each in range(600):
        assert state.begin(each, 1)
        state.finish(each)
    assert len(state.updates) == 500
    assert not state.begin(599, 1)
