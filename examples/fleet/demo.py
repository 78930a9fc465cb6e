"""An API to try the fleet on: some workspaces of the embedded server, whose pipelines take some seconds each."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aiomatatika.testing import MatatikaServer, Run
from aiomatatika.transport.clock import Clock

__all__ = ["demo"]


@contextlib.contextmanager
def demo(workspaces: int = 4, pipelines: int = 15, seconds: float = 6.0) -> Iterator[None]:
    """Run the server for a while, and name it in the environment of this process and of those that it starts."""
    dice = random.Random(7)
    with MatatikaServer.in_thread(clock=Clock()) as server, tempfile.TemporaryDirectory() as folder:
        server.requests.limit = 100  # nobody looks at them here
        for number in range(workspaces):
            workspace = server.tables["workspaces"].add(name=f"Team {number + 1}")
            for label in range(pipelines):
                row = server.tables["pipelines"].add(
                    workspace_id=workspace.id, label=f"pipeline {label + 1}", status="READY"
                )
                status = "ERROR" if dice.random() < 0.05 else "COMPLETE"
                server.script_runs(row, Run(queued=0.2, seconds=dice.uniform(0, seconds), status=status))
        before = dict(os.environ)
        os.environ.update(server.environ(), FLEET_TOKEN_STORE=str(Path(folder) / "tokens.json"))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
