"""The package as it is installed: what the wheel holds, what it asks for, what lies in the repository."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tarfile
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
SEARCH = """
import hpo_widgets as hpo


def loss(x):
    return (x - 2) ** 2


study = hpo.tune(loss, {"x": (0.0, 4.0)}, max_jobs=2, concurrency=1, seed=1)
study.wait(60)
app = hpo.app()
scripts = all((app._esm, app._css, hpo.Dashboard(study)._esm, hpo.doctor()._css))
print(hpo.__file__, len(study.tasks()), scripts)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Is a folder with the sdist, and the wheel that was built from it; without isolation no network is needed."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(dist.glob("*.whl")))


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Is the `bin` of a new environment with the wheel: nothing else in it, dependencies are lent by this one."""
    folder = tmp_path_factory.mktemp("new") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    new = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", new)
    run(*pip, "install", "--no-deps", "--no-index", next(dist.glob("*.whl")))
    lent = [path for path in sys.path if Path(path).name == "site-packages"]
    place = Path(run(new, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (place / "lent.pth").write_text("\n".join(lent))  # files .pth in them are not read: the checkout stays unknown
    return new.parent


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Runs a program without what this one's surroundings say about Python, and gives what it prints."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "HPO_WIDGETS"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_sdist_holds_what_git_holds(dist: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}

    files = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    assert files - held <= {".gitattributes"}
    assert held - files <= {"PKG-INFO"}


def test_sdist_and_wheel_are_fit_for_an_index(dist: Path) -> None:
    said = run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir())

    assert said.count("PASSED") == 2


def test_installed_wheel_searches_and_draws_by_itself(installed: Path, tmp_path: Path) -> None:
    script = tmp_path / "search.py"
    script.write_text(SEARCH)

    said = run(installed / "python", script, cwd=tmp_path)

    place, trials, scripts = said.split()
    assert Path(place).is_relative_to(installed.parent)
    assert (trials, scripts) == ("2", "True")


def test_installed_command_tells_its_version(installed: Path) -> None:
    assert run(installed / "hpo-widgets", "--version").split() == ["hpo-widgets", hpo_widgets.__version__]


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
