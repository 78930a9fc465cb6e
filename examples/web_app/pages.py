"""Pages from templates. Every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LONGEST = 60


def short(name: str | None) -> str:
    """Return a name, whoever chose it, as one that fits into a heading or a row."""
    name = name or "(no name)"
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


_templates.filters["short"] = short


def page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Return a page."""
    api_url = request.scope["state"]["session"].deployment.api_url
    where = api_url.split("/")[2] if api_url.startswith("https:") else "embedded demo server"
    return HTMLResponse(_templates.get_template(template).render(values, where=where), status, headers)
