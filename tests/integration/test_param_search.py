"""`hpo-widgets param-search` and `show`: real scripts, a terminal, Ctrl-C, resume, agents, bad input, the report."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.cli.param_search import add_arguments, read_limits
from hpo_widgets.dialects.clearml import write_params_search
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.base_read import read_base
from hpo_widgets.store.sqlite import SqliteStore
from tests.integration.command_line import PATIENCE_S, Terminal, command, run, wait_for

TASKS = Path(__file__).parents[2] / "notebooks" / "tasks"
ALPHA = {"type": "LogUniformParameterRange", "name": "Args/alpha", "min_value": -6, "max_value": -2}
LOSS = {"type": "DiscreteParameterRange", "name": "General/loss", "values": ["hinge", "log_loss"]}
X = {"type": "UniformParameterRange", "name": "x", "min_value": 0.0, "max_value": 1.0}
SLOW = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.5)
parser.add_argument("--mode", default="ok")
args = parser.parse_args()
for epoch in range(400):
    print(f"epoch={epoch} loss={args.x + 1 / (epoch + 1)}", flush=True)
    time.sleep(0.02)
"""
EXITS = SLOW.replace("for epoch in range(400):", "raise SystemExit(3)\nfor epoch in range(400):")


def search(*params: dict[str, Any], metric: str = "loss", sign: str = "min", **flags: Any) -> list[str]:
    words = ["--params-search", *(json.dumps(each) for each in params)]
    words += ["--objective-metric-title", metric, "--objective-metric-series", metric, "--objective-metric-sign", sign]
    for flag, value in flags.items():
        words += [f"--{flag.replace('_', '-')}", str(value)]
    return words


def digits(folder: Path, **flags: Any) -> subprocess.CompletedProcess[str]:
    script = str(TASKS / "digits_argparse.py")
    words = search(ALPHA, LOSS, metric="accuracy", sign="max", metrics="stdout", **flags)
    return run(folder, "param-search", "--script", script, *words, "--params-override", '{"name":"epochs","value":2}')


def test_the_flags_of_the_documented_sample_search_a_real_script_and_show_tells_of_it(tmp_path: Path) -> None:
    done = digits(tmp_path, optimizer_class="OptimizerOptuna", queue="default", total_max_jobs=4)
    assert done.returncode == 0, done.stderr
    assert "the tasks run here" in done.stdout
    assert len(re.findall(r"^trial \d completed after", done.stdout, re.MULTILINE)) == 4
    assert "\x1b" not in done.stdout and "\r" not in done.stdout  # plain lines into a pipe
    study = hpo.attach("digits_argparse.py", store=SqliteStore(tmp_path / ".hpo"))
    assert f"{study.best.id[:8]}" in done.stdout
    assert set(study.tasks()["epochs"]) == {2} and study.config.limits.save_top_k_tasks_only == 10

    listed = run(tmp_path, "show")
    assert "digits_argparse.py" in listed.stdout and "completed" in listed.stdout
    shown = run(tmp_path, "show", "digits_argparse.py")
    assert "accuracy (max)" in shown.stdout and study.best.id[:8] in shown.stdout
    data = json.loads(run(tmp_path, "show", "digits_argparse.py", "--json").stdout)
    assert len(data["tasks"]) == 4
    report = tmp_path / "report.html"
    assert run(tmp_path, "show", "digits_argparse.py", "--html", str(report)).returncode == 0
    assert "Parallel coordinates" in report.read_text() and study.best.id[:8] in report.read_text()
    missing = run(tmp_path, "show", "digts")
    assert missing.returncode == 1 and "Did you mean 'digits_argparse.py'" in missing.stderr


def test_the_apps_word_for_bohb_searches_on_rungs(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    words = search(X, metrics="stdout", optimizer_class="HyperBand Bayesian Optimization", total_max_jobs=4, seed=1)
    limits = ["--min-iteration-per-job", "3", "--max-iteration-per-job", "9"]
    done = run(tmp_path, "param-search", "--script", "slow.py", *words, *limits)
    assert done.returncode == 0, done.stderr
    assert "completed (stopped at rung (1 of 2, iteration 3)) after" in done.stdout


@pytest.mark.parametrize(
    ("script", "extra"),
    [
        ("digits_click.py", ["--metrics", "stdout", "--args", "seed=1"]),
        ("digits.ipynb", []),
        ("digits_task.py", ["--seed", "1"]),
        pytest.param(
            "digits_torch.py",
            [],
            marks=pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed"),
        ),
    ],
)
def test_each_kind_of_base_task_is_searched_from_the_command_line(
    tmp_path: Path, script: str, extra: list[str]
) -> None:
    base = read_base(TASKS / script, open_store=lambda: SqliteStore(tmp_path / "probe"))
    assert base.space is not None
    text, _ = write_params_search(SearchSpace(list(base.space)[:2]))
    common = ["--script", str(TASKS / script), "--params-search", text, "--objective-metric-sign", "max", *extra]
    metric = ["--objective-metric-title", "nobody", "--objective-metric-series", "reports"]
    wrong = run(tmp_path, "param-search", *common, *metric, "--total-max-jobs", "1")
    if script.endswith(".ipynb"):  # its last expression is the objective, whatever that is called
        assert wrong.returncode == 0, wrong.stdout + wrong.stderr
        return
    said = re.search(r"tasks reported (.*)\.", wrong.stdout)
    assert wrong.returncode == 1 and said is not None, wrong.stdout + wrong.stderr
    assert "without reporting nobody/reports" in wrong.stdout  # said after the first task, with what was reported
    title, _, series = next(name for name in said[1].split(", ") if "acc" in name).partition("/")
    metric = ["--objective-metric-title", title, "--objective-metric-series", series]
    done = run(tmp_path, "param-search", *common, *metric, "--total-max-jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_recorded_task_is_a_base_task_and_args_are_given_to_the_script(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("400", "2"))
    first = run(
        tmp_path, "param-search", "--script", "slow.py", *search(X, metrics="stdout", total_max_jobs=1), "--args",
        "mode=fast",
    )  # fmt: skip
    assert first.returncode == 0, first.stderr
    store = SqliteStore(tmp_path / ".hpo")
    task = store.tasks(store.studies()[0].id)[0]
    assert task.parameters["mode"] == "fast"
    again = run(tmp_path, "param-search", "--task-id", task.id, *search(X, total_max_jobs=1))
    assert again.returncode == 0, again.stderr
    assert store.tasks(store.studies()[0].id)[0].parameters["mode"] == "fast"


def test_each_set_that_keeps_the_constraints_runs_as_often_as_repeats_says(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("400", "1"))
    choice = {"type": "DiscreteParameterRange", "name": "x", "values": [0.25, 0.5, 0.75]}

    words = search(choice, metrics="stdout", repeats=3)
    done = run(tmp_path, "param-search", "--script", "slow.py", *words, "--constraint", "x != 0.5")

    assert done.returncode == 0, done.stderr
    study = hpo.attach("slow.py", store=SqliteStore(tmp_path / ".hpo"))
    assert list(study.sets()["counted"]) == [3, 3] and set(study.sets()["x"]) == {0.25, 0.75}
    assert study.best.spread == (0.0,)


def test_a_search_learns_from_studies_and_files_and_lists_what_it_cannot_take_over(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("400", "1"))
    wide = {"type": "DiscreteParameterRange", "name": "x", "values": [0.25, 0.5, 3.0]}
    base = ["param-search", "--script", "slow.py"]
    first = run(tmp_path, *base, *search(wide, metrics="stdout", optimizer_class="GridSearch", task_name="first"))
    assert first.returncode == 0, first.stderr
    assert run(tmp_path, "show", "first", "--csv", "first.csv").returncode == 0
    exported = run(tmp_path, "show", "first", "--json")
    (tmp_path / "first.json").write_text(exported.stdout)

    words = search(X, metrics="stdout", total_max_jobs=1, task_name="second")
    second = run(tmp_path, *base, *words, "--warm-start", "first", "first.csv", "first.json")

    assert second.returncode == 0, second.stderr
    assert "note: 3 earlier results are not learned from (6 are):" in second.stdout
    assert "'x' is 3.0" in second.stdout
    study = hpo.attach("second", store=SqliteStore(tmp_path / ".hpo"))
    assert [each.parameters["x"] for each in study.config.warm_start] == [0.25, 0.5] * 3
    wrong = run(tmp_path, *base, *search(X, metrics="stdout"), "--warm-start", "frist", "--repeats", "0")
    assert wrong.returncode == 2
    assert "Did you mean 'first'" in wrong.stderr and "repeats is 0" in wrong.stderr


def test_a_terminal_sees_one_line_that_updates_and_ctrl_c_leaves_a_study_that_resume_continues(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    words = search(X, metrics="stdout", total_max_jobs=3, max_iteration_per_job=10_000)
    terminal = Terminal(tmp_path, "param-search", "--script", "slow.py", *words)
    wait_for(lambda: re.search(r"\r\x1b\[2K\[\.+\].*0/3 trials.* running", terminal.text()), "the line")
    terminal.interrupt()
    assert terminal.end() == 130
    assert "--resume slow.py" in terminal.text()
    study = hpo.attach("slow.py", store=SqliteStore(tmp_path / ".hpo"))
    assert study.state == "stopped" and {t.state.value for t in study.store.tasks(study.id)} == {"aborted"}
    before = len(study.store.tasks(study.id))
    resumed = run(tmp_path, "param-search", "--resume", "slow.py", "--max-iteration-per-job", "3")
    assert resumed.returncode == 0, resumed.stderr
    tasks = study.store.tasks(study.id)
    assert [t.state.value for t in tasks] == ["aborted"] * before + ["completed"] * 3
    assert [t.trial for t in tasks[before:]] == [0, 1, 2]


def test_control_characters_of_names_are_shown_and_not_sent_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("400", "1"))
    name = "evil\x1b]0;title\x07\x1b[31m"
    words = [*search(X, metrics="stdout", total_max_jobs=1), "--task-name", name]
    done = run(tmp_path, "param-search", "--script", "slow.py", *words)
    assert done.returncode == 0 and "\x1b" not in done.stdout and "evil\\x1b]0;title" in done.stdout
    for shown in (run(tmp_path, "show"), run(tmp_path, "show", name)):
        assert shown.returncode == 0 and "\x1b" not in shown.stdout and "evil\\x1b" in shown.stdout


def test_a_second_ctrl_c_leaves_at_once_and_no_process_stays(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLOW)
    terminal = Terminal(tmp_path, "param-search", "--script", "slow.py", *search(X, metrics="stdout", total_max_jobs=3))
    store = SqliteStore(tmp_path / ".hpo")

    def pids() -> list[int]:
        return [t.pid for s in store.studies() for t in store.tasks(s.id) if t.pid and store.task_summaries(t.id)]

    running = wait_for(pids, "a task that reports")
    terminal.interrupt()
    wait_for(lambda: "stopping" in terminal.text(), "the answer to the first Ctrl-C")
    terminal.interrupt()
    assert terminal.end() == 130
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in running), "the end of its tasks")


def test_a_queue_is_served_by_an_agent_in_another_terminal_and_a_killed_one_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("400", "25"))
    agent = command(tmp_path, "agent", "--queue", "big", "--slots", "2")
    first = subprocess.Popen(agent, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert "serves the queue 'big'" in first.stdout.readline()
    words = search(X, metrics="stdout", total_max_jobs=4, queue="big", max_number_of_concurrent_tasks=2)
    driver = subprocess.Popen(
        command(tmp_path, "param-search", "--script", "slow.py", *words),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    store = SqliteStore(tmp_path / ".hpo")
    wait_for(lambda: store.studies() and any(t.pid for t in store.tasks(store.studies()[0].id)), "a running task")
    first.kill()
    first.wait()
    second = subprocess.Popen(agent, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        assert driver.wait(PATIENCE_S) == 0
        tasks = store.tasks(store.studies()[0].id)
        assert {t.trial for t in tasks if t.state.value == "completed"} == {0, 1, 2, 3}
        assert "lost" in {t.state.value for t in tasks}
    finally:
        driver.kill()
        second.terminate()
        second.wait(PATIENCE_S)


SCRIPT = str(TASKS / "digits_argparse.py")
BAD: dict[str, tuple[list[str], list[str]]] = {
    "nothing to run": (search(X), ["--script PATH"]),
    "missing script": (["--script", "nope.py", *search(X)], ["no script 'nope.py'"]),
    "syntax error": (["--script", "broken.py", *search(X)], ["broken.py, line 1"]),
    "no such parameter": (
        ["--script", SCRIPT, *search({**ALPHA, "name": "alpa"}, metrics="stdout")],
        ["alpa", "did you mean", "alpha"],
    ),
    "wrong type": (
        ["--script", SCRIPT, *search({**LOSS, "name": "epochs"}, metrics="stdout")],
        ["epochs'", "takes int", "'hinge'"],
    ),
    "no JSON": (["--script", SCRIPT, *search(X), "--params-override", '{"name": '], ["line 1, column 10"]),
    "unknown queue": (["--script", SCRIPT, *search(ALPHA), "--queue", "gpus"], ["no agent serves the queue 'gpus'"]),
    "no parameters cell": (["--script", "plain.ipynb", *search(X)], ["parameters"]),
    "no objective": (["--script", SCRIPT, "--params-search", json.dumps(X)], ["--objective-metric-title is missing"]),
    "searched and given": (
        ["--script", SCRIPT, *search(ALPHA), "--params-override", '{"name": "alpha", "value": 1.0}'],
        ["searched and given a value"],
    ),
    "unknown task": (["--task-id", "nothing", *search(X)], ["no base task 'nothing'"]),
    "bohb": (["--script", SCRIPT, *search(ALPHA, optimizer_class="OptimizerBOHB")], ["needs max_iteration_per_job"]),
    "resume with a space": (["--resume", "x", *search(X)], ["--params-search", "cannot be changed"]),
    "a terminator without its gain": (
        ["--script", SCRIPT, *search(ALPHA, terminator="regret")],
        ["--terminator is 'regret' without --expected-gain"],
    ),
    "repeats and few kept": (
        ["--script", SCRIPT, *search(ALPHA, repeats=2, save_top_k_tasks_only=3)],
        ["--save-top-k-tasks-only ranks single runs"],
    ),
    "a constraint on what is not there": (
        ["--script", SCRIPT, *search(ALPHA, metrics="stdout"), "--constraint", "alpha < 1"],
        ["no parameter 'alpha'; did you mean `Args/alpha`?"],
    ),
    "no repeats": (["--script", SCRIPT, *search(ALPHA, repeats=0)], ["repeats is 0"]),
    "a limit of zero": (
        ["--script", SCRIPT, *search(ALPHA, total_max_jobs=0)],
        ["--total-max-jobs is 0", "or leave it out for no limit"],
    ),
}


def test_the_flags_that_end_a_search_early_are_limits() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = "--patience 8 --min-gain 0.01 --target 0.97 --expected-gain 1e-3 --terminator emmr --total-max-jobs 5"

    found = read_limits(parser.parse_args(words.split()))

    early = {"patience": 8, "min_gain": 0.01, "target": 0.97, "expected_gain": 0.001, "terminator": "emmr"}
    assert found == {**early, "max_jobs": 5}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_said_and_nothing_is_started(tmp_path: Path, case: str) -> None:
    words, said = BAD[case]
    (tmp_path / "broken.py").write_text("def f(:\n")
    cell = {
        "cell_type": "code",
        "source": "print(1)",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": "a",
    }
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "plain.ipynb").write_text(json.dumps(book))
    done = run(tmp_path, "param-search", *words)
    assert done.returncode == 2, done.stdout
    for each in said:
        assert each in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".hpo").exists() or SqliteStore(tmp_path / ".hpo").studies() == []


def test_a_script_that_exits_3_fails_its_trials_and_the_search(tmp_path: Path) -> None:
    (tmp_path / "exits.py").write_text(EXITS)
    done = run(tmp_path, "param-search", "--script", "exits.py", *search(X, metrics="stdout", total_max_jobs=2))
    assert done.returncode == 1
    assert "exited with code 3" in done.stdout and "Traceback" not in done.stdout + done.stderr
