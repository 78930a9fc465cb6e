"""Resources of five classes, and pages of them, with the members, sizes and order that the API gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

__all__ = ["API", "BY_RELATION", "SUBJECTS", "Subject", "key_id", "page_of", "resource_id"]

API: Final = "https://app.matatika.com/api"
Document = dict[str, Any]

_PROFILE = "auth0|5eb0a1c2d3e4f5a6b7c8d9e0"
_MEMBER = {"id": _PROFILE, "name": "Ada Example", "handle": "@ada"}
_STAMPS = {"created": "2024-01-08T13:35:35.961074", "lastModified": "2024-02-29T09:10:11.9304"}
_CHART = '{"chartjs-chart":{"chartType":"bar","data":"result"}}'


def resource_id(number: int, family: int = 0x5EB0_A1C2) -> UUID:
    """Return the id of the n-th resource of a class: a version 4 UUID, as the API's are."""
    return UUID(int=(family << 96) | (0x4 << 76) | (0x8 << 60) | number)


def key_id(number: int) -> UUID:
    """Return the id of the n-th API key."""
    return resource_id(number)


_WORKSPACE_ID = resource_id(1, 0x3C1D_77A0)


def _links(root: str, paths: Mapping[str, str]) -> Document:
    return {rel: {"href": root + path} for rel, path in paths.items()}


def _key(number: int, root: str) -> Document:
    path = f"/apikeys/{key_id(number)}"
    links = {"self": path, "update apikey": path, "delete apikey": path}
    return {
        "id": str(key_id(number)),
        **_STAMPS,
        "name": f"nightly batch {number}",
        "clientId": f"kJ7{number:029d}",
        "profileId": _PROFILE,
        "_links": _links(root, links | {"profile": f"/profiles/{_PROFILE.replace('|', '%7C')}"}),
    }


_WORKSPACE_PARTS = ("members", "invitations", "channels", "datasets", "tags", "search", "feed", "dataplugins")


def _workspace(number: int, root: str) -> Document:
    identity = resource_id(number, 0x3C1D_77A0)
    path = f"/workspaces/{identity}"
    links = {"self": path, "update delete workspace": path, "make-default": f"{path}/default"}
    links |= {part: f"{path}/{part}" for part in (*_WORKSPACE_PARTS, "pipelines")}
    links |= {"create invitation": f"{path}/invitations", "publish dataset": f"{path}/datasets"}
    return {
        "id": str(identity),
        **_STAMPS,
        "repositoryUrl": "DISABLED",
        "domains": ["example.com", "example.org"],
        "status": "READY",
        "managed": False,
        "defaultWorkspace": number == 0,
        "alias": "zxwqmvg",
        "deploymentSecret": "vtxjnxvxevkbcfmecvakltuxroivwd",
        "name": f"Analytics {number}",
        "appProperties": {"theme": "dark"},
        "_links": _links(root, links),
    }


def _pipeline_members(number: int) -> Document:
    return {
        "id": str(resource_id(number, 0x43B9_6B1B)),
        **_STAMPS,
        "status": "READY",
        "name": f"orders-{number}",
        "schedule": "0 0 9-17 * * MON-FRI",
        "timeout": 0,
        "maxRetries": 2,
        "properties": {"tap-orders.start_date": "2024-01-01", "tap-orders.port": "5432"},
        "dataComponents": ["tap-orders", "Warehouse", "dbt"],
        "actions": ["tap-orders", "Warehouse", "dbt:run"],
        "triggeredBy": ["deploy"],
        "repositoryPath": "pipelines/orders.yml",
    }


def _pipeline(number: int, root: str) -> Document:
    members = _pipeline_members(number)
    path = f"/pipelines/{members['id']}"
    links = {
        "self": path,
        "update pipeline": f"/workspaces/{_WORKSPACE_ID}{path}",
        "delete pipeline": path,
        "verify pipeline": f"{path}/verification",
        "new job": f"{path}/jobs",
        "jobs": f"{path}/jobs",
    }
    return members | {"_links": _links(root, links)}


def _job(number: int, root: str) -> Document:
    identity = resource_id(number, 0x4A45_31EC)
    href = f"{root}/jobs/{identity}"
    return {
        "id": str(identity),
        "created": "2024-01-08T13:35:35.961074",
        "type": "PIPELINE_RUN",
        "triggeredBy": "user",
        "maxAttempts": 3,
        "attempt": 0,
        "commitId": f"{number:040x}",
        "exitCode": 0,
        "status": "COMPLETE",
        "startTime": "2024-01-08T13:35:38.0412",
        "endTime": "2024-01-08T13:39:17.537",
        "_embedded": {"profile": _MEMBER, "pipeline": _pipeline_members(number % 10)},
        "_links": {  # these say their method
            "self": {"href": href, "type": "GET"},
            "delete job": {"href": href, "type": "DELETE"},
            "logs": {"href": f"{href}/logs?sequence=0", "type": "GET"},
        },
    }


def _dataset(number: int, root: str) -> Document:
    identity = resource_id(number, 0x9D0E_42F5)
    path = f"/datasets/{identity}"
    links = {"self": path, "edit delete dataset": path, "data": f"{path}/data", "comments": f"{path}/comments"}
    return {
        "id": str(identity),
        "published": _STAMPS["created"],
        "alias": f"orders/by-day-{number}",
        "workspaceId": str(_WORKSPACE_ID),
        "source": "@sit+prod",
        "title": f"Orders by day {number}",
        "description": "How many orders came in on each day of the last month. #orders #daily",
        "descriptionContentType": "text/plain",
        "questions": "Which day has the most orders?",
        "visualisation": _CHART,
        "query": "SELECT day, count(*) AS orders FROM orders GROUP BY day",
        "likeCount": 1,
        "likedByProfiles": [_MEMBER],
        "commentCount": 2,
        "viewCount": 314,
        "created": _STAMPS["created"],
        "score": 0.75,
        "_links": _links(root, links | {"add like": f"{path}/like"}),
    }


@dataclass(frozen=True)
class Subject:
    """A class of resources that is measured.

    Attributes:
        name: The name that the library has for it.
        relation: What its collections are called.
        resource: Makes the n-th document, with links below a root.
    """

    name: str
    relation: str
    resource: Callable[[int, str], Document]


SUBJECTS: Final = (
    Subject("ApiKey", "apikeys", _key),
    Subject("Workspace", "workspaces", _workspace),
    Subject("Pipeline", "pipelines", _pipeline),
    Subject("Job", "jobs", _job),
    Subject("Dataset", "datasets", _dataset),
)
BY_RELATION: Final[Mapping[str, Subject]] = {subject.relation: subject for subject in SUBJECTS}


def page_of(subject: Subject, number: int, size: int, total: int) -> Document:
    """Return a page of a collection of so many resources."""

    def link(page: int) -> dict[str, str]:
        return {"href": f"{API}/{subject.relation}?page={page}&size={size}"}

    pages = -(-total // size)
    links = {"first": link(0), "self": link(number), "last": link(pages - 1)}
    if number + 1 < pages:
        links["next"] = link(number + 1)
    numbers = range(number * size, min(total, (number + 1) * size))
    return {
        "_embedded": {subject.relation: [subject.resource(each, API) for each in numbers]},
        "_links": links,
        "page": {"size": size, "totalElements": total, "totalPages": pages, "number": number},
    }
