"""What Binder is given: pins that satisfy pyproject.toml, where Binder looks. `make binder` runs the notebooks."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BINDER = ROOT / "binder"


def pins(text: str) -> dict[str, Version]:
    """Reads `name==version` lines, names as an index compares them.

    Raises:
        ValueError: For any other line: an address, a range, an option.
    """
    found = {}
    for line in filter(None, (each.split("#")[0].strip() for each in text.splitlines())):
        match = re.fullmatch(r"([\w.-]+)==([\w.]+)", line)
        if match is None:
            raise ValueError(f"{line!r} is no plain pin; write it as name==version.")
        found[_plain(match[1])] = Version(match[2])
    return found


def unmet(asked: list[str], pinned: dict[str, Version]) -> list[str]:
    """Gives the requirements that the pins do not satisfy."""
    requirements = map(Requirement, asked)
    return [
        str(each)
        for each in requirements
        if _plain(each.name) not in pinned or not each.specifier.contains(pinned[_plain(each.name)], prereleases=True)
    ]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_pins_satisfy_what_the_package_and_its_notebooks_ask_for() -> None:
    project, build = PROJECT["project"], PROJECT["build-system"]["requires"]
    lab = project["optional-dependencies"]["lab"]
    pinned = pins((BINDER / "requirements.txt").read_text())

    assert unmet([*project["dependencies"], *lab, *build, "scikit-learn>=1.4.2"], pinned) == []
    assert "hpo-widgets" not in pinned


def test_python_of_binder_is_one_that_the_package_takes() -> None:
    named = re.fullmatch(r"python-(\d+\.\d+)", (BINDER / "runtime.txt").read_text().strip())

    assert named is not None
    assert Requirement(f"python{PROJECT['project']['requires-python']}").specifier.contains(named[1])


def test_post_build_can_be_run_and_fetches_nothing() -> None:
    text = (BINDER / "postBuild").read_text()

    assert os.access(BINDER / "postBuild", os.X_OK)
    assert "--no-deps --no-build-isolation" in text
    assert "://" not in text


def test_pins_that_do_not_satisfy_would_be_found() -> None:
    pinned = pins("# why\nPandas==2.0.0\nscikit_learn==1.9.1 # two\n")

    assert unmet(["pandas>=2.2", "scikit-learn>=1.4", "optuna>=5"], pinned) == ["pandas>=2.2", "optuna>=5"]
