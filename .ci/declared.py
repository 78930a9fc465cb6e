"""Print what setup.cfg declares, so that it is written down once.

`declared.py pythons`: the supported versions, one a line. `declared.py lowest`: each runtime dependency pinned to its
lower bound, one a line.
"""

import configparser
import re
import sys
from pathlib import Path


def main() -> None:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read_string(Path(__file__).parents[1].joinpath("setup.cfg").read_text(encoding="utf-8"))
    match sys.argv[1:]:
        case ["pythons"]:
            found = re.findall(r"(?m)^Programming Language :: Python :: (3\.\d+)$", setup["metadata"]["classifiers"])
            print(*found, sep="\n")
        case ["lowest"]:
            for line in setup["options"]["install_requires"].split("\n"):
                if not line.strip():
                    continue
                bound = re.fullmatch(r"([A-Za-z0-9._-]+) *>= *([0-9.]+)(?: *,.*)?", line.strip())
                if bound is None:
                    sys.exit(f"setup.cfg: {line.strip()!r} has no lower bound")
                print(f"{bound[1]}=={bound[2]}")
        case _:
            sys.exit(__doc__)


main()
