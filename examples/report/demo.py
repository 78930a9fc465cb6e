"""What the embedded server has to report on: two years of a shop's sales, made as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from aiomatatika.testing import MatatikaServer

_SHOPS = {"Bath": 1.0, "Leeds": 1.6, "London": 4.2, "Oxford": 1.3, "York": 0.8}


def _rows() -> Iterator[dict[str, Any]]:
    chance = Random(2024)
    for day in range(730):
        for shop, size in _SHOPS.items():
            for order in range(20):
                amount = round(chance.lognormvariate(3, 0.6) * size * (1 + day / 1000), 2)
                when = date(2024, 1, 1) + timedelta(day)
                yield {"order_id": day * 100 + order, "day": when, "shop": shop, "amount": amount}


def sales(server: MatatikaServer) -> None:
    """Store the dataset."""
    server.tables["datasets"].add(alias="sales", title="Sales of the shops", rows=_rows)
