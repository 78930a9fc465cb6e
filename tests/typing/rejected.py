"""What must not type-check: mypy reports an ignore that is not needed any more (warn_unused_ignores)."""

from __future__ import annotations

from aiomatatika import ApiKey, ClientCredentials, Deployment, MatatikaSession, Secret, Timeouts


async def rejected(session: MatatikaSession, key: ApiKey) -> None:
    # A collection is iterated, not awaited.
    await session.apikeys.list()  # type: ignore[misc]
    # Nor is it a list.
    len(session.apikeys.list())  # type: ignore[arg-type]
    # Names are keywords where the order of two texts could be mistaken.
    await session.apikeys.update(key, "name")  # type: ignore[call-arg]
    # The id of another resource is no key.
    await session.apikeys.get(5)  # type: ignore[arg-type]
    # Resources do not change under their readers.
    key.name = "other"  # type: ignore[misc]
    # Only a new key has a secret.
    key.client_secret  # type: ignore[attr-defined]  # noqa: B018


def settings() -> None:
    # There is no session without credentials,
    MatatikaSession()  # type: ignore[call-arg]
    # no switch that turns the verification of certificates off,
    MatatikaSession(ClientCredentials("id", "secret"), ssl=False)  # type: ignore[call-arg]
    # and no number in the place of limits that have names.
    MatatikaSession(ClientCredentials("id", "secret"), timeouts=5)  # type: ignore[arg-type]
    Timeouts(total="60")  # type: ignore[arg-type]
    Deployment(api_url=None)  # type: ignore[arg-type]
    # A secret is no str.
    text: str = Secret("value")  # type: ignore[assignment]
    assert text
