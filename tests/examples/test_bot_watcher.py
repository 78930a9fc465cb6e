"""The chat bot's watcher: it reports what changed, once, and nothing that did not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.stand_in import Refusal, StandIn
from examples.bot.state import State, StateError

from .bot_stage import ALICE, BOB, EVERY, MALLORY, Stage, stage

LIST = "/api/apikeys"


@pytest.fixture
async def on(matatika_server: MatatikaServer, telegram: StandIn) -> AsyncIterator[Stage]:
    """A bot that Alice subscribed to, after it had its first look at five keys and the built-in one."""
    matatika_server.add_api_keys(5)
    async with stage(matatika_server, telegram) as on:
        await on.ask("/start")
        yield on


async def delete(on: Stage, *ids: Any) -> None:
    async with on.server.session() as session:
        for each in ids:
            await session.apikeys.delete(each)


async def test_the_first_look_reports_nothing(on: Stage) -> None:
    assert len(on.telegram.messages) == 1
    assert await on.look() == []


async def test_keys_that_were_made_or_removed_are_reported_once(on: Stage) -> None:
    (made,) = on.server.add_api_keys(1, "<b>made")
    removed = list(on.server.api_keys)[2]
    await delete(on, removed)
    (report,) = await on.look()
    assert f"made: <b>made-00006 {made}" in report
    assert f"removed: key-00002 {removed}" in report
    assert await on.look() == []


async def test_everyone_listed_who_has_talked_to_it_is_told_and_nobody_else(on: Stage) -> None:
    await on.ask("/start", user=BOB)
    await on.ask("/start", user=MALLORY)
    on.server.add_api_keys(1)
    before = len(on.telegram.messages)
    await on.look()
    assert [each.chat for each in on.telegram.messages[before:]] == [ALICE, BOB]


async def test_a_rotation_is_one_line(on: Stage) -> None:
    (old, name) = list(on.server.api_keys)[1], "key-00001"
    await on.press(await on.answer(f"/rotate {name}"), "Rotate it")
    (report,) = [each for each in await on.look() if "key-" in each]
    new = list(on.server.api_keys)[-1]
    assert report == f"🔁 replaced: {name} {old} by {new}"


async def test_a_key_that_the_bot_is_just_rotating_is_not_reported_half_done(on: Stage) -> None:
    hold = asyncio.Event()
    question = await on.answer("/rotate key-00001")
    deleting = on.server.faults.add(method="DELETE", delay=hold, act=False, status=500)
    update_id = on.telegram.press(question, "Rotate it", user=ALICE)
    await deleting.wait()
    assert not any("made" in each for each in await on.look())
    hold.set()
    await on.handled(update_id)
    assert any("replaced" in each for each in await on.look())


async def test_a_restart_reports_what_happened_meanwhile(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    async with stage(matatika_server, telegram, state=State.at(path)) as on:
        await on.ask("/start")
    assert set(json.loads(path.read_text())["keys"].values()) == {"default"}
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]
    matatika_server.add_api_keys(1, "meanwhile")
    async with stage(matatika_server, telegram, state=State.at(path)):
        assert "made: meanwhile-00001" in telegram.messages[-1].text


async def test_the_keys_of_another_api_are_no_news(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    async with stage(matatika_server, telegram, state=State.at(path)) as on:
        await on.ask("/start")
    count = len(telegram.messages)
    async with MatatikaServer() as other, stage(other, telegram, state=State.at(path)) as on:
        assert await on.look() == []
    assert len(telegram.messages) == count


async def test_an_outage_and_its_end_are_reported_once(on: Stage) -> None:
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
    page["_embedded"]["apikeys"].pop()


def without_one_and_any_trace(page: dict[str, Any]) -> None:
    without_one(page)
    page["page"]["totalElements"] -= 1


async def test_a_page_that_shifts_under_the_walk_is_walked_again(on: Stage) -> None:
    shift = on.server.faults.add(path=LIST, edit=without_one)
    assert await on.look() == []
    assert shift.hits == 1
    assert len(on.state.keys or ()) == 6


async def test_a_page_that_shifts_under_the_first_walk_makes_no_news_of_the_second(
    matatika_server: MatatikaServer, telegram: StandIn
) -> None:
    matatika_server.add_api_keys(5)
    matatika_server.faults.add(path=LIST, edit=without_one)
    async with stage(matatika_server, telegram) as on:
        await on.ask("/start")
        assert await on.look() == []


async def test_a_list_that_never_stands_still_is_left_for_the_next_look(on: Stage) -> None:
    on.server.faults.add(path=LIST, edit=without_one, times=None)
    on.server.add_api_keys(1)
    assert await on.look() == []
    on.server.faults.clear()
    assert len(await on.look()) == 1


async def test_a_key_that_the_list_forgets_is_asked_for_before_it_is_reported(on: Stage) -> None:
    on.server.faults.add(path=LIST, edit=without_one_and_any_trace, times=None)
    assert await on.look() == []
    on.server.faults.clear()
    assert await on.look() == []


async def test_a_key_that_cannot_be_asked_for_is_not_reported_as_removed(on: Stage) -> None:
    on.server.faults.add(path=LIST, edit=without_one_and_any_trace, times=None)
    on.server.faults.add(path="/api/apikeys/*", status=500, times=None)
    (report,) = await on.look()
    assert "cannot watch" in report


async def test_a_report_that_telegram_does_not_take_is_sent_later_also_by_the_next_start(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path
) -> None:
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        await on.ask("/start")
        matatika_server.add_api_keys(1)
        telegram.refusals.append(Refusal("sendMessage", 500, "Internal", times=2))
        assert await on.look() == []
        assert await on.look() == []
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        assert "made" in telegram.messages[-1].text
        assert await on.look() == []


async def test_a_chat_that_blocked_the_bot_is_struck_off(on: Stage) -> None:
    await on.ask("/start", user=BOB)
    on.telegram.refusals.append(Refusal("sendMessage", 403, "Forbidden: bot was blocked by the user", chat=ALICE))
    on.server.add_api_keys(1)
    assert len(await on.look()) == 1
    assert on.state.chats == [BOB]


async def test_the_end_ends_the_watcher(on: Stage) -> None:
    await on.stop()
    looks = on.server.requests.seen
    on.time.advance(EVERY)
    await asyncio.sleep(0.02)
    assert on.server.requests.seen == looks


async def test_hundreds_of_changes_are_told_in_messages_that_telegram_takes(on: Stage) -> None:
    on.server.add_api_keys(150)
    reports = await on.look()
    assert len(reports) > 1
    assert sum(each.count("made") for each in reports) == 150


def test_another_programs_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "precious.txt"
    path.write_text("[settings]")
    with pytest.raises(StateError, match=r"precious\.txt is no state"):
        State.at(path)
    assert path.read_text() == "[settings]"


def test_a_file_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="BOT_STATE"):
        State.at(tmp_path / "missing" / "state.json")


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
