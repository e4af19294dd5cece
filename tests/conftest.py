"""Makes a run of tests touch nothing of its surroundings, and puts the tiers in order.

Order: quick tests first, real processes next, notebooks, and the browser last: Playwright's synchronous interface keeps
an event loop running in the main thread, and nothing that uses asyncio may come after it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

REPOSITORY = Path(__file__).parents[1]
TIERS = ("tests/unit", "tests/contract", "tests", "tests/integration", "tests/notebooks", "notebooks", "tests/ui")
"""Folders in the order in which they run; a test belongs to the longest that fits."""
UI_SECONDS = 300
NEEDS = {"09_embedded": ("torch",)}
"""Notebook to the packages that it needs beyond those of the tests; PyTorch is too large for every run."""

# A busy machine must not fail a property: no test here is about how long one example takes.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

_STORE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Gives the whole run a store of its own, and lets every kernel and child find the package."""
    config.stash[_STORE] = tempfile.mkdtemp(prefix="hpo-test-store-")
    os.environ["HPO_WIDGETS_STORE"] = config.stash[_STORE]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the store of the run."""
    shutil.rmtree(config.stash[_STORE], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the tests by tier and marks those that drive a browser."""
    items.sort(key=lambda item: TIERS.index(_tier(item)))
    for item in items:
        if item.path.suffix == ".ipynb" and (missing := missing_for(item.path)):
            item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)} is not installed"))
        if _tier(item) == "tests/ui":
            item.add_marker("ui")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(UI_SECONDS))


class Files(LoadScopeScheduling):
    """Hands out whole files to the processes of `make pytest`; all that drive a browser to one, as a page wants a core."""

    def _split_scope(self, nodeid: str) -> str:
        return "ui" if nodeid.startswith("tests/ui/") else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    """Says who runs what when there are several processes."""
    return Files(config, log)


def missing_for(notebook: Path) -> list[str]:
    """Returns the packages that a notebook needs and that are not installed."""
    return [name for name in NEEDS.get(notebook.stem, ()) if find_spec(name) is None]


def _tier(item: pytest.Item) -> str:
    place = item.path.relative_to(REPOSITORY).as_posix() if item.path.is_relative_to(REPOSITORY) else "tests"
    return max((tier for tier in TIERS if place.startswith(f"{tier}/")), key=len, default="tests")
