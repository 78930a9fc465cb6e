"""What only the calls on accounts do."""

from __future__ import annotations

from aiomatatika import Account, MatatikaSession
from aiomatatika.testing import MatatikaServer


async def test_an_update_keeps_the_quotas_and_sends_nothing_that_the_server_counts(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.tables["accounts"].add(
        id="acme|1", company="Acme", ownerEmail="ada@example.com", maxRows=5, minutesUsed=7, colour="green"
    )
    account = await matatika_session.accounts.get("acme|1")
    assert (account.id, account.max_rows, account.minutes_used) == ("acme|1", 5, 7)
    changed = await matatika_session.accounts.update(account, company="Acme Ltd")
    assert (changed.company, changed.owner_profile_id) == ("Acme Ltd", matatika_server.profile_id)
    assert matatika_server.requests.api[-1].json() == {
        "company": "Acme Ltd",
        "ownerEmail": "ada@example.com",
        "ownerProfileId": matatika_server.profile_id,
        "maxRows": 5,
        "colour": "green",
    }
    assert matatika_server.requests.api[-1].path == "/api/accounts/acme%7C1"


async def test_a_draft_is_asked_for_at_a_path_of_its_own(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    account = await matatika_session.accounts.create(company="Acme", owner_email="ada@example.com")
    assert isinstance(account, Account)
    assert [(each.method, each.path) for each in matatika_server.requests.api] == [
        ("POST", "/api/accounts/new"),
        ("PUT", f"/api/accounts/{account.id}"),
    ]
