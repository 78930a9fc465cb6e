"""A program of npm that some tests need, in a cache folder outside the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["NodePackage"]


class NodePackage:
    """The one dependency that a package.json names.

    Args:
        folder: Has the package.json.
    """

    def __init__(self, folder: Path) -> None:
        self._declared = folder / "package.json"
        declared: dict[str, str] = json.loads(self._declared.read_text(encoding="utf-8"))["dependencies"]
        ((self._name, version),) = declared.items()
        self.title = f"{self._name} {version}"
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiomatatika"
        self._folder = cache / self.title.replace("@", "").replace("/", "-").replace(" ", "-")
        self.node_modules = self._folder / "node_modules"

    @property
    def is_installed(self) -> bool:
        return (self.node_modules / self._name / "package.json").is_file()

    def install(self) -> None:
        """Install it where it is missing and npm is not, and say so."""
        if self.is_installed or not shutil.which("npm"):
            return
        print(f"{self.title}: not on this machine, so npm installs it into {self._folder}", flush=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._declared, self._folder)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=self._folder, check=False)
