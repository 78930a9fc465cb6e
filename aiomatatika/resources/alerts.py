"""Alerts: notes raised on datasets ("Alerts" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack
from uuid import UUID

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, set_by_server
from aiomatatika.resources.datasets.models import Dataset
from aiomatatika.resources.group import Group, Paging, Ref, id_of

__all__ = ["Alert", "Alerts"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Alert(HalResource):
    """A note raised on a dataset. Times are UTC.

    Attributes:
        id: Its id.
        created: When it was created.
        last_modified: When it was last changed.
        raised: When it was raised (vendor's OpenAPI; in no sample).
        detail: Its text.
    """

    id: UUID
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    raised: datetime | None = set_by_server()
    detail: str | None = None


class Alerts(Group):
    """The calls on alerts: ``session.alerts``."""

    def list(self, dataset: Ref[Dataset], **paging: Unpack[Paging]) -> Collection[Alert]:
        """Return a dataset's alerts: ``GET /datasets/{dataset_id}/alerts`` for each page. Nothing is sent yet.

        Args:
            dataset: The dataset.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(f"/datasets/{id_of(dataset, Dataset)}/alerts", Alert, "alerts", paging)

    async def get(self, alert: Ref[Alert]) -> Alert:
        """Return one alert: ``GET /alerts/{alert_id}``. Repeating is safe.

        Raises:
            NotFoundError: No alert has this id, or the caller may not see it.
        """
        return await self._get(f"/alerts/{id_of(alert, Alert)}", Alert)

    async def initialise(self, dataset: Ref[Dataset]) -> Alert:
        """Return a draft with a new id: ``POST /datasets/{dataset_id}/alerts``.

        Nothing is stored: a lost response is repeated.
        """
        return await self._initialise(f"/datasets/{id_of(dataset, Dataset)}/alerts", Alert)

    async def create(self, dataset: Ref[Dataset], detail: str, *, draft: Alert | None = None) -> Alert:
        """Raise an alert on a dataset: ``PUT /datasets/{dataset_id}/alerts/{alert_id}``.

        `initialise` comes first unless there is a draft. Idempotent: a lost response is repeated.

        Args:
            dataset: The dataset.
            detail: The text.
            draft: What `initialise` returned.

        Raises:
            NotFoundError: No dataset has this id.
            BadRequestError: The text is invalid; nothing was created.
        """
        body = FieldValues(Alert, {"detail": detail}).new()
        draft = draft or await self.initialise(dataset)
        path = f"/datasets/{id_of(dataset, Dataset)}/alerts/{id_of(draft, Alert)}"
        return await self._create(path, Alert, body)
