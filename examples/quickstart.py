"""The main job, end to end: list, create, use, rename, rotate and delete an API key.

With ``MATATIKA_CLIENT_ID`` and ``MATATIKA_CLIENT_SECRET`` (or ``MATATIKA_ACCESS_TOKEN``) set it talks to the real API;
with no ``MATATIKA_*`` variable set, to the embedded server, which it starts in its own process. It deletes the one key
that it creates.

    python examples/quickstart.py
"""

from __future__ import annotations

import asyncio
import sys

from aiomatatika import MatatikaError, MatatikaSession, NewApiKey, Profile
from aiomatatika.testing import demo_session


def say_where(session: MatatikaSession) -> None:
    if session.deployment.api_url.startswith("https:"):
        print(f"Talking to {session.deployment.api_url}, with the credentials of the environment.\n")
    else:
        print("Talking to the embedded server, a Matatika API on this machine,")
        print(f"at {session.deployment.api_url}. Set MATATIKA_* variables to talk to the real one.\n")


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
    # In a program of your own: `async with MatatikaSession.from_env() as session:`
    async with demo_session() as session:
        say_where(session)
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
