"""What the pages need, for assistive technology above all, and neither Sphinx nor the theme writes."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["finish_pages"]

# The parameters of a long signature: Sphinx makes each of them a description of no term.
_PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*?</dd>\n*)+)</dl>", re.DOTALL)
# From the source of a class back to where it is explained. The links name the module, the pages the public name.
_BACK = re.compile(r'<a class="viewcode-back"[^>]*>.*?</a>')


def finish_pages(html: Path) -> None:
    """Change the pages of a site that was built."""
    for path in html.rglob("*.html"):
        path.write_text(_finished(path.read_text(encoding="utf-8")), encoding="utf-8")


def _finished(page: str) -> str:
    # What scrolls sideways on a phone can be reached, and so scrolled, by keyboard.
    page = page.replace("<pre>", '<pre tabindex="0">')
    page = page.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')
    page = page.replace('<th class="head"><p></p></th>', "<td></td>")
    page = page.replace('<aside class="sidebar-drawer"', '<aside aria-label="Site" class="sidebar-drawer"')
    page = page.replace('<aside class="toc-drawer"', '<aside aria-label="This page" class="toc-drawer"')
    return _PARAMETERS.sub(_as_blocks, _BACK.sub("", page))


def _as_blocks(parameters: re.Match[str]) -> str:
    blocks = parameters[1].replace("<dd>", '<div class="sig-parameter">').replace("</dd>", "</div>")
    return f"<div>\n{blocks}</div>"
