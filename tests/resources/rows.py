"""Every call of every group: one row an operation of the API, and what is made of others."""

from __future__ import annotations

from typing import Final

from tests.resources.row import IDEMPOTENT, Row
from tests.resources.rows_data import ROWS as DATA
from tests.resources.rows_people import ROWS as PEOPLE
from tests.resources.rows_plugins import ROWS as PLUGINS
from tests.resources.rows_work import ROWS as WORK

__all__ = ["DERIVED", "ROWS"]

ROWS: Final[dict[str, Row]] = {**DATA, **PEOPLE, **PLUGINS, **WORK}
# The other call on an operation that creates and updates.
ROWS["channels.put, update"] = Row(lambda s, x: s.channels.update(x.channel, name="text"), IDEMPOTENT)
ROWS["pipelines.put, update"] = Row(lambda s, x: s.pipelines.update(x.workspace, x.pipeline, label="n"), IDEMPOTENT)
ROWS["profiles.put, create"] = Row(lambda s, x: s.profiles.create("auth0|1", name="n", email="a@b.c"), IDEMPOTENT)
# Methods that are made of others.
DERIVED: Final = {
    *("apikeys.find", "apikeys.rotate", "apikeys.wait_until_accepted"),
    *("comments.reply", "datasets.arrow", "datasets.csv"),
    *("jobs.follow_logs", "jobs.run", "jobs.start", "jobs.wait", "jobs.watch", "pipelines.wait", "workspaces.wait"),
}
