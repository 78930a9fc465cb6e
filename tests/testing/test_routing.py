"""From a method and a path to an operation."""

from __future__ import annotations

import pytest

from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.operations import OPERATIONS
from aiomatatika.testing.routing import Router

ROUTER = Router(OPERATIONS)
W = "0904cf92-85a7-4b0e-8b27-1a6f3c9d2e10"


@pytest.mark.parametrize(
    "method, path, operation, ids",
    [
        ("GET", "/workspaces/", "workspaces.list", {}),
        ("GET", f"/workspaces/{W.upper()}", "workspaces.get", {"workspace_id": W}),
        ("PUT", f"/workspaces/{W}", "workspaces.create", {"workspace_id": W}),  # and workspaces.update
        ("GET", "/accounts/new", "accounts.get", {"account_id": "new"}),
        ("POST", "/accounts/new", "accounts.initialise", {}),
        ("GET", "/profiles/auth0%7C1", "profiles.get", {"profile_id": "auth0|1"}),
        ("PATCH", "/invitations/x%20y", "invitations.accept", {"invitation_id": "x y"}),
        ("GET", f"/workspaces/{W}/members/subscriptions", "subscriptions.list_for_members", {"workspace_id": W}),
        ("POST", f"/workspaces/{W}/datasets/_msearch", "search.msearch", {"workspace_id": W}),
        *(
            ("GET", f"/workspaces/{W}/datasets/{sent}", "datasets.get_in_workspace", ids)
            for sent, alias in (("_msearch", "_msearch"), ("a/b%20c", "a/b c"), ("a%2Fb/", "a/b"))
            for ids in [{"workspace_id": W, "dataset_id_or_alias": alias}]
        ),
        *(
            (method, f"/workspaces/{W}/resources/a/b.txt", operation, {"workspace_id": W, "resource_path": "a/b.txt"})
            for method, operation in (("GET", "resources.get"), ("DELETE", "resources.delete"))
        ),
    ],
)
def test_a_route(method: str, path: str, operation: str, ids: dict[str, str]) -> None:
    match = ROUTER.match(method, path)
    assert (match.operation.id, match.ids) == (operation, ids)


def test_a_route_promises_what_all_its_operations_do() -> None:
    assert ROUTER.match("PUT", f"/workspaces/{W}").statuses == {200, 201}


@pytest.mark.parametrize(
    "method, path, status, allowed",
    [
        *(("GET", path, 404, None) for path in ("", "/", "/nothing", "/workspaces//", f"/workspaces/{W}/resources//")),
        ("PATCH", "/workspaces", 405, "GET,POST"),
        ("DELETE", "/accounts/new", 405, "POST,GET,PUT"),
        *(("GET", path, 400, None) for path in ("/workspaces/x", f"/pipelines/{W}0", f"/workspaces/{W}/tags/t")),
        ("PUT", f"/workspaces/{W}/pipelines/validation", 400, None),
    ],
)
def test_what_is_no_route(method: str, path: str, status: int, allowed: str | None) -> None:
    with pytest.raises(RefusedError) as caught:
        ROUTER.match(method, path)
    refused = caught.value
    assert (refused.status, refused.headers.get("Allow")) == (status, allowed)
    assert [error.code for error in refused.errors] == ["typeMismatch"] * (status == 400)
