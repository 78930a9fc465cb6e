"""The rows of the server's tables: resources as JSON documents, and what the server knows of them beside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.resource_types import ResourceType
from aiomatatika.testing.timestamps import microsecond_timestamp

__all__ = ["DataRow", "DatasetRow", "FileRow", "JobRow", "PipelineRow", "ProvisionedRow", "Row", "Run"]

DataRow = Mapping[str, Any]

_PROVISIONING = 5.0  # seconds
_STOPPING = 1.0  # seconds from the request to the end
_COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Row:
    """One resource as the server keeps it.

    Attributes:
        type: Its resource class.
        id: Its id: a UUID, an opaque text, or the path of a file.
        parents: The ids of the resources that it was made below, by path variable: ``{"workspace_id": …}``.
        created_ns: When it was made, in nanoseconds since 1970.
        modified_ns: When it was last written.
        related: The ids of what it is related to otherwise: the channels that list a dataset, the administrators of an
            account. A dictionary, for their order.
    """

    settings: ClassVar[tuple[str, ...]] = ()  # what a test may give beside the members

    def __init__(self, type: ResourceType, id: str, parents: dict[str, str], time: ServerTime) -> None:
        self.type = type
        self.id = id
        self.parents = parents
        self.created_ns: int = time.stamp()
        self.modified_ns: int = self.created_ns + 214  # those of a real, fresh resource differ, too
        self.related: dict[str, None] = {}
        self._time = time
        self._members: dict[str, Any] = {type.identified_by: id}
        stamps = (self.created_ns, self.modified_ns)
        self._members |= {name: microsecond_timestamp(stamp) for name, stamp in zip(type.times, stamps, strict=False)}
        self._members |= {name: parents[variable] for name, variable in type.from_path.items() if variable in parents}
        self._members |= {name: _copy(value) for name, value in type.initial.items()}

    def __repr__(self) -> str:
        return f"<{self.type.name} {self.id}>"

    @property
    def document(self) -> dict[str, Any]:
        """Its members as they are now, without links. Changing them changes the row."""
        return self._members

    def get(self, name: str) -> object:
        """Return a member, or None where it does not have it."""
        return self.document.get(name)

    def replace(self, members: Mapping[str, Any]) -> None:
        """Take what a PUT sent: other members go, except those that are the server's own."""
        kept = self.type.set_by_the_server | self.type.lasting
        self._members = {name: value for name, value in self._members.items() if name in kept}
        self.merge(members)

    def merge(self, members: Mapping[str, Any]) -> None:
        """Take what a PATCH sent: other members stay."""
        self._members |= members
        self.modified_ns = self._time.stamp()
        if "lastModified" in self.type.times:
            self._members["lastModified"] = microsecond_timestamp(self.modified_ns)


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict) else value


class ProvisionedRow(Row):
    """A resource that takes its time: a write by a client makes it PROVISIONING.

    Attributes:
        provisioning: For how many seconds.
        provisioned: Its status after that: ``READY`` or ``FAILED``.
    """

    settings: ClassVar[tuple[str, ...]] = ("provisioning", "provisioned")

    def __init__(self, type: ResourceType, id: str, parents: dict[str, str], time: ServerTime) -> None:
        super().__init__(type, id, parents, time)
        self.provisioning: float = _PROVISIONING
        self.provisioned: str = "READY"
        self._written = time.elapsed()

    @property
    def document(self) -> dict[str, Any]:
        """Its members as they are now, without links. Changing them changes the row."""
        if self._members["status"] == "PROVISIONING" and self._time.elapsed() - self._written >= self.provisioning:
            self._members["status"] = self.provisioned
        return self._members

    def provision(self, status: str) -> None:
        """Begin to apply what a client has written: ``PROVISIONING``, or keep it for later: ``DRAFT``."""
        self._written = self._time.elapsed()
        self._members["status"] = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a job goes, by the server's clock.

    Attributes:
        queued: Seconds until it begins.
        seconds: Seconds that it runs then, all attempts together.
        status: How it ends: ``COMPLETE``, ``ERROR`` or ``STOPPED``.
        log: Its lines. They come evenly while it runs.
        attempts: How many attempts it takes.
    """

    queued: float = 2.0
    seconds: float = 20.0
    status: str = "COMPLETE"
    log: Sequence[str] = ("The job begins.", "The job ends.")
    attempts: int = 1


class PipelineRow(ProvisionedRow):
    """A pipeline.

    Attributes:
        runs: How its next jobs go; a job that finds none here goes as `Run()` does.
    """

    settings: ClassVar[tuple[str, ...]] = (*ProvisionedRow.settings, "runs")

    def __init__(self, type: ResourceType, id: str, parents: dict[str, str], time: ServerTime) -> None:
        super().__init__(type, id, parents, time)
        self.runs: deque[Run] = deque()


class JobRow(Row):
    """A job.

    Attributes:
        run: How it goes. None where a test stored it with a status: it stays as it is.
    """

    settings: ClassVar[tuple[str, ...]] = ("run",)

    def __init__(self, type: ResourceType, id: str, parents: dict[str, str], time: ServerTime) -> None:
        super().__init__(type, id, parents, time)
        self.run: Run | None = Run()
        self._queued_at = time.elapsed()
        self._stopped_at = float("inf")

    @property
    def document(self) -> dict[str, Any]:
        """Its members as they are now, without links. Changing them changes the row."""
        if self.run is not None:
            self._members |= self._progress(self.run)
        return self._members

    @property
    def log(self) -> Sequence[str]:
        """The lines that it has written by now."""
        if self.run is None:
            return ()
        done = self._ran(self.run) / self.run.seconds if self.run.seconds else float(self._has_begun(self.run))
        return self.run.log[: int(len(self.run.log) * done + 1e-9)]

    @property
    def has_ended(self) -> bool:
        """Whether it neither waits nor runs any more."""
        return self.document.get("status") not in {"QUEUED", "RUNNING"}

    def stop(self) -> None:
        """Stop it, a moment later."""
        self._stopped_at = min(self._stopped_at, self._time.elapsed() + _STOPPING)

    def _has_begun(self, run: Run) -> bool:
        return self._time.elapsed() - self._queued_at >= run.queued

    def _ran(self, run: Run) -> float:
        """Return for how many seconds it has run."""
        until = min(self._time.elapsed(), self._stopped_at) - self._queued_at - run.queued
        return min(max(until, 0.0), run.seconds)

    def _progress(self, run: Run) -> dict[str, Any]:
        progress: dict[str, Any] = {"maxAttempts": run.attempts, "attempt": 0, "status": "QUEUED"}
        if not self._has_begun(run):
            return progress
        began_ns = self.created_ns + round(run.queued * 1e9)
        ran = self._ran(run)
        is_over = ran >= run.seconds
        was_stopped = not is_over and self._time.elapsed() >= self._stopped_at
        attempt = int(ran / run.seconds * run.attempts) if run.seconds else run.attempts
        progress |= {"status": "RUNNING", "attempt": min(attempt, run.attempts - 1)}
        progress |= {"commitId": _COMMIT, "startTime": microsecond_timestamp(began_ns)}
        if is_over or was_stopped:
            status = "STOPPED" if was_stopped else run.status
            progress |= {"status": status, "exitCode": 0 if status == "COMPLETE" else 1}
            progress["endTime"] = microsecond_timestamp(began_ns + round(ran * 1e9))
        return progress


class DatasetRow(Row):
    """A dataset.

    Attributes:
        rows: Its data: a sequence, or a function that yields them anew each time it is called. What a function yields
            is sent as it comes, and never held as a whole.
    """

    settings: ClassVar[tuple[str, ...]] = ("rows",)

    def __init__(self, type: ResourceType, id: str, parents: dict[str, str], time: ServerTime) -> None:
        super().__init__(type, id, parents, time)
        self.rows: Sequence[DataRow] | Callable[[], Iterable[DataRow]] = ()


class FileRow(Row):
    """A file of a workspace.

    Attributes:
        data: Its content.
    """

    settings: ClassVar[tuple[str, ...]] = ("data", "content")

    def __init__(self, type: ResourceType, id: str, parents: dict[str, str], time: ServerTime) -> None:
        super().__init__(type, id, parents, time)
        self.data: bytes = b""

    @property
    def content(self) -> str:
        """Its content as a text."""
        return self.data.decode("utf-8", "replace")

    @content.setter
    def content(self, text: str) -> None:
        self.data = text.encode("utf-8", "replace")

    @property
    def document(self) -> dict[str, Any]:
        """Its members as they are now, without links. Changing them changes the row."""
        self._members["content"] = self.content
        return self._members
