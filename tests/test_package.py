"""The package as it is installed: what the wheel holds, what it asks for, what lies in the repository."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import hpo_widgets

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = {"anywidget", "cloudpickle", "hiplot", "ipywidgets", "optuna", "pandas", "plotly", "psutil", "pydantic"}
VISIBLE = {
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "binder", "hpo_widgets", "notebooks",
    "pyproject.toml", "tests",
}  # fmt: skip
"""What the top of the repository may show, besides hidden files."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    files = (path for path in (ROOT / "hpo_widgets").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    expected = {path.relative_to(ROOT).as_posix() for path in files}

    held = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert held == expected
    assert {Path(name).suffix for name in held} >= {".py", ".sql", ".js", ".css", ".typed"}


def test_wheel_carries_version_and_licence(wheel: zipfile.ZipFile) -> None:
    dist = f"hpo_widgets-{hpo_widgets.__version__}.dist-info"
    metadata = wheel.read(f"{dist}/METADATA").decode()

    assert f"\nVersion: {hpo_widgets.__version__}\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert b"Apache License" in wheel.read(f"{dist}/licenses/LICENSE")[:200]


def test_base_dependencies_are_the_declared_few() -> None:
    assert {re.split(r"[>\[]", asked)[0] for asked in PROJECT["dependencies"]} == BASE


def test_every_dependency_has_a_lower_bound_that_can_be_tested() -> None:
    spec = importlib.util.spec_from_file_location("lowest", ROOT / ".ci" / "lowest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    constraints = list(module.lowest(ROOT / "pyproject.toml"))

    assert {each.split("==")[0] for each in constraints} >= BASE
    assert all(re.fullmatch(r"[\w.-]+==[\d.]+", each) for each in constraints)


def test_top_of_the_repository_shows_only_what_it_should() -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")

    top = {line.split("/")[0] for line in listed.stdout.splitlines()}

    assert {name for name in top if not name.startswith(".")} <= VISIBLE
