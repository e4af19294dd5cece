"""A whole search in real processes: started, watched, steered, limited and found again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.engine.ownership import this_process
from hpo_widgets.errors import InvalidInput, NoResult, NotFound, StudyBusy, StudyFailed, WaitInterrupted
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

PATIENCE_S = 60.0
SPACE = {"x": (0.0, 1.0)}


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path / "store"
    for study in hpo.studies():
        study.stop()
        wait_for(lambda study=study: study.state not in ("running", "paused", "draining"), "the study's end")
    hpo.configure(store=None)


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


def states(study: Study) -> list[str]:
    return [t.state.value for t in study.store.tasks(study.id)]


def parabola(x: float) -> float:
    return (x - 0.3) ** 2


def flat(x: float, y: int) -> float:
    return x + y


def endless(x: float, task: Any) -> None:
    for iteration in range(1_000_000):
        task.report("loss", x, iteration)
        time.sleep(0.01)


def short(x: float, task: Any) -> None:
    for iteration in range(5):
        task.report("loss", x + 1 / (iteration + 1), iteration)


def test_start_returns_at_once_and_the_search_finds_the_best(store: Path) -> None:
    began = time.monotonic()
    study = hpo.tune(parabola, SPACE, max_jobs=25, concurrency=2, seed=1, name="parabola")
    returned = time.monotonic() - began
    assert study.state == "running"
    assert study.wait(PATIENCE_S)
    assert returned < 5 < PATIENCE_S
    assert (study.state, study.record.reason) == ("completed", "limit: total_max_jobs")
    table = study.tasks()
    assert list(table.columns) == ["trial", "id", "state", "reason", "objective", "iteration", "duration", "x"]
    assert len(table) == 25
    assert set(table["state"]) == {"completed"}  # none is pruned for the result it returned
    assert study.best.objective == table["objective"].min() == parabola(study.best.parameters["x"])
    assert (study.best_params, study.best_value) == (study.best.parameters, study.best.objective)
    assert (store / ".gitignore").read_text() == "*\n"


def test_a_second_study_of_a_name_gets_a_number_and_says_so_when_the_name_was_chosen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = [hpo.tune(parabola, SPACE, max_jobs=1, name="bread") for _ in range(2)]
    unchosen = [hpo.tune(parabola, SPACE, max_jobs=1) for _ in range(2)]
    assert [study.name for study in chosen + unchosen] == ["bread", "bread-2", "parabola", "parabola-2"]
    said = "The name 'bread' was taken by an earlier study; this one is 'bread-2'."
    assert [record.getMessage() for record in caplog.records if "taken" in record.getMessage()] == [said]
    assert hpo.attach("bread").id == chosen[0].id
    for study in chosen + unchosen:
        study.wait(PATIENCE_S)


def test_a_study_is_awaited_without_blocking_the_loop() -> None:
    async def main() -> tuple[str, int]:
        study = hpo.tune(short, SPACE, objective="loss", max_jobs=6, concurrency=2)
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        await study
        ticking.cancel()
        return study.state, ticks

    state, ticks = asyncio.run(main())
    assert state == "completed"
    assert ticks > 10


def test_one_slot_and_a_seed_give_the_same_search_again() -> None:
    runs = []
    for _ in range(2):
        study = hpo.tune(parabola, SPACE, max_jobs=15, concurrency=1, seed=3)
        study.wait(PATIENCE_S)
        runs.append(list(study.tasks()["x"]))
    assert runs[0] == runs[1]


def test_pause_resume_and_enqueue() -> None:
    study = hpo.tune(parabola, SPACE, max_jobs=10_000, concurrency=2, strategy="random")
    wait_for(lambda: "completed" in states(study), "a first result")
    study.pause()
    wait_for(lambda: study.state == "paused", "the pause")
    wait_for(lambda: not {"running", "queued"} & set(states(study)), "running tasks to end")
    paused_at = len(states(study))
    study.enqueue({"x": 0.3})
    assert not study.wait(0.2)
    assert len(states(study)) == paused_at
    study.resume()
    wait_for(lambda: len(states(study)) > paused_at, "new tasks")
    assert study.store.tasks(study.id)[paused_at].parameters == {"x": 0.3}
    wait_for(lambda: study.best.objective == 0.0, "the enqueued trial's result")


def test_a_trial_that_is_no_member_of_the_space_is_refused_with_the_closest_names() -> None:
    study = hpo.tune(parabola, SPACE, max_jobs=1)
    with pytest.raises(InvalidInput, match="x"):
        study.enqueue({"xx": 3.0})
    study.wait(PATIENCE_S)


def test_stop_aborts_the_tasks_and_says_that_a_person_did() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", max_jobs=4, concurrency=2)
    wait_for(lambda: states(study).count("running") == 2, "two running tasks")
    study.stop()
    assert study.wait(PATIENCE_S)
    assert (study.state, study.record.reason) == ("stopped", "user")
    found = [(t.state.value, t.reason) for t in study.store.tasks(study.id)]
    assert found == [("aborted", "user (stopped with the study)")] * 2


def test_a_stopped_study_ends_with_all_its_trials_when_it_is_resumed_and_one_stopped_by_hand_stays_stopped() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", max_jobs=4, concurrency=2, strategy="random")
    wait_for(lambda: states(study).count("running") == 2, "two running tasks")
    by_hand, cut_off = study.store.tasks(study.id)
    study.stop_task(by_hand.id)
    wait_for(lambda: states(study).count("running") == 2 and len(states(study)) == 3, "the third task")
    study.stop()
    assert study.wait(PATIENCE_S)
    study.resume(max_iteration_per_job=3)
    assert study.wait(PATIENCE_S)

    table = study.tasks()
    finished = table[table["state"] == "completed"]
    assert list(finished["trial"]) == [1, 2, 3] and finished["x"].iloc[0] == cut_off.parameters["x"]
    assert list(table["reason"][:3]) == ["user", *["user: stopped with the study, run again"] * 2]
    assert study.best.id in {by_hand.id, *finished["id"]}
    assert study.usage.jobs == 4


def test_drain_lets_the_running_tasks_end() -> None:
    study = hpo.tune(short, SPACE, objective="loss", max_jobs=10_000, concurrency=2, strategy="random")
    wait_for(lambda: "completed" in states(study), "a first result")
    study.drain()
    assert study.wait(PATIENCE_S)
    assert study.state == "stopped"
    assert set(states(study)) == {"completed"}


def test_one_task_is_stopped_or_skipped_and_the_search_goes_on() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", max_jobs=3, concurrency=2)
    wait_for(lambda: states(study).count("running") == 2, "two running tasks")
    wait_for(lambda: len(study.store.summaries(study.id)) == 2, "their first reports")
    first, second = study.store.tasks(study.id)
    study.stop_task(first.id)
    study.skip(second.id)
    wait_for(lambda: states(study)[:2] == ["aborted", "aborted"] and len(states(study)) == 3, "the third task")
    reasons = [t.reason for t in study.store.tasks(study.id)][:2]
    assert reasons == ["user", "user: skipped"]
    assert study.best.id == first.id


def test_limits_and_concurrency_change_while_it_runs() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", max_jobs=10, concurrency=1, strategy="random")
    wait_for(lambda: states(study) == ["running"], "the first task")
    study.set_limits(concurrency=3)
    wait_for(lambda: states(study) == ["running"] * 3, "three tasks at a time")
    study.set_limits(max_iteration_per_job=5, max_jobs=4)
    assert study.wait(PATIENCE_S)
    assert states(study) == ["completed"] * 4
    assert study.store.tasks(study.id)[0].reason == "limit: max_iteration_per_job"
    with pytest.raises(InvalidInput, match="max_job"):
        study.set_limits(max_job=4)


@pytest.mark.parametrize("strategy", ["random", "tpe", "cmaes", "grid"])
def test_a_space_is_narrowed_and_widened_while_it_runs_and_nothing_found_is_lost(strategy: Any) -> None:
    space = {"x": (0.0, 1.0), "y": hpo.integer(1, 9)}
    study = hpo.tune(flat, space, max_jobs=10_000, concurrency=1, strategy=strategy, seed=1)
    wait_for(lambda: states(study).count("completed") >= 12, "some results")
    study.set_space({"x": (0.7, 0.8)})
    wait_for(lambda: study.config.space[0].max_value == 0.8, "the narrow space")
    count = len(states(study))
    wait_for(lambda: len(states(study)) > count + 12, "tasks of the narrow space")
    found = study.tasks().sort_values("trial")
    assert found["x"][count + 1 :].between(0.7, 0.8).all() and list(found["trial"]) == list(range(len(found)))
    study.set_space({"x": (-1.0, 2.0)})
    wait_for(lambda: ((study.tasks()["x"] < 0) | (study.tasks()["x"] > 1)).any(), "tasks of the wide space")
    with pytest.raises(InvalidInput, match="did you mean 'x'"):
        study.set_space({"xx": (0.0, 1.0)})


def test_an_ended_study_takes_other_ranges_up_when_it_is_resumed() -> None:
    study = hpo.tune(parabola, SPACE, max_jobs=3, concurrency=1)
    study.wait(PATIENCE_S)
    study.set_space({"x": (5.0, 6.0)})
    study.resume(max_jobs=6)
    study.wait(PATIENCE_S)
    assert sorted(x > 1 for x in study.tasks()["x"]) == [False] * 3 + [True] * 3
    assert hpo.attach(study.id).config.space == study.config.space


def test_auto_is_the_default_says_what_it_chose_and_goes_on_with_its_history_after_a_resume() -> None:
    study = hpo.tune(flat, {"x": (0.0, 1.0), "y": hpo.integer(1, 3)}, max_jobs=12, concurrency=1, seed=1)
    assert study.wait(PATIENCE_S)
    assert study.config.strategy == {"name": "auto", "options": {}}
    remark = hpo.attach(study.id).remark
    assert remark.startswith("auto: ") and "one objective, 2 numbers" in remark
    study.resume(max_jobs=24)
    assert study.wait(PATIENCE_S)
    tasks = study.store.tasks(study.id)
    assert len({(t.parameters["x"], t.parameters["y"]) for t in tasks}) == 24
    assert all((t.memo or {})["auto:by"] for t in tasks)
    assert all((t.memo or {})["auto:asking"] > 0 for t in tasks)
    assert len(study.optuna_study().trials) == 24


def test_a_trial_is_run_again_archived_and_given_a_note() -> None:
    study = hpo.tune(parabola, SPACE, max_jobs=10_000, concurrency=1)
    wait_for(lambda: "completed" in states(study), "a first result")
    first = study.store.tasks(study.id)[0]
    study.retry(first.id)
    wait_for(lambda: [t.parameters for t in study.store.tasks(study.id)].count(first.parameters) == 2, "it run again")
    study.archive(first.id)
    study.note(first.id, "the <b>first</b>")
    assert study.store.task(first.id).archived and study.notes() == {first.id: "the <b>first</b>"}
    study.archive([first.id], archived=False)
    assert not study.store.task(first.id).archived
    other = hpo.tune(parabola, SPACE, max_jobs=1)
    with pytest.raises(NotFound, match="does not belong"):
        other.archive(first.id)
    other.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"time_limit": 1.0}, "limit: optimization_time_limit"),
        ({"compute_time_limit": 1.0}, "limit: compute_time_limit"),
    ],
)
def test_a_spent_study_aborts_everything_and_says_which_limit(limit: dict[str, float], reason: str) -> None:
    study = hpo.tune(endless, SPACE, objective="loss", concurrency=2, **limit)  # type: ignore[arg-type]
    assert study.wait(PATIENCE_S)
    assert (study.state, study.record.reason) == ("completed", reason)
    assert {(t.state.value, t.reason) for t in study.store.tasks(study.id)} == {("aborted", reason)}


def test_one_job_too_long_is_aborted_and_the_next_one_gets_its_slot() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", max_jobs=2, concurrency=1, job_time_limit=0.3)
    assert study.wait(PATIENCE_S)
    found = [(t.state.value, t.reason) for t in study.store.tasks(study.id)]
    assert found == [("aborted", "limit: time_limit_per_job")] * 2
    assert all((t.ended or 0) - (t.started or 0) >= 0.3 for t in study.store.tasks(study.id))


def test_a_hopeless_task_is_pruned_while_it_runs() -> None:
    def learn(x: float, task: Any) -> None:
        for iteration in range(40):
            task.report("loss", x + 1 / (iteration + 1), iteration)
            time.sleep(0.005)

    study = hpo.tune(learn, SPACE, objective="loss", max_jobs=25, concurrency=2, seed=5)
    assert study.wait(PATIENCE_S)
    pruned = [t for t in study.store.tasks(study.id) if t.state is TaskState.PRUNED]
    assert pruned
    assert {t.reason for t in pruned} == {"pruned"}
    assert len(states(study)) == 25


def test_bad_tasks_fail_alone_each_with_its_reason() -> None:
    def bad(how: str) -> float:
        if how == "raise":
            raise ZeroDivisionError("no good")
        if how == "exit":
            sys.exit(3)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if how == "text":
            return "many"  # type: ignore[return-value]
        return 1.0

    hows = ["raise", "exit", "kill", "text", "fine"]
    study = hpo.tune(bad, {"how": hows}, strategy="grid", concurrency=2)
    assert study.wait(PATIENCE_S)
    assert study.record.reason == "search space exhausted"
    found = {t.parameters["how"]: t for t in study.store.tasks(study.id)}
    assert [found[how].state.value for how in hows] == ["failed"] * 4 + ["completed"]
    assert "ZeroDivisionError: no good" in (found["raise"].error or "")
    assert "3" in (found["exit"].error or "")
    assert "SIGSEGV" in (found["kill"].error or "")
    assert "'many'" in (found["text"].error or "")
    assert study.best.parameters == {"how": "fine"}


def test_a_failed_task_is_run_again_as_often_as_asked(tmp_path: Path) -> None:
    marks = str(tmp_path)

    def flaky(x: float, task: Any) -> float:
        count = len(os.listdir(marks))
        Path(marks, task.id).touch()
        if count < 3:
            raise RuntimeError("not yet")
        return x

    (tmp_path / "store").mkdir(exist_ok=True)
    marks = str(tmp_path / "marks")
    os.mkdir(marks)
    study = hpo.tune(flaky, SPACE, max_jobs=1, concurrency=1, retries=3)
    assert study.wait(PATIENCE_S)
    assert states(study) == ["failed", "failed", "failed", "completed"]
    assert {t.trial for t in study.store.tasks(study.id)} == {0}
    assert len({t.parameters["x"] for t in study.store.tasks(study.id)}) == 1


def test_no_result_says_how_the_tasks_ended_and_what_they_reported() -> None:
    study = hpo.tune(short, SPACE, objective="los", max_jobs=2)
    study.wait(PATIENCE_S)
    for name in ("best", "best_params", "best_value"):
        with pytest.raises(NoResult, match=r"objective is los; the tasks reported loss/loss"):
            getattr(study, name)


def test_a_study_is_steered_from_another_process_and_found_by_name(store: Path) -> None:
    study = hpo.tune(endless, SPACE, objective="loss", concurrency=2, name="far")
    wait_for(lambda: states(study).count("running") == 2, "two running tasks")
    code = "import sys, hpo_widgets as hpo; s = hpo.attach('far'); print(s.state); s.stop(); print(s.wait(60), s.state)"
    environment = {**os.environ, "HPO_WIDGETS_STORE": str(store)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "running\nTrue stopped\n"
    assert study.wait(PATIENCE_S)
    with pytest.raises(NotFound, match="far"):
        hpo.attach("fa")


def test_a_living_study_has_one_driver() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", concurrency=1)
    with pytest.raises(StudyBusy, match=str(os.getpid())):
        hpo.attach(study.name).start()


def test_an_ended_study_goes_on_under_new_limits_with_all_it_knew() -> None:
    study = hpo.tune(parabola, SPACE, max_jobs=5, concurrency=2, name="again")
    study.wait(PATIENCE_S)
    again = hpo.attach("again").resume(max_jobs=12)
    assert again.wait(PATIENCE_S)
    assert [t.trial for t in again.store.tasks(again.id)] == list(range(12))


def test_interrupting_the_wait_does_not_interrupt_the_study() -> None:
    study = hpo.tune(endless, SPACE, objective="loss", concurrency=1)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(WaitInterrupted, match="goes on"):
        study.wait()
    assert study.state == "running"


def test_a_callback_that_raises_is_shown_and_harms_nothing() -> None:
    study = hpo.tune(parabola, SPACE, max_jobs=200, concurrency=2, strategy="random")
    seen: list[int | None] = []

    def callback(conclusion: Any) -> None:
        seen.append(conclusion.task.trial)
        raise LookupError("callback trouble")

    study.on_end(callback)
    assert study.wait(PATIENCE_S)
    assert study.state == "completed"
    assert len(seen) == len(set(seen)) > 100
    assert "callback trouble" in (study.notice or "")


def test_a_strategy_of_ones_own_and_one_that_raises() -> None:
    class Countdown(hpo.Strategy):
        def ask(self, trial: int) -> dict[str, Any] | None:
            if trial == 3:
                raise RuntimeError("out of ideas")
            return {"x": 1 / (trial + 1)}

    study = hpo.tune(parabola, SPACE, strategy=Countdown(), max_jobs=10, concurrency=1)
    with pytest.raises(StudyFailed, match="out of ideas"):
        study.wait(PATIENCE_S)
    assert list(study.tasks()["x"]) == [1.0, 0.5, 1 / 3]


def test_threads_share_the_memory_of_the_kernel() -> None:
    seen: list[float] = []

    def remember(x: float) -> float:
        seen.append(x)
        return x

    study = hpo.tune(remember, SPACE, max_jobs=5, isolation="thread")
    study.wait(PATIENCE_S)
    assert sorted(seen) == sorted(study.tasks()["x"])


def test_getting_ready_takes_nothing_of_a_tasks_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(1.0)\nvalue = 3\n")
    monkeypatch.syspath_prepend(tmp_path)

    def use(x: float) -> float:
        import slow_to_import

        return float(x * slow_to_import.value)

    study = hpo.tune(use, SPACE, max_jobs=2, concurrency=1, job_time_limit=0.8)
    assert study.wait(PATIENCE_S)
    assert states(study) == ["completed", "completed"]


def test_each_slot_gets_its_gpu_and_its_share_of_the_cores() -> None:
    def devices(x: float, task: Any) -> dict[str, float]:
        time.sleep(0.05)
        return {
            "objective": x,
            "device": float(os.environ["CUDA_VISIBLE_DEVICES"]),
            "threads": float(os.environ["OMP_NUM_THREADS"]),
        }

    study = hpo.tune(devices, SPACE, max_jobs=6, concurrency=2, gpus=[3, 5])
    study.wait(PATIENCE_S)
    found = [(s.metric.title, s.last) for s in study.store.summaries(study.id)]
    assert {value for name, value in found if name == "device"} == {3.0, 5.0}
    assert {value for name, value in found if name == "threads"} == {max(1.0, len(os.sched_getaffinity(0)) // 2)}


def test_everything_wrong_is_said_at_once_and_nothing_starts() -> None:
    with pytest.raises(InvalidInput) as caught:
        hpo.tune(
            parabola,
            {"x": (2.0, 1.0), "y": []},
            direction="dwon",
            strategy="tpee",
            concurrency=0,
            isolation="box",
            name=5,
            gpus=2,
            seed="7",
        )
    text = str(caught.value)
    for word in ("'x'", "'y'", "dwon", "tpee", "concurrency is 0", "box", "name is 5", "gpus is 2", "seed is '7'"):
        assert word in text
    with pytest.raises(InvalidInput, match="7 is no parameter set; give a dict"):
        hpo.tune(parabola, SPACE, enqueue=7)
    assert hpo.studies() == []


def test_several_objectives_are_ranked_by_fronts() -> None:
    def both(x: float) -> tuple[float, float]:
        return x, 1 - x if x < 0.5 else 1.0

    study = hpo.tune(both, SPACE, objective=["cost", "error"], max_jobs=12, concurrency=2, seed=1)
    study.wait(PATIENCE_S)
    best = study.top(1)[0]
    table = study.tasks()
    better = (table["cost"] <= best.objective[0]) & (table["error"] <= best.objective[1])
    assert better.sum() == 1


def test_a_study_that_is_being_stopped_is_not_resumed_before_its_end(tmp_path: Path) -> None:
    place = open_store(tmp_path / "alone")
    config = StudyConfig(name="alone", space=as_space(SPACE), objectives=parse_objectives("loss"))
    record = place.create_study("alone", "", config.to_json(), time.time())
    place.own_study(record.id, this_process(), replacing=None, state=StudyState.RUNNING)
    study = Study(place, record.id)
    study.resume()
    study.stop()
    with pytest.raises(StudyBusy, match="is being stopped; wait"):
        study.resume()
    assert [each.kind for each in place.open_requests(study=study.id)] == [RequestKind.RESUME, RequestKind.STOP]
    place.update_study(record.id, state=StudyState.STOPPED, owner=None)
    place.close()
