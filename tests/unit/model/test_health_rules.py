from __future__ import annotations

from dataclasses import replace

import pytest

from hpo_widgets.model.health import Facts, Page, Place, Standing
from hpo_widgets.model.health_rules import examine, examine_page, is_network, is_older, size, summary_of, text_of

GB = 1 << 30
PLACE = Place(folder="/home/ada/.hpo", exists=True, file_system="ext4", free=50 * GB)
WELL = Facts(
    versions={"hpo_widgets": "0.1.0", "ipykernel": "7.4.0", "optuna": "5.0.0"},
    wanted={"optuna": "5.0.0"},
    has_kernel=True,
    subshells=True,
    place=PLACE,
    start_methods=("fork", "spawn"),
    forks=True,
    cores=8,
    memory=16 * GB,
    memory_free=8 * GB,
)
LAB = Page(front_end="JupyterLab", version="4.6.6", while_busy=True)


def off(facts):
    return {each.name: each for each in examine(facts) if each.advice}


def test_machine_on_which_everything_works_has_no_advice():
    findings = [*examine_page(WELL, LAB), *examine(WELL)]

    assert {each.standing for each in findings} == {Standing.GOOD}
    assert [each.advice for each in findings if each.advice] == []
    assert summary_of(findings) == "Everything works."


@pytest.mark.parametrize(
    ("changed", "name", "standing", "says"),
    [
        ({"versions": {"ipykernel": "7.4.0", "optuna": "4.9.1"}}, "versions", Standing.BAD, "'optuna>=5.0.0'"),
        ({"versions": {"ipykernel": "7.4.0"}}, "versions", Standing.BAD, "'optuna>=5.0.0'"),
        ({"has_kernel": False}, "kernel", Standing.NOTE, "need a notebook"),
        ({"versions": {"ipykernel": "7.0.1", "optuna": "5.0.0"}}, "kernel", Standing.NOTE, "'ipykernel>=7.1.0'"),
        ({"subshells": False}, "kernel", Standing.NOTE, "Buttons wait"),
        ({"place": replace(PLACE, problem="Read-only file system")}, "store", Standing.BAD, "HPO_WIDGETS_STORE"),
        ({"place": replace(PLACE, file_system="nfs4")}, "store", Standing.NOTE, "network file systems"),
        ({"place": replace(PLACE, free=GB)}, "free disk", Standing.NOTE, "Make room"),
        ({"place": replace(PLACE, free=GB // 10)}, "free disk", Standing.BAD, "Make room"),
        ({"place": replace(PLACE, free=None)}, "free disk", Standing.NOTE, "Look yourself"),
        ({"forks": False}, "start of trials", Standing.NOTE, 'isolation="reuse"'),
        ({"cores": 1}, "cores", Standing.NOTE, "one at a time"),
        ({"memory_free": GB // 2}, "memory", Standing.NOTE, "concurrency=1"),
        ({"gpus_seen": 2}, "GPUs", Standing.NOTE, "nvidia-smi"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_thing_that_is_off_has_one_line_of_advice(changed, name, standing, says):
    found = off(replace(WELL, **changed))

    assert list(found) == [name]
    assert found[name].standing is standing
    assert says in found[name].advice
    assert "\n" not in found[name].advice


def test_page_that_has_not_answered_is_waited_for_and_then_given_up():
    waiting, silent = examine_page(WELL, None), examine_page(WELL, None, silent=True)

    assert {(each.standing, each.found) for each in waiting} == {(Standing.WAITING, "waiting for the page…")}
    assert summary_of(waiting) == "Waiting for the page…"
    assert [each.standing for each in silent] == [Standing.BAD]
    assert "jupyterlab_widgets" in silent[0].advice


def test_page_whose_buttons_are_not_known_yet_is_waited_for():
    widgets, buttons = examine_page(WELL, replace(LAB, while_busy=None))

    assert (widgets.standing, buttons.standing) == (Standing.GOOD, Standing.WAITING)


def test_page_that_answers_on_the_thread_of_the_cells_has_buttons_that_wait():
    _, buttons = examine_page(WELL, replace(LAB, while_busy=False))
    _, without = examine_page(replace(WELL, subshells=False), replace(LAB, while_busy=False))

    assert (buttons.standing, buttons.found) == (Standing.NOTE, "they wait until the cell has ended")
    assert "await study" in buttons.advice
    assert "subshells" in buttons.advice
    assert "subshells" not in without.advice


def test_old_jupyterlab_is_named_and_other_front_ends_are_taken_as_they_are():
    old, _ = examine_page(WELL, replace(LAB, version="4.3.9"))
    other, _ = examine_page(WELL, replace(LAB, front_end="Voila", version=""))

    assert "jupyterlab>=4.4.0" in old.advice
    assert (other.found, other.advice) == ("they work: Voila answered", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("nfs4", True), ("fuse.sshfs", True), ("CIFS", True), ("ext4", False), ("overlay", False), (None, False)],
)
def test_network_file_systems_are_known_by_name(name, expected):
    assert is_network(name) is expected


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [("7.0.9", "7.1.0", True), ("7.1", "7.1.0", False), ("10.0", "9.9.9", False), ("7.1.0rc1", "7.1.0", False)],
)
def test_releases_are_compared_by_number(version, than, older):
    assert is_older(version, than) is older


def test_text_has_a_line_a_finding_and_its_advice_below():
    text = text_of(examine(replace(WELL, cores=1, place=replace(PLACE, problem="Permission denied"))))

    assert "BAD   store" in text
    assert "note  cores" in text
    assert text.count("→") == 2
    assert text.endswith("1 thing needs mending.")


def test_sizes_are_written_in_the_unit_that_people_use():
    assert (size(3 * GB // 2), size(300 << 20)) == ("1.5 GB", "300 MB")
