"""The chat bot's /rotate: choose, confirm, and get a successor."""

from __future__ import annotations

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.stand_in import Refusal, StandIn

from .bot_stage import ALICE, BOB, GROUP, Stage, stage, until


async def test_a_key_is_chosen_confirmed_and_rotated(on: Stage) -> None:
    ids = on.server.add_api_keys(12)
    choice = await on.answer("/rotate")
    assert len(choice.buttons) == 9
    await on.press(choice, "next ▶")
    label = next(each for each in choice.buttons if each.startswith("key-00010"))
    await on.press(choice, label)
    assert "Rotate this key?" in choice.text
    assert ids[9] in on.server.api_keys
    (letter,) = await on.press(choice, "Rotate it")
    assert ids[9] not in on.server.api_keys
    assert on.names.count("key-00010") == 1
    assert on.secret_of("key-00010") in letter.text
    assert "is rotated" in choice.text
    assert choice.buttons == {}
    on.time.advance(60)
    await until(lambda: letter.deleted)


async def test_a_name_or_an_id_goes_straight_to_the_question(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1, "one key")
    for wanted in (str(key_id), "one key-00001"):
        question = await on.answer(f"/rotate {wanted}")
        assert str(key_id) in question.text
        await on.press(question, "Leave it")
        assert "stays as it is" in question.text
    assert key_id in on.server.api_keys


async def test_an_ambiguous_name_lists_its_candidates(on: Stage) -> None:
    ids = on.server.add_api_keys(3)
    for each in ids:
        on.server.api_keys[each].name = "twin"
    message = await on.answer("/rotate twin")
    assert all(str(each) in message.text for each in ids)
    await on.press(message, list(message.buttons)[1])
    assert str(ids[1]) in message.text
    assert "Rotate it" in message.buttons


@pytest.mark.parametrize("wanted", ["nobody <b>", "00000000-0000-4000-8000-000000000000"])
async def test_a_key_that_there_is_not_cannot_be_rotated(on: Stage, wanted: str) -> None:
    assert "no " in (await on.answer(f"/rotate {wanted}")).text


async def test_the_accounts_own_key_is_not_rotated(on: Stage) -> None:
    message = await on.answer("/rotate default")
    assert "lock myself out" in message.text
    assert message.buttons == {}


async def test_the_bots_own_key_is_not_rotated_even_when_picked(
    matatika_server: MatatikaServer, telegram: StandIn
) -> None:
    (key_id,) = matatika_server.add_api_keys(1)
    own = matatika_server.api_keys[key_id]
    async with stage(matatika_server, telegram, credentials=own.credentials) as on:
        choice = await on.answer("/rotate")
        await on.press(choice, next(each for each in choice.buttons if each.startswith(own.name)))
        assert "lock myself out" in choice.text


async def test_a_question_pressed_twice_is_one_rotation(on: Stage) -> None:
    on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001")
    first, second = (on.telegram.press(question, "Rotate it", user=ALICE) for _ in range(2))
    await on.handled(first)
    await on.handled(second)
    assert on.names == ["default", "key-00001"]
    assert sum(request.method == "PUT" for request in on.server.requests.api) == 1
    assert "settled" in on.alerts()[-1]


async def test_another_user_cannot_answer_the_question(on: Stage) -> None:
    on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001", chat=GROUP)
    await on.press(question, "Rotate it", user=BOB)
    assert "someone else's" in on.alerts()[-1]
    assert on.server.requests.methods().count("PUT") == 0


async def test_a_key_that_went_before_the_answer_is_not_made_anew(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001")
    async with on.server.session() as session:
        await session.apikeys.delete(key_id)
    (told,) = await on.press(question, "Rotate it")
    assert "no such key" in told.text
    assert on.names == ["default"]


async def test_a_rotation_whose_secret_cannot_be_brought_leaves_the_old_key(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001", chat=GROUP)
    on.telegram.started.add(ALICE)
    on.telegram.refusals.append(Refusal("editMessageText", 403, "Forbidden: blocked", chat=ALICE))
    await on.press(question, "Rotate it")
    assert "still works as before" in question.text
    assert list(on.server.api_keys)[1:] == [key_id]


async def test_an_old_key_that_cannot_be_deleted_is_named(on: Stage) -> None:
    (key_id,) = on.server.add_api_keys(1)
    question = await on.answer("/rotate key-00001")
    on.server.faults.add(method="DELETE", status=500, times=None)
    await on.press(question, "Rotate it")
    assert f"old key {key_id} was not deleted" in question.text
