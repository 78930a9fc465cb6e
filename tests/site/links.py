"""The links of a site, read from its files."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs


@attrs.define
class _Reader(HTMLParser):
    links: list[str] = attrs.Factory(list)
    ids: set[str] = attrs.Factory(set)

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(value)
            elif name == "id" and value:
                self.ids.add(value)


def broken_links(html: Path) -> Iterator[str]:
    """Yield the links that lead nowhere, with the page that has them. Other sites are not asked."""
    pages = {}
    for path in html.rglob("*.html"):
        pages[path] = reader = _Reader()
        reader.feed(path.read_text(encoding="utf-8"))
    for page, reader in pages.items():
        for link in set(reader.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            known = pages.get(target)
            if not target.exists() or (known and parts.fragment and unquote(parts.fragment) not in known.ids):
                yield f"{page.relative_to(html)}: {link}"
