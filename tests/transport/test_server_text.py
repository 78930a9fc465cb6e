"""A server's words: without anybody's credentials, without markup, escaped and cut."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from aiomatatika import Secret
from aiomatatika.display import escaped
from aiomatatika.transport.server_text import redact, redact_all

CANARY = "canary-7f3a.B_c~d+e/f=="
SECRETS = (Secret(CANARY), Secret("second-secret"))


@pytest.mark.parametrize(
    "text, shown",
    [
        (f"neither {CANARY} nor second-secret will do", "neither [hidden] nor [hidden] will do"),
        (f"{CANARY}{CANARY}", "[hidden][hidden]"),
        ("Bearer other-token.x is expired", "[hidden] is expired"),
        ("bearer  abc==", "[hidden]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [hidden]"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln refused", "token [hidden] refused"),
        ("grant_type=x&client_secret=abc&audience=y", "grant_type=x&[hidden]&audience=y"),
        ('{"client_secret": "abc", "x": 1}', '{"[hidden]", "x": 1}'),
        ("clientSecret: abc, access_token = def; accessToken='ghi'", "[hidden], [hidden]; [hidden]'"),
        ("a bearer of good news", "a [hidden] good news"),
        ("the secret of success", "the secret of success"),
    ],
)
def test_credentials_are_cut_out_ours_and_anybodys(text: str, shown: str) -> None:
    assert redact(text, SECRETS) == shown


@pytest.mark.parametrize(
    "text, shown",
    [
        ("<html><title>502</title><body>\n\n<h1>Bad  gateway</h1></body>", "502 Bad gateway"),
        *(("a<!-- b > c --><i\nclass='x'>d</i> <!-- e", "a d"), ("1 < 2 and 4 > 3", "1 3")),
        *(("5 < 6 <b>always</b>", "5 < 6 always"), ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m")),
        *(("a\x00b\x9bc\x7f", r"a\x00b\x9bc\x7f"), ("abc\u202edef\u2066", r"abc\u202edef\u2066")),
        ("one\ntwo\r\n\u2028three\u0085four", "one two three four"),
        ("lone \ud800", r"lone \ud800"),
        ("é 名 😀", "é 名 😀"),
    ],
)
def test_no_markup_and_nothing_that_a_terminal_acts_on(text: str, shown: str) -> None:
    assert redact(text, ()) == shown
    shown.encode()


def test_a_text_is_at_most_500_characters_escapes_included() -> None:
    assert redact("x" * 500, ()) == "x" * 500
    assert redact("x" * 501, ()) == "x" * 499 + "…"
    assert len(redact("\x1b" * 400, ())) == 500
    assert len(redact("<p>" + "word " * 400_000, ())) == 500


def test_escaping_leaves_what_is_printable_alone() -> None:
    assert escaped("é 名") == "é 名"
    assert escaped("a\tb\x07") == r"a\tb\x07"


def test_a_cut_leaves_no_half_of_a_secret() -> None:
    for length in range(470, 500):
        assert "canary" not in redact("x" * length + CANARY, SECRETS)


@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40),
    st.text(max_size=600),
    st.text(max_size=600),
    st.sampled_from(["", " "]),
)
def test_no_secret_survives_whatever_is_around_it(value: str, before: str, after: str, space: str) -> None:
    shown = redact(before + space + value + space + after, [Secret(value)])
    assert value not in shown or value in "[hidden]"
    assert len(shown) <= 500
    assert shown.isprintable()


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<!-- ", "Bearer ", "Bearer", "client_secret=", "eyJ", "eyJaaaaa.", " ", "=", "&lt;", "\x1b"]
)
def test_no_text_is_slow_to_look_through(piece: str) -> None:
    begun = time.process_time()
    redact(piece * (200_000 // len(piece)), SECRETS)
    assert time.process_time() - begun < 0.5  # 0.02 s; the square of its length would be minutes


def test_a_json_value_keeps_its_shape_within_limits() -> None:
    deep: object = "bottom"
    for _ in range(20):
        deep = [deep]
    value = {CANARY: [f"x{CANARY}", 1, None, True], "deep": deep, "many": [0] * 100}
    assert redact_all(value, SECRETS) == {
        "[hidden]": ["x[hidden]", 1, None, True],
        "deep": [[[[[None]]]]],
        "many": [0] * 50,
    }
