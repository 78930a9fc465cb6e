"""An account and what can be set on it."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.resources.bodies import sent_back, set_by_server

__all__ = ["Account", "AccountFields"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Account(HalResource):
    """The holder of quotas behind profiles; it owns workspaces. Times are UTC.

    Its fields are as documented: no account was seen on the wire.

    Attributes:
        id: Its id: a str, for the server takes it as plain text.
        created: When it was created.
        last_modified: When it was last changed.
        company: The company that it belongs to.
        owner_email: The e-mail address of its owner; of a new account, the caller's own.
        owner_profile_id: The id of its owner's profile, such as ``auth0|5eb0327cbfd7490bff55feeb``.
        marketplace_id: Its id in the marketplace of a cloud (vendor's OpenAPI alone; the meaning is a guess).
        max_workspaces: How many workspaces it may own.
        max_rows: How many rows its managed databases may hold.
        minutes_per_month: How many minutes its pipelines may run in a month.
        minutes_used: How many minutes its pipelines have run this month.
        max_clients: How many API keys it may have.
    """

    id: str
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    company: str | None = None
    owner_email: str | None = None
    owner_profile_id: str | None = sent_back()
    marketplace_id: str | None = None
    # Quotas go back as they were read: a server that takes a PUT at its word would lift them.
    max_workspaces: int | None = None
    max_rows: int | None = None
    minutes_per_month: int | None = None
    minutes_used: int | None = set_by_server()
    max_clients: int | None = None


class AccountFields(TypedDict, total=False):
    """What can be set on an account; `Account` says what each is. A new one needs ``company`` and ``owner_email``."""

    company: str
    owner_email: str
    marketplace_id: str | None
    max_workspaces: int | None
    max_rows: int | None
    minutes_per_month: int | None
    max_clients: int | None
