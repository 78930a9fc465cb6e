"""A secret is readable through `reveal` alone; `tests/faults/test_security_display.py` tries many printers."""

from __future__ import annotations

import copy
import json
import pickle
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
    assert Secret(text).reveal() == Secret(Secret(text)).reveal() == text


@pytest.mark.parametrize("value", [None, CANARY.encode(), bytearray(CANARY.encode()), 5, [CANARY]])
def test_only_text_makes_a_secret_and_the_refusal_shows_nothing(value: Any) -> None:
    with pytest.raises(TypeError, match="a Secret is made from a str") as caught:
        Secret(value)
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))


# What programs do to objects


@pytest.mark.parametrize("value", ["", CANARY, "x" * 1000])
def test_its_text_is_the_same_whatever_it_hides(value: str) -> None:
    secret = Secret(value)
    assert {str(secret), repr(secret), f"{secret}", f"{secret!a}", "%s" % secret, "%r" % secret} == {"Secret(hidden)"}  # noqa: UP031  # one of the ways
    assert f"{secret:>20}|{secret:.6}" == "      Secret(hidden)|Secret"


def test_it_has_nothing_to_list() -> None:
    secret = Secret(CANARY)
    with pytest.raises(TypeError):
        vars(secret)
    for name in dir(secret):
        value = getattr(secret, name, None)
        assert CANARY not in repr(value)


@pytest.mark.parametrize("encode", [json.dumps, msgspec.json.encode])
@pytest.mark.parametrize("document", [Secret(CANARY), {"it": Secret(CANARY)}, {Secret(CANARY): 1}, Data(Secret("x"))])
def test_json_refuses_it(encode: Any, document: Any) -> None:
    with pytest.raises(TypeError) as caught:
        encode(document)
    assert CANARY not in str(caught.value)


def test_what_is_unfolded_into_a_dict_keeps_it_hidden() -> None:
    for members in (attrs.asdict(Attrs(Secret(CANARY))), asdict(Data(Secret(CANARY)))):
        assert members == {"secret": Secret(CANARY)}
        assert repr(members) == "{'secret': Secret(hidden)}"


# Copies


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_keeps_the_type_and_drops_the_value(protocol: int) -> None:
    data = pickle.dumps([Secret(CANARY), Attrs(Secret(CANARY)), Data(Secret(CANARY))], protocol)
    assert b"canary" not in data
    secret, *_ = restored = pickle.loads(data)
    assert repr(restored) == "[Secret(hidden), Attrs(secret=Secret(hidden)), Data(secret=Secret(hidden))]"
    for use in (secret.reveal, lambda: Secret(secret)):
        with pytest.raises(ValueError, match="a pickle does not carry the value") as caught:
            use()
        assert caught.value.__cause__ is None


def test_a_secret_out_of_a_pickle_equals_itself_alone() -> None:
    first, second = (pickle.loads(pickle.dumps(Secret(CANARY))) for _ in range(2))
    assert first == first  # noqa: PLR0124  # that is the question
    for other in (second, Secret(CANARY), Secret("")):
        assert first != other
        assert other != first


def test_copies_in_the_same_process_keep_the_value() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is copy.deepcopy(secret) is secret


# Comparison


@given(any_text, any_text)
def test_secrets_are_equal_when_their_values_are_and_their_hash_tells_nothing(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(other))
    assert len({Secret(one), Secret(other)}) == len({one, other})


@given(any_text)
def test_a_secret_never_equals_its_text(text: str) -> None:
    secret: Any = Secret(text)
    assert secret != text
    assert secret != text.encode("utf-8", "surrogatepass")


def test_nobody_can_derive_a_talkative_one() -> None:
    assert getattr(Secret, "__final__", False)
