"""Which workspace a program works in."""

from __future__ import annotations

from aiomatatika import MatatikaSession, Workspace
from examples.refused import RefusedError


async def chosen_workspace(session: MatatikaSession, wanted: str | None) -> Workspace:
    """Return the workspace of a name, an alias or an id; where none is asked for, the default one or the only one.

    Raises:
        RefusedError: There is none, or more than one.
    """
    workspaces = await session.workspaces.list(size=100).collect()
    if wanted is None:
        found = [each for each in workspaces if each.default_workspace] or workspaces
    else:
        found = [each for each in workspaces if wanted in {each.name, each.alias, str(each.id)}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(f"{each.name!r}" for each in workspaces)) or "none"
    raise RefusedError(f"which workspace? name one with --workspace, by its name, alias or id. There are: {names}")
