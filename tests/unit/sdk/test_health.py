from __future__ import annotations

import json
import sys
import threading

import pytest

import hpo_widgets
from hpo_widgets.cli.main import run
from hpo_widgets.model.health_rules import examine
from hpo_widgets.sdk import health
from hpo_widgets.store import location
from hpo_widgets.store.location import open_store


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(location._Process, "configured", tmp_path / "store")
    return tmp_path / "store"


def test_facts_are_of_this_machine_and_the_store_is_not_made(store):
    facts = health.gather()

    assert facts.versions["hpo_widgets"] == hpo_widgets.__version__
    assert facts.versions["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts.cores >= 1
    assert 0 < facts.memory_free <= facts.memory
    assert (facts.place.folder, facts.place.exists, facts.place.problem) == (str(store), False, "")
    assert not store.exists()


def test_container_has_the_memory_of_its_limit(tmp_path, monkeypatch):
    (tmp_path / "limit").write_text("1048576\n")
    (tmp_path / "use").write_text("48576\n")
    monkeypatch.setattr(health, "CGROUP_LIMITS", (str(tmp_path / "absent"), str(tmp_path / "limit")))
    monkeypatch.setattr(health, "CGROUP_USE", (str(tmp_path / "use"),))

    assert (health.gather().memory, health.gather().memory_free) == (1048576, 1000000)


def test_container_without_a_limit_has_the_memory_of_the_machine(tmp_path, monkeypatch):
    (tmp_path / "limit").write_text("max\n")
    monkeypatch.setattr(health, "CGROUP_LIMITS", (str(tmp_path / "limit"),))

    assert health.gather().memory == health.psutil.virtual_memory().total


def test_thread_of_the_cells_is_told_from_others():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(health.is_beside_cells()))
    thread.start()
    thread.join()

    assert (seen, health.is_beside_cells()) == ([True], False)


def test_command_prints_every_finding_and_fails_when_something_is_to_be_mended(store, tmp_path, capsys):
    assert run(["doctor", "--json"]) == 0
    names = [each["name"] for each in json.loads(capsys.readouterr().out)]

    assert names == [each.name for each in examine(health.gather())]
    (tmp_path / "file").write_text("")
    assert run(["doctor", "--store", str(tmp_path / "file")]) == 1
    assert "in the way" in capsys.readouterr().out


def test_store_of_a_newer_version_is_something_to_mend(store):
    open_store().close()
    with (store / "store.sqlite").open("r+b") as file:
        file.seek(60)
        file.write(b"\0\0\0\x63")

    assert "a newer hpo_widgets" in health.gather().place.problem
