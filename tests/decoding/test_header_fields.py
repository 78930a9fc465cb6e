"""Header fields of the caller's: which may be given, and that no value shows."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from aiomatatika import InvalidArgumentError, Secret
from aiomatatika.decoding.header_fields import HeaderFields, header_fields

from ..canary import shown_by_error

CANARY = "canary-7f3a"


@pytest.mark.parametrize("headers", [{}, {"If-Match": '"a"', "x_1.~": "a b\tc", "X-Empty": ""}])
def test_what_may_be_sent_is_sent_as_it_is(headers: dict[str, str]) -> None:
    assert header_fields(headers).reveal() == headers
    assert header_fields({name: Secret(value) for name, value in headers.items() if value}).reveal() == {
        name: value for name, value in headers.items() if value
    }


@pytest.mark.parametrize(
    "headers, says",
    [
        (CANARY, "headers must be a mapping"),
        *(({name: CANARY}, "the name of a header field") for name in ("", "a b", "a:", "é", "a\r\nb", 5)),
        *(
            ({"X-Key": value}, "the header field X-Key must be")
            for value in (
                f"{CANARY}\r\nX: y",
                f" {CANARY}",
                f"{CANARY}\n",
                f"{CANARY}é",
                Secret(f"{CANARY}\0"),
                5,
                b"x",
            )
        ),
        ({"AUTHORIZATION": CANARY}, "Authorization cannot be given: the session sets it from its credentials"),
        ({"content-type": CANARY}, "use content_type="),
        ({"Accept": CANARY}, "use accept="),
        ({"User-Agent": CANARY}, "use user_agent= of the session"),
        *(
            ({name: CANARY}, f"{name} cannot be given")
            for name in ("Host", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding", "Cookie")
        ),
        *(({name: CANARY}, f"{name} cannot be given") for name in ("Expect", "Upgrade", "Proxy-Authorization")),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name_and_no_value_shows(headers: Any, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"(?i){says}") as caught:
        header_fields(headers)
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))


def test_header_fields_show_nothing_and_do_not_travel() -> None:
    fields = HeaderFields({"X-Key": CANARY})
    assert repr(fields) == "<HeaderFields hidden>"
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="do not pickle or copy"):
            copier(fields)
