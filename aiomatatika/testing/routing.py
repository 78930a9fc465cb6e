"""Which operation a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote
from uuid import UUID

from aiomatatika.testing.error_responses import FieldError, RefusedError
from aiomatatika.testing.operation import Operation

__all__ = ["Match", "Router", "checked_uuid"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WITH_SLASHES = frozenset({"resource_path", "dataset_id_or_alias"})
_OPAQUE = _WITH_SLASHES | {"account_id", "profile_id", "member_id", "invitation_id"}


@dataclass(slots=True)
class _Node:
    """One segment of the tree of paths."""

    literals: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    variable: tuple[str, _Node] | None = None
    operations: dict[str, list[Operation]] = field(default_factory=dict[str, "list[Operation]"])


@dataclass(frozen=True, slots=True)
class Match:
    """A route that was found.

    Attributes:
        operation: The operation.
        statuses: The statuses of success of all operations of this method and path.
        ids: The ids that the path names, by variable.
    """

    operation: Operation
    statuses: frozenset[int]
    ids: dict[str, str]


class Router:
    """The routes of a table of operations.

    Args:
        operations: The table. Of several operations with the same method and path, the first one stands for all.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in operation.path.split("/")[1:]:
                node = _child(node, segment)
            node.operations.setdefault(operation.method, []).append(operation)

    def match(self, method: str, path: str) -> Match:
        """Return the route of a request.

        Args:
            method: The HTTP method.
            path: The path below the API's root, as it was sent.

        Raises:
            RefusedError: The path is unknown (404), or takes other methods (405), or an id must be a UUID (400).
        """
        segments = [unquote(segment) for segment in path.split("/")[1:]]
        if len(segments) > 1 and not segments[-1]:
            segments.pop()  # one trailing slash is tolerated
        found = [(node, ids) for node, ids in _nodes(self._root, segments) if node.operations]
        if not found:
            raise RefusedError(404, f"No endpoint {method} /api{path}.")
        for node, ids in found:
            if method in node.operations:
                operations = node.operations[method]
                statuses = frozenset(status for operation in operations for status in operation.statuses)
                return Match(
                    operations[0],
                    statuses,
                    {name: id if name in _OPAQUE else checked_uuid(id) for name, id in ids.items()},
                )
        allowed = dict.fromkeys(name for node, _ in found for name in node.operations)
        raise RefusedError(405, f"Request method '{method}' is not supported", headers={"Allow": ",".join(allowed)})


def _child(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    if node.variable is None:
        node.variable = (segment.strip("{}"), _Node())
    assert node.variable[0] == segment.strip("{}"), "a place in a path has one name in all routes"
    return node.variable[1]


def _nodes(node: _Node, segments: Sequence[str]) -> Iterator[tuple[_Node, dict[str, str]]]:
    """Yield where a path can lead to, what is spelled out in the table first."""
    if not segments:
        yield node, {}
        return
    first, *rest = segments
    if first in node.literals:
        yield from _nodes(node.literals[first], rest)
    if node.variable is not None and first:
        name, child = node.variable
        if name in _WITH_SLASHES:
            yield child, {name: "/".join(segments)}
        else:
            for end, ids in _nodes(child, rest):
                yield end, {name: first, **ids}


def checked_uuid(id: str) -> str:
    """Return an id in its canonical form.

    Raises:
        RefusedError: It is something else than a UUID: 400.
    """
    if _UUID.fullmatch(id):
        return str(UUID(id))
    message = (
        "Failed to convert value of type 'java.lang.String' to required type 'java.util.UUID'; "
        f"nested exception is java.lang.IllegalArgumentException: Invalid UUID string: {id}"
    )
    error = FieldError(
        code="typeMismatch",
        field="id",
        rejected=id,
        message=message,
        object_name="RequestParameter",
        binding_failure=True,
    )
    raise RefusedError(400, message, errors=(error,))
