"""Prints the lower bound of every dependency as a pip constraint: `pandas>=2.2.2` becomes `pandas==2.2.2`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

UNBOUND = {"hpo_widgets"}
"""Dependencies that are this package itself."""


def lowest(pyproject: Path) -> Iterator[str]:
    """Yields one constraint a dependency.

    Raises:
        ValueError: A dependency has no lower bound.
    """
    project = tomllib.loads(pyproject.read_text())["project"]
    for asked in chain(project["dependencies"], *project["optional-dependencies"].values()):
        name = re.match(r"[\w.-]+", asked)
        if name is not None and name.group() in UNBOUND:
            continue
        found = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?[>=]=([\w.]+)", asked)
        if found is None:
            raise ValueError(f"{asked!r} has no plain lower bound; write it as name>=version.")
        yield f"{found[1]}=={found[2]}"


if __name__ == "__main__":
    print("\n".join(sorted(set(lowest(Path(__file__).parents[1] / "pyproject.toml")))))
