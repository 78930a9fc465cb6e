"""The chat bot of `examples/bot`: its commands, its buttons, and whom it obeys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from aiomatatika import MatatikaError, MatatikaSession, RateLimitError, SecretLostError, ServerError, TransportError
from aiomatatika.testing import MatatikaServer
from examples.bot.advice import ADVICE, advice
from examples.bot.text import plain

from .bot_stage import ALICE, BOB, GROUP, MALLORY, MINUTE, Stage, Start, Telegram
from .programs import LIST, ONE, until

COMMANDS = ("/keys", "/newkey", "/rotate", "/whoami", "/help")

# Commands


@pytest.mark.parametrize(
    "said, says",
    [
        ("/help", COMMANDS),
        ("/start", COMMANDS),
        ("/help@keys_bot", COMMANDS),
        ("/what", ("/help lists",)),
        ("hello", ("/help lists",)),
        ("/whoami", ("Person 1", "(@person1)", "http://127.0.0.1:")),
        ("/keys", ("1 API key\n", "default, just made")),
        ("/newkey", ("Which name",)),
        ("/newkey " + "x" * 101, ("too long",)),
        ("/rotate default", ("lock myself out",)),
        ("/rotate nobody <b>", ("no key named nobody <b>",)),
        ("/rotate 00000000-0000-4000-8000-000000000000", ("no such key",)),
    ],
)
async def test_what_is_said_is_answered(on: Stage, said: str, says: tuple[str, ...]) -> None:
    (told,) = await on.ask(said)
    assert [each for each in says if each not in told.text] == []
    assert told.buttons == {}
    assert on.names == ["default"]


async def test_in_a_group_it_answers_commands_of_its_own_only(on: Stage) -> None:
    for user in (ALICE, MALLORY):
        told = [await on.ask(each, user=user, chat=GROUP) for each in ("hello", "/what@other_bot", "/what@keys_bot")]
        assert [len(each) for each in told] == [0, 0, 1]


async def test_whoami_without_any_key_asks_for_the_profiles(on: Stage) -> None:
    on.server.faults.add(path=LIST, json={"page": {"size": 1, "number": 0, "totalElements": 0, "totalPages": 0}})
    assert "Person 1" in (await on.answer("/whoami")).text


async def test_keys_are_listed_page_by_page(on: Stage) -> None:
    ids = on.server.add_api_keys(16)
    message, names = await on.answer("/keys"), []
    back, on_again = "◀ previous", "next ▶"
    for page, buttons in ((1, [on_again]), (2, [back, on_again]), (3, [back]), (2, [back, on_again])):
        assert message.text.startswith(f"17 API keys, page {page} of 3\n")
        assert list(message.buttons) == buttons
        names += [line.partition(",")[0] for line in message.text.splitlines()[2::3]]
        await on.press(message, back if page == 3 else on_again)
    assert names[:17] == sorted(on.names)
    await on.press(message, back)
    await on.delete(*ids[:10])
    await on.press(message, on_again)  # that page is gone: the last one there is
    assert message.text.startswith("7 API keys\n")
    assert str(ids[-1]) in message.text


@pytest.mark.parametrize("name", ["</b><a href='x'>&amp;", "a\nb", "\u202egnirts", "&" * 5000, " "])
async def test_a_name_has_no_say_in_the_markup_and_no_list_is_too_long(on: Stage, name: str) -> None:
    on.server.add_api_keys(7)
    for key in on.server.api_keys.values():
        key.name = name
    message = await on.answer("/keys")
    assert message.text.count(plain(name)) == 8
    assert "\u202e" not in message.text


# /rotate


async def test_a_key_is_chosen_confirmed_and_rotated_once(on: Stage) -> None:
    ids = on.server.add_api_keys(12)
    choice = await on.answer("/rotate")
    assert len(choice.buttons) == 9
    await on.press(choice, "next")
    await on.press(choice, "key-00010")
    assert "Rotate this key?" in choice.text
    assert ids[9] in on.server.api_keys
    first, second = (on.telegram.press(choice, "Rotate it", user=ALICE) for _ in range(2))
    (letter,) = await on.handled(first)
    await on.handled(second)
    assert "settled" in on.alert
    assert "is rotated" in choice.text
    assert choice.buttons == {}
    assert sorted(on.names) == ["default", *(f"key-{number:05}" for number in range(1, 13))]
    assert ids[9] not in on.server.api_keys
    assert on.secret_of("key-00010") in letter.text
    on.time.advance(MINUTE)
    await until(lambda: letter.deleted)


async def test_a_name_or_an_id_goes_straight_to_the_question_an_ambiguous_name_to_its_candidates(on: Stage) -> None:
    one, twin, other = on.server.add_api_keys(3)
    on.server.api_keys[twin].name = on.server.api_keys[other].name = "the twin"
    for wanted in (one, "key-00001"):
        question = await on.answer(f"/rotate {wanted}")
        assert str(one) in question.text
        await on.press(question, "Leave")
        assert "stays as it is" in question.text
    message = await on.answer("/rotate the twin")
    assert all(str(each) in message.text for each in (twin, other))
    await on.press(message, f"the twin · {str(other)[:8]}")
    assert (str(other) in message.text, str(twin) in message.text) == (True, False)
    assert "Rotate it" in message.buttons
    assert one in on.server.api_keys


async def test_the_bots_own_key_is_not_rotated_even_when_picked(start: Start, matatika_server: MatatikaServer) -> None:
    (key_id,) = matatika_server.add_api_keys(1)
    own = matatika_server.api_keys[key_id].credentials
    async with start(session=MatatikaSession(own, deployment=matatika_server.deployment)) as on:
        choice = await on.answer("/rotate")
        await on.press(choice, "key-00001")
        assert "lock myself out" in choice.text


async def test_a_key_that_went_before_the_answer_is_not_made_anew(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001")
    await on.delete(key_id)
    (told,) = await on.press(question, "Rotate")
    assert "no such key" in told.text
    assert on.names == ["default"]


async def test_a_rotation_whose_secret_cannot_be_brought_leaves_the_old_key(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001", chat=GROUP)
    on.telegram.started.add(ALICE)
    on.telegram.refuse("editMessageText", 403, "Forbidden: bot was blocked by the user", chat=ALICE)
    await on.press(question, "Rotate")
    assert "still works as before" in question.text
    assert list(on.server.api_keys)[1:] == [key_id]


async def test_an_old_key_that_cannot_be_deleted_is_named(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001")
    on.server.faults.add(method="DELETE", status=500, times=None)
    await on.press(question, "Rotate")
    assert f"old key {key_id} was not deleted" in question.text


# Whom it obeys


async def test_a_stranger_gets_one_refusal_and_nothing_else(on: Stage) -> None:
    (refusal,) = await on.ask("/keys", user=MALLORY)
    assert refusal.text == f"This bot is private. Its operator can admit you: your user id is {MALLORY}."
    assert await on.ask("/newkey mine", user=MALLORY) == []
    on.telegram.refuse("sendMessage")
    assert await on.ask("/keys", user=MALLORY + 1) == [], "one that does not arrive is followed by no apology"
    assert on.names == ["default"]


@pytest.mark.parametrize("user, says", [(BOB, "someone else's"), (MALLORY, "private")])
@pytest.mark.parametrize(
    "command, label",
    [("/keys", "next"), ("/rotate", "next"), ("/rotate", "key-00001"), ("/rotate key-00001", "Rotate")],
)
async def test_buttons_are_for_the_one_who_asked(on: Stage, command: str, label: str, user: int, says: str) -> None:
    on.server.add_api_keys(20)
    message = await on.answer(command, chat=GROUP)
    before = message.html
    await on.press(message, label, user=user)
    assert (message.html, says in on.alert) == (before, True)
    assert "PUT" not in on.server.requests.methods()


@pytest.mark.parametrize("data", ["keys:-1:11", "keys:x:11", "nonsense", "pick:1:11"])
async def test_a_forged_or_outdated_button_is_answered(on: Stage, data: str) -> None:
    message = await on.answer("/help")
    message.buttons["forged"] = data
    await on.press(message, "forged")
    assert "another time" in on.alert


async def test_a_press_that_comes_late_or_changes_nothing_is_no_trouble(on: Stage) -> None:
    on.server.add_api_keys(20)
    message = await on.answer("/keys")
    on.telegram.refuse("answerCallbackQuery", 400, "Bad Request: query is too old")
    presses = [on.telegram.press(message, "next ▶", user=ALICE) for _ in range(2)]
    assert [await on.handled(each) for each in presses] == [[], []]
    assert "page 2" in message.text


# Updates that come again


async def test_an_update_that_comes_again_is_left_alone_also_after_a_restart(start: Start, telegram: Telegram) -> None:
    update_id = telegram.say("/newkey once", user=ALICE)
    for _ in range(2):
        async with start() as on:
            await on.handled(update_id)
            for _ in range(2):
                telegram.deliver(telegram.delivered[update_id])
            await on.ask("/help")
            await on.stop()  # it waits for what is being made
            assert on.names == ["default", "once"]


async def test_a_request_that_the_end_cuts_off_is_told_at_the_next_start_and_not_repeated(
    start: Start, telegram: Telegram
) -> None:
    async with start(grace=0) as on:
        hang = on.server.faults.add(method="POST", path=LIST, delay=asyncio.Event())
        update_id = telegram.say("/newkey cut off", user=ALICE)
        await hang.wait()
    for _ in range(2):
        async with start() as on:
            telegram.deliver(telegram.delivered[update_id])
            await on.ask("/help")
            await on.stop()
            assert on.names == ["default"]
    assert sum("do not repeat it" in each for each in telegram.texts) == 1
    assert telegram.messages[0].deleted


# Trouble


async def test_an_error_of_the_library_becomes_advice_also_behind_a_button(on: Stage) -> None:
    on.server.add_api_keys(1)
    message = await on.answer("/rotate")
    on.server.faults.add(path=ONE, status=403)
    (told,) = await on.press(message, "key-00001")
    assert "may not do that" in told.text
    assert on.alert == ""


async def test_an_unknown_error_is_an_apology_and_a_line_in_the_log(
    on: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("examples.bot.keys.headline", lambda page: 1 / 0)
    assert "Sorry" in (await on.answer("/keys")).text
    assert "ZeroDivisionError" in caplog.text


async def test_telegrams_flood_limit_is_honoured_within_reason(on: Stage) -> None:
    for seconds in (7, 8):
        on.telegram.refuse("sendMessage", 429, "Too Many Requests", retry_after=seconds)
    assert len(await on.ask("/help", 7, 8)) == 1
    on.telegram.refuse("sendMessage", 429, "Too Many Requests", retry_after=61)
    assert "Telegram did not accept" in (await on.answer("/help")).text


def every_error(root: type[MatatikaError] = MatatikaError) -> Iterator[type[MatatikaError]]:
    for each in root.__subclasses__():
        yield each
        yield from every_error(each)


@pytest.mark.parametrize("kind", sorted(every_error(), key=str))
def test_every_error_of_the_tree_has_advice_and_no_word_of_the_servers_in_it(kind: type[MatatikaError]) -> None:
    assert kind in ADVICE or kind.__name__.startswith("Transport")
    error = kind.__new__(kind, "canary")
    error.args = ("canary",)
    vars(error).update(message="canary", errors=("canary",), key_id=UUID(int=1), orphan=None, path="/canary")
    vars(error).update(status=400, sent="no")
    assert "canary" not in advice(error)
    assert advice(error).endswith(".")


def lost(orphan: bool | None) -> SecretLostError:
    return SecretLostError("x", key_id=UUID(int=1), created=True, orphan=orphan)


def once(error: MatatikaError) -> MatatikaError:
    """Make it the error of a call that is not to be repeated."""
    error.repeatable = False
    return error


def limited(retry_after: float | None) -> RateLimitError:
    error = RateLimitError(429)
    error.retry_after = retry_after
    return error


@pytest.mark.parametrize(
    "error, says",
    [
        (lost(orphan=True), f"Key {UUID(int=1)} is left over, and useless: delete it in the app."),
        (lost(orphan=False), "No key is left over."),
        (lost(orphan=None), f"If /keys shows {UUID(int=1)}, delete it in the app."),
        (limited(61.2), "Please try again in 62 seconds."),
        (limited(None), "Please try again in a minute."),
        (TransportError("x", sent="no"), "cannot reach the Matatika API. Please try again in a minute."),
        (once(TransportError("x", sent="maybe")), "look at /keys before you ask again."),
        (once(ServerError(502)), "look at /keys before you ask again."),
    ],
)
def test_what_only_this_error_knows_is_advised(error: MatatikaError, says: str) -> None:
    assert says in advice(error)
