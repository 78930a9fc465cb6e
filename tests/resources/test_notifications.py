"""What only the calls on notifications and news do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import InvalidArgumentError, MatatikaSession
from aiomatatika.testing import MatatikaServer

WORKSPACE = UUID(int=1)
SINCE = datetime(2026, 7, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
BEFORE = datetime(2026, 7, 2, tzinfo=UTC)
TIMES = {"since": "2026-07-01T12:30:00", "before": "2026-07-02T00:00:00"}
EMPTY: dict[str, Any] = {"_links": {}}
FULL = {
    "_embedded": {"notifications": [{"id": str(UUID(int=2)), "type": "JOB_ENDED"}]},
    "page": {"size": 1, "number": 0, "totalElements": 2, "totalPages": 2},
}


@pytest.mark.parametrize(
    "call, path, query",
    [
        (lambda s: s.notifications.list(), "notifications", {}),
        (
            lambda s: s.notifications.list(all=True, since=SINCE, before=BEFORE, size=5),
            "notifications",
            {"all": "true", "size": "5", **TIMES},
        ),
        (
            lambda s: s.notifications.list_for_workspace(WORKSPACE, all=False, since=SINCE, before=BEFORE),
            f"workspaces/{WORKSPACE}/notifications",
            {"all": "false", **TIMES},
        ),
        (
            lambda s: s.news.list(WORKSPACE, q="tag:new", since=SINCE, before=BEFORE, page=1),
            f"workspaces/{WORKSPACE}/news",
            {"q": "tag:new", "page": "1", **TIMES},
        ),
    ],
)
async def test_a_list_is_filtered_by_the_server(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    call: Callable[[MatatikaSession], Any],
    path: str,
    query: dict[str, str],
) -> None:
    matatika_server.faults.add(method="GET", status=200, json=EMPTY)
    assert await call(matatika_session).collect() == []
    (request,) = matatika_server.requests.api
    assert (request.path, request.query) == (f"/api/{path}", query)


async def test_a_time_without_offset_is_refused(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    with pytest.raises(InvalidArgumentError, match="'since' cannot be this datetime"):
        await matatika_session.notifications.refresh(since=SINCE.replace(tzinfo=None))
    assert not matatika_server.requests


async def test_refresh_returns_one_page_and_where_the_next_is(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="PUT", path="/api/notifications", status=200, json=FULL)
    page = await matatika_session.notifications.refresh(since=SINCE, mark_as_resolved=False, size=1)
    (request,) = matatika_server.requests.api
    assert (request.query, request.body) == ({"since": TIMES["since"], "markAsResolved": "false", "size": "1"}, b"")
    assert [each.type for each in page.items] == ["JOB_ENDED"]
    assert (page.number, page.size, page.total_elements, page.total_pages) == (0, 1, 2, 2)
    assert page.next_url is not None
    matatika_server.faults.add(method="GET", path="/api/notifications", query={"page": "1"}, status=200, json=EMPTY)
    assert await matatika_session.notifications.list().at(page.next_url).collect() == []


async def test_what_was_marked_as_read_is_returned_whatever_its_next_link(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    links = {"_links": {"next": {"href": "https://example.org/api/notifications?page=1"}}}
    matatika_server.faults.add(method="PUT", status=200, json=FULL | links)
    page = await matatika_session.notifications.refresh()
    assert (len(page.items), page.next_url) == (1, None)
    assert "PUT /api/notifications: its next link is not followed" in caplog.text
