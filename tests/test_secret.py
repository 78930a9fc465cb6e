"""A secret is readable through `reveal` and nowhere else."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, strategies as st

from aiomatatika import Secret

from .canary import shown_by_error

CANARY = "canary-7f3a"
# Every str that Python can hold, lone surrogates included.
any_text = st.text(st.characters())


@attrs.frozen(slots=False)  # with slots no class pickles by the old protocols
class Attrs:
    secret: Secret


@dataclass
class Data:
    secret: Secret


@given(any_text)
def test_a_secret_reveals_what_it_was_made_of(text: str) -> None:
    assert Secret(text).reveal() == text
    assert Secret(Secret(text)).reveal() == text


@pytest.mark.parametrize("value", [None, CANARY.encode(), bytearray(CANARY.encode()), 5, [CANARY]])
def test_only_text_makes_a_secret_and_the_refusal_shows_nothing(value: Any) -> None:
    with pytest.raises(TypeError, match="a Secret is made from a str") as caught:
        Secret(value)
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))


@pytest.mark.parametrize("value", ["", CANARY, "x" * 1000])
def test_its_text_is_the_same_whatever_it_hides(value: str) -> None:
    secret = Secret(value)
    assert {str(secret), repr(secret), f"{secret}", f"{secret!a}", "%s" % secret, "%r" % secret} == {"Secret(hidden)"}  # noqa: UP031  # one of the ways
    assert f"{secret:>20}|{secret:.6}" == "      Secret(hidden)|Secret"
    assert repr([secret, {"key": secret}]) == "[Secret(hidden), {'key': Secret(hidden)}]"


def test_it_has_no_attributes_to_list() -> None:
    with pytest.raises(TypeError):
        vars(Secret(CANARY))
    with pytest.raises(AttributeError):
        Secret(CANARY).value  # type: ignore[attr-defined]  # what is asked  # noqa: B018
    assert CANARY not in repr(dir(Secret(CANARY)))


def test_it_is_no_text_and_no_bytes() -> None:
    secret: Any = Secret(CANARY)
    for use in (bytes, len, iter, "".join, lambda each: each + "", lambda each: "" + each, lambda each: each[0]):
        with pytest.raises(TypeError) as caught:
            use(secret)
        assert CANARY not in str(caught.value)


def test_a_log_record_hides_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("sent %s and %r", Secret(CANARY), [Secret(CANARY)])
    assert caplog.messages == ["sent Secret(hidden) and [Secret(hidden)]"]


@pytest.mark.parametrize("encode", [json.dumps, msgspec.json.encode])
@pytest.mark.parametrize(
    "document", [Secret(CANARY), {"secret": Secret(CANARY)}, {Secret(CANARY): 1}, Data(Secret(CANARY))]
)
def test_json_refuses_it(encode: Any, document: Any) -> None:
    with pytest.raises(TypeError) as caught:
        encode(document)
    assert CANARY not in str(caught.value)


def test_asdict_keeps_it_hidden() -> None:
    for members in (attrs.asdict(Attrs(Secret(CANARY))), asdict(Data(Secret(CANARY)))):
        assert members == {"secret": Secret(CANARY)}
        assert repr(members) == "{'secret': Secret(hidden)}"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("wrap", [lambda secret: secret, Attrs, Data, lambda secret: [secret, secret]])
def test_a_pickle_keeps_the_type_and_drops_the_value(protocol: int, wrap: Any) -> None:
    data = pickle.dumps(wrap(Secret(CANARY)), protocol)
    assert b"canary" not in data
    assert "Secret(hidden)" in repr(pickle.loads(data))


def test_a_secret_out_of_a_pickle_says_why_it_has_no_value() -> None:
    secret = pickle.loads(pickle.dumps(Secret(CANARY)))
    assert repr(secret) == "Secret(hidden)"
    for use in (secret.reveal, lambda: Secret(secret)):
        with pytest.raises(ValueError, match="a pickle does not carry the value") as caught:
            use()
        assert caught.value.__cause__ is None


def test_a_secret_out_of_a_pickle_equals_itself_alone() -> None:
    first, second = (pickle.loads(pickle.dumps(Secret(CANARY))) for _ in range(2))
    assert first == first  # noqa: PLR0124  # that is the question
    assert first != second
    assert first != Secret(CANARY)
    assert Secret("") != first


def test_copies_in_the_same_process_keep_the_value() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret
    assert copy.deepcopy([secret]) == [secret]


@given(any_text, any_text)
def test_secrets_are_equal_when_their_values_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)


@given(any_text)
def test_a_secret_never_equals_its_text(text: str) -> None:
    secret: Any = Secret(text)
    assert secret != text
    assert text != secret
    assert secret != text.encode("utf-8", "surrogatepass")


@given(any_text, any_text)
def test_its_hash_tells_nothing(one: str, other: str) -> None:
    assert hash(Secret(one)) == hash(Secret(other))
    assert len({Secret(one), Secret(other)}) == len({one, other})


def test_a_task_that_fails_with_it_shows_nothing() -> None:
    async def fail(secret: Secret) -> None:
        raise RuntimeError(secret)

    with pytest.raises(RuntimeError) as caught:
        asyncio.run(fail(Secret(CANARY)))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_nobody_can_derive_a_talkative_one() -> None:
    assert getattr(Secret, "__final__", False)
