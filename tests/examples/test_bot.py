"""The chat bot of `examples/bot`: its commands, its buttons, and whom it obeys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from aiomatatika import MatatikaError, RateLimitError, SecretLostError
from aiomatatika.testing import MatatikaServer
from examples.bot.advice import ADVICE, advice
from examples.bot.stand_in import Refusal, StandIn
from examples.bot.state import State
from examples.bot.text import messages, plain, shown

from .bot_stage import ALICE, BOB, GROUP, MALLORY, Stage, stage, until

# Commands


@pytest.mark.parametrize("command", ["/help", "/start", "/help@keys_bot"])
async def test_help_lists_every_command(on: Stage, command: str) -> None:
    text = (await on.answer(command)).text
    for each in ("/keys", "/newkey", "/rotate", "/whoami", "/help"):
        assert each in text


@pytest.mark.parametrize("said", ["/what", "hello"])
async def test_what_it_does_not_know_is_answered_kindly(on: Stage, said: str) -> None:
    assert "/help" in (await on.answer(said)).text


async def test_in_a_group_it_answers_commands_of_its_own_only(on: Stage) -> None:
    assert await on.ask("hello", chat=GROUP) == []
    assert await on.ask("/what@other_bot", chat=GROUP) == []
    assert "/help" in (await on.answer("/what@keys_bot", chat=GROUP)).text


async def test_whoami_names_the_owner_and_the_api(on: Stage) -> None:
    text = (await on.answer("/whoami")).text
    assert "Person 1" in text
    assert "@person1" in text
    assert on.server.deployment.api_url in text


async def test_whoami_without_any_key_asks_for_the_profiles(on: Stage) -> None:
    on.server.faults.add(path="/api/apikeys", edit=lambda page: page.pop("_embedded"))
    assert "Person 1" in (await on.answer("/whoami")).text


# /keys


async def test_keys_are_listed_page_by_page(on: Stage) -> None:
    ids = on.server.add_api_keys(16)
    first = await on.answer("/keys")
    assert "17 API keys, page 1 of 3" in first.text
    assert list(first.buttons) == ["next ▶"]
    await on.press(first, "next ▶")
    assert "page 2 of 3" in first.text
    assert list(first.buttons) == ["◀ previous", "next ▶"]
    await on.press(first, "next ▶")
    assert str(ids[-1]) in first.text
    assert list(first.buttons) == ["◀ previous"]
    await on.press(first, "◀ previous")
    assert "page 2 of 3" in first.text
    assert {each.query.get("size") for each in on.server.requests.api if "sort" in each.query} == {"8"}


async def test_a_page_that_is_gone_becomes_the_last_one(on: Stage) -> None:
    ids = on.server.add_api_keys(16)
    message = await on.answer("/keys")
    await on.press(message, "next ▶")
    async with on.server.session() as session:
        for each in ids[:10]:
            await session.apikeys.delete(each)
    await on.press(message, "next ▶")
    assert "7 API keys" in message.text
    assert str(ids[-1]) in message.text


@pytest.mark.parametrize("name", ["<b>", "</b><a href='x'>&amp;", "a\nb", "x" * 5000, "\u202egnirts", "&" * 5000, " "])
async def test_a_name_has_no_say_in_the_markup_and_no_list_is_too_long(on: Stage, name: str) -> None:
    async with on.server.session() as session:
        for _ in range(8):
            await session.apikeys.create(name.strip() or "blank")
    for key in on.server.api_keys.values():
        key.name = name
    message = await on.answer("/keys")
    assert message.text.count(plain(name)) >= 8
    assert "\u202e" not in message.text
    assert "9 API keys" in message.text


async def test_the_age_is_told(on: Stage) -> None:
    on.server.add_api_keys(1)
    assert "just made" in (await on.answer("/keys")).text


# Whom it obeys


async def test_a_stranger_gets_one_refusal_and_nothing_else(on: Stage) -> None:
    first = await on.ask("/keys", user=MALLORY)
    assert [each.text for each in first] == [
        f"This bot is private. Its operator can admit you: your user id is {MALLORY}."
    ]
    assert await on.ask("/newkey mine", user=MALLORY) == []
    assert await on.ask("/keys", user=MALLORY, chat=GROUP) == []
    assert on.names == ["default"]
    assert MALLORY not in on.state.chats


async def test_a_stranger_whom_no_refusal_reaches_gets_no_apology_either(on: Stage) -> None:
    on.telegram.refusals.append(Refusal("sendMessage", 500, "Internal", chat=MALLORY))
    assert await on.ask("/keys", user=MALLORY) == []


async def test_a_strangers_chatter_in_a_group_is_not_answered(on: Stage) -> None:
    assert await on.ask("good morning", user=MALLORY, chat=GROUP) == []


async def test_a_stranger_who_presses_a_button_changes_nothing(on: Stage) -> None:
    on.server.add_api_keys(20)
    message = await on.answer("/keys", chat=GROUP)
    before = message.text
    await on.press(message, "next ▶", user=MALLORY)
    assert message.text == before
    assert "private" in on.alerts()[-1]


async def test_buttons_are_for_the_one_who_asked(on: Stage) -> None:
    on.server.add_api_keys(20)
    message = await on.answer("/keys", chat=GROUP)
    before = message.text
    await on.press(message, "next ▶", user=BOB)
    assert message.text == before
    assert "someone else's" in on.alerts()[-1]


@pytest.mark.parametrize("data", ["keys:-1:11", "keys:x:11", "nonsense", "pick:1:11"])
async def test_a_forged_or_outdated_button_is_answered(on: Stage, data: str) -> None:
    message = await on.answer("/help")
    message.buttons["forged"] = data
    await on.press(message, "forged")
    assert "another time" in on.alerts()[-1]


async def test_a_press_too_late_to_be_acknowledged_is_carried_out(on: Stage) -> None:
    on.server.add_api_keys(20)
    message = await on.answer("/keys")
    on.telegram.refusals.append(Refusal("answerCallbackQuery", 400, "Bad Request: query is too old"))
    await on.press(message, "next ▶")
    assert "page 2" in message.text


# Updates that come again


async def test_an_update_that_comes_again_is_left_alone(on: Stage) -> None:
    update_id = on.telegram.say("/newkey once", user=ALICE)
    again = on.telegram._updates[-1]
    await on.handled(update_id)
    on.telegram.deliver(again)
    on.telegram.deliver(dict(again))
    await on.ask("/help")
    await on.stop()  # it waits for what is being made
    assert on.names.count("once") == 1


async def test_an_update_that_comes_again_after_a_restart_is_left_alone(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path
) -> None:
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        update_id = telegram.say("/newkey once", user=ALICE)
        again = telegram._updates[-1]
        await on.handled(update_id)
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        telegram.deliver(again)
        await on.ask("/help")
        await on.stop()
        assert on.names.count("once") == 1


async def test_a_request_that_the_end_interrupted_is_told_at_the_next_start_and_not_repeated(
    matatika_server: MatatikaServer, telegram: StandIn, tmp_path: Path
) -> None:
    hang = matatika_server.faults.add(method="POST", path="/api/apikeys", delay=asyncio.Event())
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json"), grace=0.05):
        telegram.say("/newkey cut off", user=ALICE)
        again = telegram._updates[-1]
        await hang.wait()
    assert [each.text for each in telegram.messages if not each.deleted] == []
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")) as on:
        telegram.deliver(again)
        await on.ask("/help")
        assert sum("I was interrupted" in each.text for each in telegram.messages) == 1
        assert "cut off" not in on.names
    async with stage(matatika_server, telegram, state=State.at(tmp_path / "state.json")):
        assert sum("I was interrupted" in each.text for each in telegram.messages) == 1


# Trouble


async def test_an_error_of_the_library_becomes_advice(on: Stage) -> None:
    on.server.faults.add(path="/api/apikeys", status=429, headers={"Retry-After": "4000"})
    assert (await on.answer("/keys")).text.endswith("try again in 4000 seconds.")


async def test_an_unknown_error_is_an_apology_and_a_line_in_the_log(
    on: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("examples.bot.keys.headline", lambda page: 1 / 0)
    assert "Sorry" in (await on.answer("/keys")).text
    assert "ZeroDivisionError" in caplog.text


async def test_telegrams_flood_limit_is_honoured(on: Stage) -> None:
    on.telegram.refusals.append(Refusal("sendMessage", 429, "Too Many Requests", retry_after=7))
    update_id = on.telegram.say("/help", user=ALICE)
    await until(lambda: 7 in on.time.sleeps)
    assert on.telegram.messages == []
    on.time.advance(7)
    assert len(await on.handled(update_id)) == 1


async def test_a_flood_limit_beyond_reason_is_not_waited_for(on: Stage) -> None:
    on.telegram.refusals.append(Refusal("sendMessage", 429, "Too Many Requests", retry_after=4000))
    assert "Telegram did not take" in (await on.answer("/help")).text
    assert 4000 not in on.time.sleeps


def every_error(root: type[MatatikaError] = MatatikaError) -> Iterator[type[MatatikaError]]:
    for each in root.__subclasses__():
        yield each
        yield from every_error(each)


@pytest.mark.parametrize("kind", sorted(every_error(), key=str))
def test_every_error_of_the_tree_has_advice_and_no_word_of_the_servers_in_it(kind: type[MatatikaError]) -> None:
    assert kind in ADVICE or kind.__name__.startswith("Transport")
    error = kind.__new__(kind, "canary")
    error.args = ("canary",)
    vars(error).update(message="canary", errors=("canary",), key_id=uuid4(), orphan=None, status=400, path="/canary")
    assert "canary" not in advice(error)
    assert advice(error).endswith(".")


@pytest.mark.parametrize("orphan, says", [(True, "delete it"), (False, "No key is left"), (None, "Look whether")])
def test_a_lost_secret_is_named_with_what_is_left_of_it(orphan: bool | None, says: str) -> None:
    key_id = uuid4()
    text = advice(SecretLostError("x", key_id=key_id, created=True, orphan=orphan))
    assert says in text
    assert (str(key_id) in text) == (orphan is not False)


def test_without_a_time_to_wait_a_minute_is_advised() -> None:
    assert "in a minute" in advice(RateLimitError(429))


def test_lines_are_joined_to_messages_that_are_not_too_long() -> None:
    parts = list(messages([shown("&" * 900)] * 100))
    assert len(parts) > 1
    assert all(len(each) <= 4096 for each in parts)
    assert sum(each.count("…") for each in parts) == 100
