"""The search for secrets in whatever a program, a log or a crash reporter could show of an object."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterable, Iterator

import attrs

from aiomatatika.testing import MatatikaServer


def secrets_on_the_wire(server: MatatikaServer) -> set[str]:
    """Return every secret that a server has given out or been sent."""
    secrets = {server.credentials.client_secret.reveal()}
    secrets |= {key.credentials.client_secret.reveal() for key in server.api_keys.values()}
    for request in server.requests:
        secrets.add(request.headers.get("Authorization", "").removeprefix("Bearer "))
    return {secret for secret in secrets if secret}


def shown_by(thing: object) -> Iterator[str]:
    """Yield every text that a careless program could make of an object."""
    yield from (
        (repr(thing), str(thing), f"{thing}", f"{thing!s:>40}", repr([thing]), f"{vars(thing)!r}")
        if hasattr(thing, "__dict__")
        else (repr(thing), str(thing), f"{thing}", repr([thing]))
    )
    if attrs.has(type(thing)):
        yield repr(attrs.asdict(thing))  # type: ignore[arg-type]  # it is one
        yield repr(attrs.astuple(thing))  # type: ignore[arg-type]  # as above
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        try:
            yield pickle.dumps(thing, protocol).decode("latin-1")
        except TypeError as refusal:
            yield str(refusal)


def shown_by_error(error: BaseException, *, but_not: str = "") -> Iterator[str]:
    """Yield what an error and its chain show, and the locals of every frame but those of a test's own file."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        assert not type(each).__module__.startswith("aiohttp"), "their exceptions hold the Authorization header"
        yield from (repr(each), str(each), repr(each.args), repr(vars(each)), repr(getattr(each, "__notes__", ())))
        pending += [each.__cause__, each.__context__]
        described = traceback.TracebackException.from_exception(each, capture_locals=True)
        yield from (repr(frame.locals) for frame in described.stack if frame.filename != but_not)


def assert_hidden(texts: Iterable[str], secrets: set[str]) -> None:
    """Fail where a text shows a secret; not even a part, because what is cut is still half a secret."""
    assert len(secrets) >= 1
    for text in texts:
        for secret in secrets:
            assert secret[:16] not in text
