"""How Sphinx builds the site: ``make docs``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

sys.path.insert(0, str(Path(__file__).parent))

from finished_pages import finish_pages  # type: ignore[import-not-found]  # beside this file, as Sphinx runs it
from reference_pages import write_reference_pages  # type: ignore[import-not-found]  # same

from aiomatatika import __version__

project = "aiomatatika"
author = "The aiomatatika developers"
project_copyright = "The aiomatatika developers, Apache-2.0"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "aiomatatika"
html_copy_source = html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

default_role = "py:obj"
nitpicky = True
# Names that have no page here: parameters, what others define, and what a signature mentions of the inside.
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_]+"),
    ("py:exc", "…"),
    ("py:.*", r"(asyncio|collections|contextlib|datetime|enum|os|pathlib|re|socket|threading|types|uuid)\..*"),
    ("py:.*", r"(aiohttp|multidict|pyarrow|redis|yarl)\..*"),
    ("py:.*", r"datetime|Path|UUID|SessionOptions|JsonObject|Params|(Clock|ServerTime)\..*"),
    ("py:.*", r"aiomatatika\.[a-z]+\..*"),
]
add_module_names = False
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 88


def resolve_by_public_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Any) -> Any:
    """Find a name that a docstring gives without its module; an attribute is found at its class."""
    domain: Any = env.domains.python_domain
    target = node["reftarget"].removeprefix("aiomatatika.")
    for name in (target, target.rpartition(".")[0]):
        candidates = [f"aiomatatika.{name}", f"aiomatatika.testing.{name}"]
        candidates += [each for each in domain.objects if each.endswith(f".{name}")]  # a group, in its own module
        for candidate in candidates if name else ():
            if candidate in domain.objects:
                return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", candidate, node, content)
    return None


class InlineDocstrings:
    """Keeps napoleon from reading "Where it is: …", said of an attribute, as a type and a text."""

    def __init__(self) -> None:
        self._written: list[str] = []

    def before_napoleon(self, *event: Any) -> None:
        """Note the lines as they are written."""
        lines = event[-1]
        self._written = lines.copy()
        lines[:] = [re.sub(r"Raises \(while [a-z]+\):", "Raises:", line) for line in lines]

    def after_napoleon(self, _app: Sphinx, what: str, *event: Any) -> None:
        """Put an attribute's lines back, and the names of several attributes into one word."""
        lines = event[-1]
        if what in {"attribute", "data", "property"}:
            lines[:] = self._written
        # Sphinx takes what stands before a blank for a type.
        lines[:] = [re.sub(r"^:ivar [^:]+", lambda names: names[0].replace(", ", ","), line) for line in lines]


def link_within_the_site(_app: Sphinx, _path: Path, _docname: str, content: list[str]) -> None:
    """Turn the links of the project's own files, which are relative to these, into links to their pages."""
    for file, page in {
        "examples/README.md": "examples.md",
        "benchmarks/RESULTS.md": "benchmarks.md",
        "quickstart.py": "../examples/quickstart.py",
    }.items():
        content[0] = content[0].replace(f"]({file}", f"]({page}")


def without_arguments(app: Sphinx, what: str, *_: object) -> tuple[str, str] | None:
    """Leave out how an error is made: only the library makes one."""
    return ("", "") if what == "exception" else None


def finish(app: Sphinx, error: Exception | None) -> None:
    """Complete the pages, which have to be written anew by every build."""
    if error is None and app.builder.format == "html":
        finish_pages(Path(app.outdir))


def setup(app: Sphinx) -> None:
    """Write the pages that are made of the package, and connect what is above."""
    write_reference_pages(Path(__file__).parent / "reference" / "groups")
    docstrings = InlineDocstrings()
    app.connect("autodoc-process-docstring", docstrings.before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", docstrings.after_napoleon, priority=600)
    app.connect("autodoc-process-signature", without_arguments)
    app.connect("missing-reference", resolve_by_public_name)
    app.connect("include-read", link_within_the_site)
    app.connect("build-finished", finish)
