from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.store.location import VARIABLE, configure, open_store, store_folder


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    configure()
    yield
    configure()


def test_the_folder_is_as_configured_else_of_the_environment_else_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_folder() == tmp_path / ".hpo"
    monkeypatch.setenv(VARIABLE, "elsewhere")
    assert store_folder() == tmp_path / "elsewhere"
    configure(store=tmp_path / "told")
    monkeypatch.chdir("/")
    assert store_folder() == tmp_path / "told"
    configure()
    monkeypatch.setenv(VARIABLE, "~/mine")
    assert store_folder() == Path.home() / "mine"


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(InvalidInput, match="give the path of a folder"):
        configure(store="")


def test_a_store_is_opened_once_while_it_is_there(tmp_path: Path) -> None:
    first = open_store()
    assert open_store() is first is open_store(".hpo") and first.folder == tmp_path / ".hpo"
    shutil.rmtree(first.folder)
    second = open_store()
    assert second is not first and second.studies() == [] and second.is_present() and not first.is_present()
    first.close()
    second.close()
