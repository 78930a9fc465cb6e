"""The chat bot's one duty: a secret reaches its user's private chat and nothing else, and does not stay there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from examples.bot.updates import Updates

from .bot_stage import ALICE, BOB, GROUP, MINUTE, TOKEN, Stage, Start, Telegram
from .programs import LIST, TOKENS, until, watched

PAUSES = (1.0, 3.0)
BLOCKED: dict[str, Any] = {"status": 403, "description": "Forbidden: bot was blocked by the user"}

# /newkey


async def test_a_new_key_comes_with_its_secret_in_private_and_in_no_notification(on: Stage) -> None:
    await on.ask("/start", user=BOB)
    letter, done = await on.ask("/newkey  nightly   <b>batch", user=BOB, chat=GROUP)
    assert on.names == ["default", "nightly <b>batch"]
    secret = on.secret_of("nightly <b>batch")
    assert (letter.chat, letter.protected) == (BOB, True)
    assert f"<tg-spoiler>{secret}</tg-spoiler>" in letter.html
    ((method, fields),) = [call for call in on.telegram.calls if secret in str(call)]
    assert (method, fields["chat_id"]) == ("editMessageText", str(BOB)), "an edit notifies nobody"
    assert '"is_disabled": true' in fields["link_preview_options"]
    assert f'"copy_text": {{"text": "{secret}"}}' in fields["reply_markup"]
    assert done.chat == GROUP
    assert "is made and works. Its secret is in your private chat" in done.text


async def test_the_message_with_the_secret_is_deleted_after_a_minute(on: Stage) -> None:
    letter, done = await on.ask("/newkey short")
    on.time.advance(MINUTE - 1)
    await on.ask("/help")
    assert not letter.deleted
    on.time.advance(1)
    await until(lambda: on.state.letters == [])
    assert (letter.deleted, done.deleted) == (True, False)


@pytest.mark.parametrize(
    "refusal, says",
    [
        pytest.param({}, "Open @keys_bot, press Start, and ask again. No key was made.", id="never started the bot"),
        pytest.param({"status": 400, "description": "Bad Request: chat not found"}, "No key was made", id="is unknown"),
        pytest.param({"status": 400, "description": "Bad Request"}, "Telegram did not accept", id="takes no message"),
    ],
)
async def test_no_key_is_made_for_a_user_who(on: Stage, refusal: dict[str, Any], says: str) -> None:
    if refusal:
        on.telegram.started.add(BOB)
        on.telegram.refuse("sendMessage", **refusal)
    (told,) = await on.ask("/newkey mine", user=BOB, chat=GROUP)
    assert says in told.text
    assert "POST" not in on.server.requests.methods()


@pytest.mark.parametrize(
    "refusals, pauses, delivered",
    [
        pytest.param([{"times": 2}], PAUSES, True, id="two attempts fail"),
        pytest.param([{"acts": True}], PAUSES[:1], True, id="the answer is lost"),
        pytest.param([{"times": 3}], PAUSES, False, id="all attempts fail"),
        pytest.param([{"acts": True}, {"times": 2}], PAUSES, False, id="it is there and nobody knows"),
        pytest.param([BLOCKED], (), False, id="the user has blocked the bot"),
    ],
)
async def test_a_secret_is_delivered_or_does_not_exist(
    on: Stage, refusals: list[dict[str, Any]], pauses: tuple[float, ...], delivered: bool
) -> None:
    for each in refusals:
        on.telegram.refuse("editMessageText", **each)
    letter, told = await on.ask("/newkey stubborn", *pauses)
    assert [each for each in on.time.sleeps if each in PAUSES] == list(pauses)
    assert (letter.deleted, on.state.letters == []) == (not delivered, not delivered)
    if delivered:
        assert on.secret_of("stubborn") in letter.text
        assert "is made and works" in told.text
    else:
        assert "deleted that key again" in told.text
        assert on.names == ["default"]


async def test_an_orphan_that_cannot_be_deleted_is_named(on: Stage) -> None:
    on.telegram.refuse("editMessageText", **BLOCKED)
    on.server.faults.add(method="DELETE", status=500, times=None)
    told = await on.ask("/newkey orphan")
    assert f"please delete {list(on.server.api_keys)[-1]} in the app" in told[-1].text


async def test_a_key_that_cannot_be_made_leaves_no_message_but_the_advice(on: Stage) -> None:
    on.server.faults.add(method="PUT", status=403)
    letter, told = await on.ask("/newkey refused")
    assert letter.deleted
    assert "may not do that" in told.text
    assert on.state.letters == []


async def test_a_key_that_is_not_accepted_yet_is_kept_and_said_to_be_so(on: Stage) -> None:
    on.server.faults.add(path=TOKENS, status=401, times=None)
    letter, told = await on.ask("/newkey slow")
    assert on.secret_of("slow") in letter.text
    assert "not accepted yet" in told.text


# Taking it away


@pytest.mark.parametrize("refused, is_left", [(2, False), (3, True)])
async def test_a_deletion_is_tried_three_times_then_the_user_is_asked(on: Stage, refused: int, is_left: bool) -> None:
    letter, _ = await on.ask("/newkey <i>sticky")
    on.telegram.refuse("deleteMessage", 400, "Bad Request: message can't be deleted", times=refused)
    on.time.advance(MINUTE)
    await on.pass_pauses(*PAUSES)
    await until(lambda: on.state.letters == [] or "Please delete it" in on.telegram.texts[-1])
    assert (letter.deleted, len(on.state.letters)) == (not is_left, is_left)


async def test_a_message_that_the_user_has_deleted_is_forgotten(on: Stage) -> None:
    letter, _ = await on.ask("/newkey gone")
    letter.deleted = True
    on.time.advance(MINUTE)
    await until(lambda: on.state.letters == [])


async def test_the_end_waits_for_a_key_in_the_making_and_deletes_every_secret(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, _ = await on.ask("/newkey early")
    answering = asyncio.Event()
    slow = on.server.faults.add(method="PUT", delay=answering)
    on.telegram.say("/newkey late", user=ALICE)
    await slow.wait()
    waits = watched(monkeypatch, Updates, "end")
    await on.bot.stop()
    await waits()
    answering.set()
    await on.running
    late, done, *farewells = on.telegram.messages[2:]
    assert early.deleted
    assert late.deleted
    assert "is made and works" in done.text
    assert ["before its time" in each.text for each in farewells] == [True, True]


async def test_a_key_whose_delivery_the_end_cuts_off_is_deleted_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(grace=0) as on:
        on.telegram.refuse("editMessageText", times=3)
        answering = asyncio.Event()
        slow = on.server.faults.add(method="PUT", delay=answering)
        on.telegram.say("/newkey late", user=ALICE)
        await slow.wait()
        cancels = watched(monkeypatch, Updates, "end")
        await on.bot.stop()
        await cancels()  # the handler, while the key is made: the library finishes that, and hands the key over
        assert any(task.cancelling() for task in asyncio.all_tasks())
        answering.set()
        await on.pass_pauses(*PAUSES)
        await on.running
        assert on.names == ["default"]
        assert on.telegram.messages[0].deleted


async def test_what_cannot_be_deleted_at_the_end_is_deleted_at_the_next_start(start: Start, telegram: Telegram) -> None:
    async with start() as on:
        letter, _ = await on.ask("/newkey left")
        telegram.refuse("deleteMessage")
        await on.stop()
        assert not letter.deleted
    async with start() as on:
        assert letter.deleted
        assert on.state.letters == []
        assert sum("deleted only now" in each for each in telegram.texts) == 1


# Where no secret may be


async def test_no_secret_is_in_any_log_record_or_in_the_file(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with start() as on:
        secrets = {TOKEN, on.server.credentials.client_secret.reveal()}
        await on.ask("/newkey kept")
        on.telegram.refuse("editMessageText", **BLOCKED)
        await on.ask("/newkey lost")
        on.telegram.refuse("editMessageText", 400, "Bad Request: odd", times=3)
        await on.ask("/newkey odd", *PAUSES)
        question = await on.answer("/rotate kept")
        secrets.add(on.secret_of("kept"))
        await on.press(question, "Rotate")
        secrets.add(on.secret_of("kept"))
        on.server.faults.add(path=LIST, status=500, times=None)
        await on.ask("/keys")
        await on.look()
        secrets |= {request.headers.get("Authorization", "")[7:] for request in on.server.requests.api}
    assert len(secrets) >= 5
    texts = [record.getMessage() + str(record.exc_info) + str(vars(record)) for record in caplog.records]
    assert any("is not delivered" in each for each in texts)
    assert any(record.name.startswith("aiogram") for record in caplog.records)
    for text in [*texts, caplog.text, (tmp_path / "state.json").read_text()]:
        assert not any(secret in text for secret in secrets)
