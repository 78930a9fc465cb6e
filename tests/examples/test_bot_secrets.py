"""The chat bot's one duty: a secret reaches its user's private chat and nothing else, and does not stay there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.stand_in import Refusal, StandIn
from examples.bot.state import State

from .bot_stage import ALICE, BOB, GROUP, TOKEN, Stage, stage, until


def edits_fail(times: int, *, acts: bool = False, status: int = 500) -> Refusal:
    return Refusal("editMessageText", status, "Forbidden: bot was blocked", times=times, acts=acts)


# /newkey


async def test_a_new_key_comes_with_its_secret_in_private_and_is_usable(on: Stage) -> None:
    letter, done = await on.ask("/newkey  nightly   <b>batch")
    secret = on.secret_of("nightly <b>batch")
    assert secret in letter.text
    assert f"<tg-spoiler>{secret}</tg-spoiler>" in letter.html
    assert letter.protected
    assert letter.chat == ALICE
    assert "is made and works" in done.text
    assert secret not in done.text
    (sent,) = [fields for name, fields in on.telegram.calls if name == "editMessageText"]
    assert '"is_disabled": true' in sent["link_preview_options"]
    assert secret in sent["reply_markup"]


async def test_the_secret_is_in_no_new_message_whose_notification_would_show_it(on: Stage) -> None:
    await on.ask("/newkey quiet")
    secret = on.secret_of("quiet")
    assert not any(secret in str(fields) for name, fields in on.telegram.calls if name == "sendMessage")


async def test_in_a_group_only_the_news_is_told(on: Stage) -> None:
    await on.ask("/start", user=BOB)
    messages = await on.ask("/newkey shared", user=BOB, chat=GROUP)
    secret = on.secret_of("shared")
    assert [each.chat for each in messages] == [BOB, GROUP]
    assert secret in messages[0].text
    assert "private chat" in messages[1].text
    group = [fields for _, fields in on.telegram.calls if fields.get("chat_id") == str(GROUP)]
    assert group
    assert not any(secret in str(fields) for fields in group)


async def test_the_message_with_the_secret_is_deleted_after_a_minute(on: Stage) -> None:
    letter, done = await on.ask("/newkey short")
    on.time.advance(59)
    await on.ask("/help")
    assert not letter.deleted
    on.time.advance(1)
    await until(lambda: letter.deleted)
    assert not done.deleted
    await until(lambda: on.state.letters == [])


async def test_a_user_who_never_started_the_bot_gets_no_key(on: Stage) -> None:
    (told,) = await on.ask("/newkey mine", user=BOB, chat=GROUP)
    assert "Open @keys_bot" in told.text
    assert "No key was made" in told.text
    assert on.names == ["default"]
    assert on.server.requests.methods().count("POST") == 0


async def test_a_chat_that_telegram_does_not_find_gets_no_key(on: Stage) -> None:
    on.telegram.refusals.append(Refusal("sendMessage", 400, "Bad Request: chat not found"))
    assert "No key was made" in (await on.answer("/newkey mine")).text
    assert on.names == ["default"]


async def test_a_first_message_that_fails_otherwise_makes_no_key(on: Stage) -> None:
    on.telegram.refusals.append(Refusal("sendMessage", 500, "Internal Server Error"))
    assert "did not take" in (await on.answer("/newkey mine")).text
    assert on.names == ["default"]


@pytest.mark.parametrize("said, says", [("/newkey", "Which name"), ("/newkey " + "x" * 101, "too long")])
async def test_a_name_that_will_not_do_is_asked_for_again(on: Stage, said: str, says: str) -> None:
    assert says in (await on.answer(said)).text
    assert on.names == ["default"]


async def pass_pauses(on: Stage, pauses: tuple[float, ...] = (1.0, 3.0)) -> None:
    for pause in pauses:
        await until(lambda: pause in on.time.sleeps)  # noqa: B023  # not kept beyond this turn
        on.time.advance(pause)


async def test_a_delivery_that_fails_twice_is_tried_again(on: Stage) -> None:
    on.telegram.refusals.append(edits_fail(2))
    update_id = on.telegram.say("/newkey stubborn", user=ALICE)
    await pass_pauses(on)
    await on.handled(update_id)
    letter, _ = on.telegram.messages
    assert on.secret_of("stubborn") in letter.text


async def test_a_delivery_whose_answer_is_lost_is_not_made_twice(on: Stage) -> None:
    on.telegram.refusals.append(edits_fail(1, acts=True))
    update_id = on.telegram.say("/newkey once", user=ALICE)
    await pass_pauses(on, (1.0,))
    await on.handled(update_id)
    letter, done = on.telegram.messages
    assert on.secret_of("once") in letter.text
    assert "is made and works" in done.text


@pytest.mark.parametrize("acts", [False, True])
async def test_a_key_whose_secret_cannot_be_brought_is_deleted_again_and_so_is_the_message(
    on: Stage, acts: bool
) -> None:
    on.telegram.refusals += [edits_fail(1, acts=acts), edits_fail(2)]
    update_id = on.telegram.say("/newkey orphan", user=ALICE)
    await pass_pauses(on)
    await on.handled(update_id)
    letter, told = on.telegram.messages
    assert letter.deleted
    assert "deleted that key again" in told.text
    assert on.names == ["default"]
    assert on.state.letters == []


async def test_a_user_who_blocks_the_bot_meanwhile_is_not_waited_for(on: Stage) -> None:
    on.telegram.refusals.append(edits_fail(1, status=403))
    await on.ask("/newkey orphan")
    assert on.names == ["default"]
    assert 1.0 not in on.time.sleeps


async def test_an_orphan_that_cannot_be_deleted_is_named(on: Stage) -> None:
    on.telegram.refusals.append(edits_fail(1, status=403))
    on.server.faults.add(method="DELETE", status=500, times=None)
    told = (await on.ask("/newkey orphan"))[-1]
    (orphan,) = [key for key in on.server.api_keys.values() if key.name == "orphan"]
    assert str(orphan.id) in told.text
    assert "delete" in told.text


async def test_a_key_that_cannot_be_made_leaves_no_message_but_the_advice(on: Stage) -> None:
    on.server.faults.add(method="PUT", status=403)
    letter, told = await on.ask("/newkey refused")
    assert letter.deleted
    assert "may not do that" in told.text
    assert on.state.letters == []


async def test_a_key_that_is_not_accepted_yet_is_kept_and_said_to_be_so(on: Stage) -> None:
    on.server.faults.add(path="/oauth/token", status=401, times=None)
    letter, told = await on.ask("/newkey slow")
    assert on.secret_of("slow") in letter.text
    assert "not accepted yet" in told.text


# Taking it away


async def test_a_deletion_that_fails_is_repeated(on: Stage) -> None:
    letter, _ = await on.ask("/newkey sticky")
    on.telegram.refusals.append(Refusal("deleteMessage", 500, "Internal", times=2))
    on.time.advance(60)
    await pass_pauses(on)
    await until(lambda: letter.deleted)


async def test_a_message_that_cannot_be_deleted_is_the_users_to_delete(on: Stage) -> None:
    await on.ask("/newkey <i>sticky")
    on.telegram.refusals.append(Refusal("deleteMessage", 400, "Bad Request: message can't be deleted", times=3))
    on.time.advance(60)
    await pass_pauses(on)
    await until(lambda: "Please delete it" in on.telegram.messages[-1].text)
    assert "<i>sticky" in on.telegram.messages[-1].text
    assert len(on.state.letters) == 1  # for the next start


async def test_a_message_that_the_user_deleted_is_no_trouble(on: Stage) -> None:
    letter, _ = await on.ask("/newkey gone")
    letter.deleted = True
    on.time.advance(60)
    await until(lambda: on.state.letters == [])
    assert len(on.telegram.messages) == 2


async def test_the_end_deletes_every_secret_and_says_so(on: Stage) -> None:
    letters = [(await on.ask(f"/newkey {name}"))[0] for name in ("a", "b")]
    await on.stop()
    assert all(each.deleted for each in letters)
    assert on.state.letters == []
    assert sum("before its time" in each.text for each in on.telegram.messages) == 2


async def test_the_end_waits_for_a_key_that_is_being_made(on: Stage) -> None:
    answer = asyncio.Event()
    slow = on.server.faults.add(method="PUT", delay=answer, act=True)
    on.telegram.say("/newkey late", user=ALICE)
    await slow.wait()
    stopping = asyncio.create_task(on.stop())
    await asyncio.sleep(0.02)
    answer.set()
    await stopping
    letter, done, farewell = on.telegram.messages
    assert letter.deleted
    assert "is made and works" in done.text
    assert "before its time" in farewell.text


async def test_a_key_whose_delivery_the_end_cuts_off_is_deleted_again(
    matatika_server: MatatikaServer, telegram: StandIn
) -> None:
    async with stage(matatika_server, telegram, grace=0.05) as on:
        telegram.refusals.append(edits_fail(1))
        slow = matatika_server.faults.add(method="PUT", delay=0.1, act=True)
        telegram.say("/newkey late", user=ALICE)
        await slow.wait()
        # The handler is cancelled while the key is made: the library finishes that, and hands the key over.
        stopping = asyncio.create_task(on.stop())
        await until(lambda: 1.0 in on.time.sleeps)
        on.telegram.refusals.append(edits_fail(2))
        on.time.advance(1)
        await until(lambda: 3.0 in on.time.sleeps)
        on.time.advance(3)
        await stopping
        assert on.names == ["default"]
        assert on.visible == []


async def test_what_cannot_be_deleted_at_the_end_is_deleted_at_the_next_start(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path
) -> None:
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        letter, _ = await on.ask("/newkey left")
        telegram.refusals.append(Refusal("deleteMessage", 500, "Internal"))
        await on.stop()
        assert not letter.deleted
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        assert letter.deleted
        assert on.state.letters == []
        assert any("deleted only now" in each.text for each in telegram.messages)


# Where no secret may be


async def test_no_secret_is_in_any_log_record_or_in_the_file(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    secrets = {TOKEN, matatika_server.credentials.client_secret.reveal()}
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        await on.ask("/newkey kept")
        telegram.refusals.append(edits_fail(1, status=403))
        await on.ask("/newkey lost")
        telegram.refusals.append(Refusal("editMessageText", 400, "Bad Request: odd", times=3))
        update_id = telegram.say("/newkey odd", user=ALICE)
        await pass_pauses(on)
        await on.handled(update_id)
        question = await on.answer("/rotate kept")
        secrets.add(on.secret_of("kept"))
        await on.press(question, "Rotate it")
        secrets.add(on.secret_of("kept"))
        matatika_server.faults.add(path="/api/apikeys", status=500, times=None)
        await on.ask("/keys")
        await on.look()
        secrets |= {request.headers.get("Authorization", "")[7:] for request in matatika_server.requests.api}
    assert len(secrets) >= 5
    texts = [record.getMessage() + str(record.exc_info) + str(vars(record)) for record in caplog.records]
    assert any("is not delivered" in each for each in texts)
    assert any(record.name.startswith("aiogram") for record in caplog.records)
    for text in [*texts, caplog.text, (tmp_path / "state.json").read_text()]:
        assert not any(secret in text for secret in secrets)
