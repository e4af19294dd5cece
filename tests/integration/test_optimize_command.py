"""`hpo-widgets optimize`: a script in Comet's style in several processes, killed, hung, interrupted, gone on with."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets import attach
from hpo_widgets.cli.main import run as run_here
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.store.location import configure
from hpo_widgets.store.sqlite import SqliteStore
from tests.integration.command_line import PATIENCE_S, Terminal, command, run, wait_for

TASKS = Path(__file__).parents[2] / "notebooks" / "tasks"
LOOP = """
import os, pathlib, signal, sys, time
from hpo_widgets.comet import Optimizer

def wait_for(*names):
    while not all(map(os.path.exists, names)):
        time.sleep(0.01)


number = int(os.environ["COMET_OPTIMIZER_PROCESS_ID"])
for experiment in Optimizer(sys.argv[1]).get_experiments():
    x = experiment.get_parameter("x")
    {inside}
    experiment.log_metric("loss", x)
"""
HANGS = '(pathlib.Path(f"held-{number}").touch(), pathlib.Path("go").exists() or signal.pause())'
DEAF = f'signal.signal(signal.SIGINT, signal.SIG_IGN); print(("y" * 999 + "\\n") * 2000); {HANGS}'


def script(folder: Path, inside: str = "pass", **config: Any) -> list[str]:
    (folder / "loop.py").write_text(LOOP.format(inside=inside))
    config = {"algorithm": "grid", "parameters": {"x": [1, 2, 3, 4, 5, 6, 7, 8]}, **config}
    (folder / "opt.config").write_text(repr(config))
    return ["loop.py", "opt.config"]


def tasks(folder: Path, *states: str) -> list[TaskRecord]:
    store = SqliteStore(folder / ".hpo")
    return [t for study in store.studies() for t in store.tasks(study.id) if not states or t.state.value in states]


def completed(folder: Path) -> Counter[Any]:
    found = tasks(folder, "completed")
    assert len({task.trial for task in found}) == len(found)  # no run twice
    return Counter(task.parameters["x"] for task in found)


def study_id(folder: Path) -> str:
    (study,) = SqliteStore(folder / ".hpo").studies()
    return study.id


def pids_of(folder: Path, count: int) -> list[int]:
    return [t.pid for t in tasks(folder, "running") if t.pid] if len(list(folder.glob("held-*"))) == count else []


def all_gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_script_in_the_style_of_comet_runs_in_two_processes_and_goes_on_by_its_id(tmp_path: Path) -> None:
    for name in ("digits_comet.py", "digits_comet.config"):
        shutil.copy(TASKS / name, tmp_path)
    begun = run(tmp_path, "optimize", "digits_comet.config", "-d", "status.txt")
    id = study_id(tmp_path)
    assert begun.stdout == f"{id}\n" and begun.stderr == ""  # a shell captures just the id
    assert ast.literal_eval((tmp_path / "status.txt").read_text())["id"] == id

    done = run(tmp_path, "optimize", "-j", "2", "digits_comet.py", id, "--", "--epochs", "3")

    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^\[[12]\] [0-9a-f]{8}: 0\.\d+ of the unseen", done.stdout, re.MULTILINE)) == 10
    assert len(re.findall(r"^trial \d completed", done.stderr, re.MULTILINE)) == 10  # progress is beside the output
    assert "10 of 10 runs have ended, 0 without a result" in done.stderr and "\x1b" not in done.stdout + done.stderr
    assert {t.pid for t in tasks(tmp_path)} == {t.pid for t in tasks(tmp_path, "completed")}
    kept = sorted((tmp_path / ".hpo" / "logs").glob(f"optimize-{id}-*.log"))
    assert len(kept) == 2 and all("Optimizer job done!" in each.read_text() for each in kept)
    again = run(tmp_path, "optimize", "digits_comet.py", id)
    assert again.returncode == 0 and "nothing is left to run" in again.stderr and len(tasks(tmp_path)) == 10


def test_trials_and_the_environment_reach_the_script_as_from_comet(tmp_path: Path) -> None:
    words = script(tmp_path, "print(sys.argv[1:], os.environ['COMET_OPTIMIZER_ID'])", parameters={"x": [1]})
    (tmp_path / "loop.py").write_text((tmp_path / "loop.py").read_text().replace("sys.argv[1]", "sys.argv[2]"))

    done = run(tmp_path, "optimize", "-t", "2", "-e", f"{sys.executable} -O", *words, "--", "-j9")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"['-j9', 'opt.config', '--trials', '2'] {study_id(tmp_path)}\n") == 2
    assert completed(tmp_path) == {1: 2}


def test_what_a_trial_prints_is_its_console_and_runs_of_a_set_have_a_spread(tmp_path: Path) -> None:
    prints = "print('run', x); subprocess.run(['echo', 'from below', str(x)]); print('warned', x, file=sys.stderr)"
    words = script(tmp_path, prints, trials=2, parameters={"x": [1, 2, 3]})
    text = (tmp_path / "loop.py").read_text().replace("import os,", "import subprocess, os,")
    text = text.replace('"loss", x)', '"loss", x + experiment.others["optimizer_trial"])')
    (tmp_path / "loop.py").write_text(f"{text}    if x == 3: raise ValueError('three')\nprint('after the loop')\n")

    done = run(tmp_path, "optimize", "-j", "2", *words)

    assert done.returncode == 1 and "\x1e" not in done.stdout
    assert all(done.stdout.count(each) == 2 for each in ("run 1", "run 2", "from below 2", "warned 1"))
    study = attach(study_id(tmp_path), store=SqliteStore(tmp_path / ".hpo"))
    for task in tasks(tmp_path, "completed"):
        x = task.parameters["x"]
        assert study.log(task.id).text == f"run {x}\nfrom below {x}\nwarned {x}\n"
    (failed, *_) = tasks(tmp_path, "failed")
    assert study.log(failed.id).text.startswith("run 3\nfrom below 3\nwarned 3\nTraceback ")
    assert study.log(failed.id).text.endswith("ValueError: three\n")
    table = study.sets().set_index("x")
    assert [(table["mean"][x], round(table["spread"][x], 4)) for x in (1, 2)] == [(2.5, 0.7071), (3.5, 0.7071)]
    assert study.config.repeats == 2 and study.top(1)[0].objective == 2.5


def test_four_processes_complete_all_sets_and_repeats_although_two_are_killed_in_the_middle(tmp_path: Path) -> None:
    words = script(tmp_path, f"{HANGS} if number < 2 else wait_for('held-0', 'held-1')", trials=2)
    driver = subprocess.Popen(command(tmp_path, "optimize", "-j", "4", *words), cwd=tmp_path, stderr=subprocess.PIPE)

    for pid in wait_for(lambda: _hung(tmp_path), "two processes that hang"):
        os.kill(pid, signal.SIGKILL)
    _, said = driver.communicate(timeout=PATIENCE_S)

    assert completed(tmp_path) == dict.fromkeys(range(1, 9), 2)
    assert len(tasks(tmp_path, "lost")) == 2 and len(tasks(tmp_path)) == 18
    assert said.count(b"was killed by SIGKILL") == 2 and said.count(b"takes its place") == 2
    assert driver.returncode == 1  # one that failed is said, also when all is done


def _hung(folder: Path) -> list[int]:
    """Gives the processes that hang once they are the only ones that run something."""
    return found if len(found := pids_of(folder, 2)) == 2 and completed(folder).total() == 14 else []


def test_a_set_that_kills_every_process_stops_by_the_retry_rules_and_the_others_are_completed(tmp_path: Path) -> None:
    words = script(tmp_path, "x == 2 and os.kill(os.getpid(), signal.SIGKILL)")

    done = run(tmp_path, "optimize", *words)

    assert done.returncode == 1
    assert set(completed(tmp_path)) == {1, 3, 4, 5, 6, 7, 8}
    assert [(t.parameters["x"], t.attempt) for t in tasks(tmp_path, "lost")] == [(2, 0), (2, 1)]
    assert "(x=2), which is issued again" in done.stderr and "(x=2), which is not issued again" in done.stderr


def test_a_script_that_kills_itself_with_every_set_is_not_started_for_ever(tmp_path: Path) -> None:
    done = run(tmp_path, "optimize", *script(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)"))

    assert done.returncode == 1 and "6 processes have died one after the other" in done.stderr
    assert len(tasks(tmp_path, "lost")) == 6
    assert f"go on with `hpo-widgets optimize --store {tmp_path}/.hpo loop.py {study_id(tmp_path)}`" in done.stderr


def test_a_script_with_a_mistake_fails_once_for_each_process_and_is_not_run_again(tmp_path: Path) -> None:
    done = run(tmp_path, "optimize", *script(tmp_path, "raise ValueError('a mistake')"))

    assert done.returncode == 1 and len(tasks(tmp_path)) == 1
    assert done.stdout.count("[1] ValueError: a mistake") == 1
    assert "no run has a result: ValueError: a mistake" in done.stderr


def test_a_set_that_fails_is_issued_again_as_the_config_says_and_the_search_goes_on(tmp_path: Path) -> None:
    words = script(tmp_path, "assert x != 3", spec={"retryAssignLimit": 2})

    done = run(tmp_path, "optimize", *words)

    assert done.returncode == 1
    assert set(completed(tmp_path)) == {1, 2, 4, 5, 6, 7, 8}
    assert [(t.parameters["x"], t.attempt) for t in tasks(tmp_path, "failed")] == [(3, 0), (3, 1), (3, 2)]
    assert "8 of 8 runs have ended" in done.stderr


@pytest.mark.parametrize("how", ["listens", "is deaf and has printed more than a pipe holds"])
def test_ctrl_c_ends_hung_processes_and_what_they_held_runs_when_the_search_goes_on(tmp_path: Path, how: str) -> None:
    words = script(tmp_path, HANGS if how == "listens" else DEAF)
    terminal = Terminal(tmp_path, "optimize", "-j", "2", *words)
    pids = wait_for(lambda: terminal.text() and pids_of(tmp_path, 2), "two processes that hang")
    terminal.interrupt()
    wait_for(lambda: "are given back" in terminal.text(), "the answer to Ctrl-C")
    if how != "listens":
        assert terminal.process.poll() is None
        terminal.interrupt()
    assert terminal.end() == 130 and all_gone(pids)
    assert re.search(r"\r\x1b\[2K\[\.+\].*0/8 trials.* running", terminal.text())  # one line that updates
    assert "0 of 8 runs have ended" in terminal.text()

    (tmp_path / "go").touch()
    resumed = run(tmp_path, "optimize", "-j", "2", "loop.py", study_id(tmp_path))
    assert resumed.returncode == 0, resumed.stderr
    assert completed(tmp_path) == dict.fromkeys(range(1, 9), 1)


def test_ctrl_c_at_the_start_says_how_to_go_on(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "optimize", "-j", "2", *script(tmp_path, HANGS))
    wait_for(lambda: "COMET_OPTIMIZER_ID=" in terminal.text(), "the id")
    terminal.interrupt()
    assert terminal.end() == 130
    assert f"loop.py {study_id(tmp_path)}`" in terminal.text()


def test_processes_that_do_not_end_in_time_are_killed(tmp_path: Path) -> None:
    words = command(tmp_path, "optimize", *script(tmp_path, DEAF))[3:]
    code = "from hpo_widgets.cli import optimize_run as r, main as m; r.GRACE_S = 0.2; raise SystemExit(m.run({}))"
    driver = subprocess.Popen([sys.executable, "-c", code.format(words)], cwd=tmp_path, stdout=subprocess.DEVNULL)
    pids = wait_for(lambda: pids_of(tmp_path, 1), "a process that hangs")
    driver.terminate()
    assert driver.wait(PATIENCE_S) == 130 and all_gone(pids)


def test_processes_end_with_the_command_that_started_them(tmp_path: Path) -> None:
    driver = subprocess.Popen(command(tmp_path, "optimize", "-j", "2", *script(tmp_path, HANGS)), cwd=tmp_path)
    pids = wait_for(lambda: pids_of(tmp_path, 2), "two processes that hang")
    driver.kill()
    driver.wait()
    wait_for(lambda: all_gone(pids), "the end of its processes")


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    (tmp_path / "none").write_bytes(b"\x00 no program")
    (tmp_path / "none").chmod(0o700)

    done = run(tmp_path, "optimize", "-e", "./none", *script(tmp_path))

    assert done.returncode == 2 and "'./none' cannot be started: Exec format error" in done.stderr


BAD: dict[str, tuple[list[str], list[str]]] = {
    "missing script": (["lop.py", "opt.config"], ["no script 'lop.py'", "did you mean 'loop.py'"]),
    "missing config": (["loop.py", "opt.cfg"], ["neither a config file (did you mean 'opt.config'?) nor the id"]),
    "unknown id": (["loop.py", "0" * 32], ["neither a config file nor the id of a search in the store"]),
    "the wrong way round": (["opt.config", "loop.py"], ["the script comes first", "optimize loop.py opt.config"]),
    "only a script": (["loop.py"], ["loop.py is a script; give its config too"]),
    "a notebook": (["note.ipynb", "opt.config"], ["note.ipynb is a notebook"]),
    "numbers and program": (
        ["-j", "0", "-t", "0", "-e", "nopython", "loop.py", "opt.config"],
        ["-j is 0", "-t is 0", "no program 'nopython'"],
    ),
    "no place to dump to": (["-d", "nowhere/x", "opt.config"], ["-d is 'nowhere/x'"]),
    "arguments for nobody": (["opt.config", "--", "--epochs", "3"], ["arguments after -- are given, and no script"]),
    "bad config": (["loop.py", "bad.config"], ["algorithm 'bays' is unknown", "min 2 is above max 1"]),
    "Comet's own": (["comet.py", "opt.config"], ["comet.py imports comet_ml", "import hpo_widgets.comet instead"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_said_and_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    words, said = BAD[case]
    monkeypatch.chdir(tmp_path)
    script(tmp_path)
    bad = {"algorithm": "bays", "parameters": {"x": {"type": "float", "min": 2, "max": 1}}}
    (tmp_path / "bad.config").write_text(json.dumps(bad))
    (tmp_path / "note.ipynb").write_text("{}")
    (tmp_path / "comet.py").write_text("from comet_ml import Optimizer\n")

    try:
        code = run_here(["optimize", "--store", ".hpo", *words])
    finally:
        configure(store=None)

    shown = capsys.readouterr()
    assert code == 2 and shown.out == ""
    for each in said:
        assert each in shown.err
    assert SqliteStore(tmp_path / ".hpo").studies() == []
