"""The main job, end to end: list, create, use, rename, rotate and delete an API key.

With ``MATATIKA_CLIENT_ID`` and ``MATATIKA_CLIENT_SECRET`` (or ``MATATIKA_ACCESS_TOKEN``) set it talks to the real API,
else to the embedded server, which it starts in its own process. It deletes the one key that it creates.

    python examples/quickstart.py
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiomatatika import MatatikaError, MatatikaSession, NewApiKey, Profile
from aiomatatika.testing import MatatikaServer


@asynccontextmanager
async def open_session() -> AsyncIterator[MatatikaSession]:
    """Open a session on the real API if the environment has credentials, else on the embedded server."""
    if any(os.environ.get(f"MATATIKA_{name}") for name in ("CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN")):
        async with MatatikaSession.from_env() as session:
            print(f"Talking to {session.deployment.api_url}, with the credentials of the environment.\n")
            yield session
    else:
        async with MatatikaServer() as server:
            print("No MATATIKA_* credentials are set: talking to the embedded server,")
            print(f"a Matatika API of our own at {server.deployment.api_url}, with 45 keys and the default one.\n")
            server.add_api_keys(45)
            async with MatatikaSession(server.credentials, deployment=server.deployment) as session:
                yield session


async def show_pages(session: MatatikaSession) -> None:
    """Walk the first three pages; `async for key in session.apikeys.list()` would walk all keys of all pages."""
    shown = 0
    async for page in session.apikeys.list(sort="name,asc").pages():
        first, last = (page.items[0].name, page.items[-1].name) if page.items else ("-", "-")
        print(f"  page {page.number}: {len(page.items):2} keys, from {first!r} to {last!r}")
        shown += 1
        if shown == 3:
            break
    print(f"  {await session.apikeys.list().count()} keys in all")


async def use_new_key(session: MatatikaSession, new: NewApiKey) -> None:
    """Open a second session with the new key's own credentials."""
    async with MatatikaSession(new.credentials, deployment=session.deployment) as robot:
        key = await robot.apikeys.get(new)
        print(f"  a session of its own works: it sees itself as {key.name!r}, created {key.created:%Y-%m-%d %H:%M} UTC")


async def main() -> None:
    async with open_session() as session:
        print("1. List the API keys, page by page")
        await show_pages(session)

        print("2. Create one, and wait until the identity provider accepts it")
        new = await session.apikeys.create("quickstart", ready_within=45)
        try:
            print(f"  {new.id} with client ID {new.client_id}")
            print(f"  its secret is given this once; printed, it looks like this: {new.client_secret}")

            print("3. Use it")
            await use_new_key(session, new)

            print("4. Rename it")
            key = await session.apikeys.update(new, name="quickstart, renamed")
            print(f"  it is {key.name!r} now; modified {key.last_modified:%H:%M:%S} UTC")

            print("5. Rotate it: a successor is made and tried out before the old key goes")
            new = await session.apikeys.rotate(key)
            print(f"  {key.id} is gone, {new.id} took its place")

            print("6. Follow its 'profile' link")
            owner = await session.follow(new, "profile", Profile)
            print(f"  it belongs to {owner.name} ({owner.id})")
        finally:
            print("7. Delete it")
            await session.apikeys.delete(new)
            print(f"  {await session.apikeys.list().count()} keys in all, as before")
    print("\nDone.")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except MatatikaError as error:
        sys.exit(f"{type(error).__name__}: {error}")
