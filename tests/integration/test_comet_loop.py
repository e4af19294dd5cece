"""A user's own loop over `get_experiments`: what it logs, how it scores, what the store and `hpo.attach` see of it."""

from __future__ import annotations

import json
import math
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.comet import Experiment, Optimizer
from hpo_widgets.errors import HpoError, InvalidInput, NotFound
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.sqlite import SqliteStore

CONFIG: dict[str, Any] = {
    "algorithm": "bayes",
    "spec": {"metric": "train_loss", "objective": "minimize", "maxCombo": 5, "seed": 3},
    "parameters": {
        "lr": {"type": "float", "scalingType": "loguniform", "min": 1e-4, "max": 1.0},
        "layers": {"type": "integer", "scalingType": "uniform", "min": 1, "max": 3},
        "act": {"type": "categorical", "values": ["relu", "tanh"]},
    },
}


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def test_a_loop_tries_every_set_once_and_its_score_is_the_best_value_ever_logged() -> None:
    optimizer = Optimizer(CONFIG)
    study = hpo.attach(optimizer.get_id())
    seen = []
    for experiment in optimizer.get_experiments():
        assert study.state == "running"  # it is seen while the loop runs
        lr = experiment.get_parameter("lr")
        seen.append((lr, experiment.get_parameter("layers"), experiment.get_parameter("act")))
        with experiment.train():
            for step, value in enumerate((lr + 2, lr, lr + 1)):
                experiment.log_metric("loss", value, step=step)
    assert len(set(seen)) == 5
    assert study.state == "completed" and optimizer.status()["status"] == "completed"
    assert sorted(study.tasks()["train_loss"]) == pytest.approx(sorted(lr for lr, _, _ in seen))
    assert study.best.objective == min(lr for lr, _, _ in seen)


def test_repeats_run_each_set_so_often() -> None:
    optimizer = Optimizer({**CONFIG, "trials": 2})
    for experiment in optimizer.get_experiments():
        experiment.log_metric("train_loss", 1.0)
    tasks = hpo.attach(optimizer.get_id()).tasks()
    assert len(tasks) == 10 and (tasks.groupby(["lr", "layers", "act"]).size() == 2).all()
    assert optimizer.status()["comboCount"] == 5


def test_a_metric_that_was_never_logged_fails_the_experiment_and_names_what_was() -> None:
    optimizer = Optimizer({**CONFIG, "spec": {**CONFIG["spec"], "maxCombo": 1}})
    experiments = optimizer.get_experiments()
    next(experiments).log_metric("loss", 1.0)
    with pytest.warns(UserWarning, match="'train_loss' was never logged; logged were: loss") as caught:
        assert next(experiments, None) is None
    assert caught[0].filename == __file__
    (task,) = hpo.attach(optimizer.get_id()).store.tasks(optimizer.get_id())
    assert task.state.value == "failed" and "never logged" in (task.error or "")


def test_another_optimizer_goes_on_by_the_id_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Optimizer(CONFIG)
    begun = first.next()
    assert isinstance(begun, Experiment)
    begun.log_metric("train_loss", 0.5)
    begun.end()
    monkeypatch.setenv("COMET_OPTIMIZER_ID", first.get_id())
    second = Optimizer()
    for experiment in second.get_experiments():
        experiment.log_metric("train_loss", 1.0)
    assert second.get_id() == first.get_id() and len(hpo.attach(first.get_id()).tasks()) == 5


RANDOM: dict[str, Any] = {
    "algorithm": "random",
    "name": "draws",
    "spec": {"metric": "loss", "maxCombo": 4, "seed": 5},
    "parameters": {"x": {"type": "double", "min": 0.0, "max": 1.0}},
}


def tasks_of(optimizer: Optimizer) -> list[Any]:
    return optimizer.study.store.tasks(optimizer.get_id())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"experiment_class": "OnlineExperiment"}, "give 'Experiment' or 'OfflineExperiment'"),
        ({"experiment_class": dict}, "a subclass of hpo_widgets.comet.Experiment"),
        ({"trails": 3}, "'trails' is no argument of Optimizer; did you mean 'trials'?"),
        ({"parent_top": 3}, "parent_top is given without parent"),
        ({"parent": "nowhere"}, "no study 'nowhere'"),
    ],
)
def test_arguments_that_make_no_sense_are_named_and_nothing_is_recorded(arguments: Any, said: str) -> None:
    with pytest.raises(HpoError, match=re.escape(said)):
        Optimizer(RANDOM, **arguments)
    assert hpo.studies() == []


def test_a_text_that_is_neither_a_file_nor_an_id_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="neither a file nor the id"):
        Optimizer("nowhere.json")
    Path("search.config").write_text("{}")
    with pytest.raises(
        NotFound, match=r"'serach.config' is neither a file \(did you mean 'search.config'\?\) nor the id"
    ):
        Optimizer("serach.config")
    with pytest.raises(InvalidInput, match="config is None"):
        Optimizer()
    with pytest.warns(UserWarning, match="'maxcombo' is unknown and ignored") as caught:
        Optimizer({**RANDOM, "spec": {"maxcombo": 3}})
    assert len(caught) == 1


def test_an_unknown_argument_of_an_experiment_is_named_before_a_set_is_taken() -> None:
    optimizer = Optimizer(RANDOM)
    with pytest.raises(InvalidInput, match="did you mean 'project_name'"):
        next(optimizer.get_experiments(projectname="x"))
    assert tasks_of(optimizer) == []


def test_the_id_and_the_result_are_told_unless_verbose_is_0(capfd: pytest.CaptureFixture[str]) -> None:
    optimizer = Optimizer({**RANDOM, "trials": 2})
    for experiment in optimizer.get_experiments():
        experiment.log_metric("loss", experiment.params["x"])
    said = capfd.readouterr()
    assert said.out == "" and f"COMET_OPTIMIZER_ID={optimizer.get_id()}\n" in said.err
    assert "has completed: 4 sets x 2 trials; best loss" in said.err
    for quiet in ({"config": RANDOM, "verbose": 0}, {"config": {**RANDOM, "verbose": 0}}):
        for experiment in Optimizer(**quiet).get_experiments():  # type: ignore[arg-type]
            experiment.log_metric("loss", 1.0)
    assert capfd.readouterr() == ("", "")


def test_what_an_experiment_logs_besides_metrics_is_in_the_store_and_in_an_export() -> None:
    optimizer = Optimizer({**RANDOM, "spec": {"maxCombo": 1}})
    optimizer.set_metadata({"who": "me"})
    for experiment in optimizer.get_experiments(project_name="first-project"):
        experiment.log_parameter("epochs", 10)
        experiment.log_parameters({"model": {"layers": 2}, "array": object}, prefix="net")
        experiment.log_other("note", "warm")
        optimizer.update(experiment, "running", {"host": "here"})
        with experiment.validate():
            experiment.log_metrics({"loss": 0.5})
            assert experiment.get_metric("loss") == 0.5
        experiment.set_step(7)
        experiment.log_metric("loss", 0.25)
        assert experiment.get_parameter("epochs") == 10
        assert experiment.others["optimizer_id"] == optimizer.get_id()
    with pytest.raises(InvalidInput, match="has ended; log 'late' before"):
        experiment.log_other("late", 1)
    study = hpo.attach(optimizer.get_id())
    (task,) = tasks_of(optimizer)
    (trial,) = study.optuna_study().trials
    assert trial.user_attrs["epochs"] == 10 and trial.user_attrs["net_model_layers"] == 2
    assert trial.user_attrs["note"] == "warm" and trial.user_attrs["optimizer_status"] == "running"
    assert trial.user_attrs["optimizer_metadata"] == {"host": "here"} and "logged" not in trial.system_attrs
    assert study.store.card(task.id).project == "first-project"
    assert [(s.metric.title, s.iteration) for s in study.scalars(task.id)] == [("validate_loss", 0), ("loss", 7)]


def test_status_has_all_keys_of_comets_server() -> None:
    optimizer = Optimizer({**CONFIG, "trials": 2})
    optimizer.next()
    status = optimizer.status()
    assert set(status) >= {
        "algorithm", "configSpaceSize", "endTime", "id", "lastUpdateTime", "maxCombo", "name", "parameters",
        "predictor", "spec", "startTime", "state", "status", "suggestion_count", "trials", "version", "comboCount",
        "retryCount",
    }  # fmt: skip
    assert set(status["state"]) >= {
        "mode", "seed", "sequence", "sequence_i", "sequence_pid", "sequence_retry", "sequence_retry_count",
        "sequence_trial", "total",
    }  # fmt: skip
    assert (status["configSpaceSize"], status["status"], status["trials"]) == ("infinite", "running", 2)
    assert status["state"]["total"] == 5 and status["state"]["sequence_trial"] == 1


def test_sets_are_also_taken_as_data_and_become_experiments_elsewhere() -> None:
    optimizer = Optimizer(RANDOM)
    for data in optimizer.get_parameters():
        experiment = Experiment(optimizer_data=data)
        experiment.log_metric("loss", data["parameters"]["x"])
    assert [task.state for task in tasks_of(optimizer)] == [TaskState.COMPLETED] * 4
    other = Optimizer(RANDOM)
    data = other.next_data()
    assert data is not None and data["trial"] == data["count"] == 1 and data["tries"] == 1
    sent = json.loads(json.dumps(data))  # as to another process
    with Experiment(optimizer_data=sent) as experiment:
        experiment.log_metric("loss", 1.0)
    assert tasks_of(other)[0].state is TaskState.COMPLETED
    with pytest.raises(InvalidInput, match="is completed; ask the optimizer for the next one"):
        Experiment(optimizer_data=sent)
    with pytest.raises(InvalidInput, match=r"give what Optimizer\.next_data"):
        Experiment(optimizer_data={"x": 1})


def test_experiments_may_be_of_a_class_of_ones_own() -> None:
    class Mine(Experiment):
        def log_both(self, value: float) -> None:
            self.log_metrics({"loss": value, "twice": 2 * value})

    for given in (Mine, lambda **kwargs: Mine(**kwargs)):
        optimizer = Optimizer(RANDOM, experiment_class=given)
        for experiment in optimizer.get_experiments():
            experiment.log_both(1.0)
        assert len(optimizer.results()) == 4
    with pytest.raises(InvalidInput, match=r"has to give an hpo_widgets\.comet\.Experiment"):
        Optimizer(RANDOM, experiment_class=lambda **_: None).next()


def test_an_experiment_by_itself_is_a_task_of_its_own() -> None:
    experiment = Experiment(project_name="alone", log_code=False)
    experiment.log_optimization("some-search", "loss", 0.0, {"x": 2}, "minimize")
    experiment.log_metric("loss", 0.5)
    experiment.end()
    task = hpo.Task.get_task(task_id=experiment.get_key())
    assert (task.status, task.project, task.get_parameter("x")) == ("completed", "alone", 2)
    assert experiment.others["optimizer_objective"] == "minimum"
    with pytest.raises(InvalidInput, match="'log_kode' is no argument of Experiment; did you mean 'log_code'"):
        Experiment(log_kode=True)


def test_repeats_give_mean_and_spread_and_the_strategy_learns_the_mean() -> None:
    optimizer = Optimizer({**RANDOM, "trials": 3})
    for number, experiment in enumerate(optimizer.get_experiments()):
        experiment.log_metric("loss", experiment.params["x"] + (0.0, 0.3, 0.6)[number % 3])
    table = optimizer.results()
    assert list(table["counted"]) == [3] * 4 and list(table["mean"]) == sorted(table["mean"])
    assert (table["mean"] - table["x"]).tolist() == pytest.approx([0.3] * 4)
    assert table["spread"].tolist() == pytest.approx([0.3] * 4)
    assert "± 0.3 over 3 runs with x=" in optimizer.study.best_set()
    best = optimizer.status()["best"]
    assert best["runs"] == 3 and (best["score"], best["spread"]) == pytest.approx((best["parameters"]["x"] + 0.3, 0.3))


def test_a_set_that_failed_is_given_out_again_as_often_as_retry_assign_limit_says() -> None:
    optimizer = Optimizer({**RANDOM, "spec": {"maxCombo": 2, "retryAssignLimit": 1, "seed": 1}})
    tried: list[float] = []

    def run() -> None:
        for experiment in optimizer.get_experiments():
            tried.append(experiment.params["x"])
            if len(tried) > 2:
                experiment.log_metric("loss", 1.0)

    with pytest.warns(UserWarning, match="never logged; logged were: none"):
        run()
    assert tried[0] == tried[1] and tried[0] not in tried[2:] and len(tried) == 3
    assert optimizer.status()["retryCount"] == 1


def test_people_steer_the_loop_from_elsewhere() -> None:
    optimizer = Optimizer({**RANDOM, "trials": 2, "spec": {"maxCombo": 6, "seed": 2}})
    study = hpo.attach(optimizer.get_id())
    first = optimizer.next()
    assert first is not None
    study.stop_task(first.id)
    assert first.stop_early() and not first.ended
    first.log_metric("loss", 1.0)
    study.pause()
    threading.Timer(0.2, study.resume).start()  # the loop waits for it
    second = optimizer.next()
    assert second is not None and study.state == "running"
    assert (tasks_of(optimizer)[0].state.value, tasks_of(optimizer)[0].reason) == ("aborted", "user")
    second.log_metric("loss", 1.0)
    study.enqueue({"x": 0.125})
    study.set_limits(max_jobs=6)
    study.set_space({"x": (0.0, 0.5)})
    study.set_limits(concurrency=4)
    third = optimizer.next()
    assert third is not None and third.params == {"x": 0.125}
    answers = [request.answer for request in study.store.requests(study.id)]
    assert sum(answer is None for answer in answers) == 5
    assert any("begin its next phase with parent=" in (answer or "") for answer in answers)
    assert any("the limits that hold for it are" in (answer or "") for answer in answers)
    third.log_metric("loss", 1.0)
    study.stop()
    assert third.stop_early() and optimizer.next() is None and study.state == "stopped"
    assert study.resume().state == "interrupted" and "HPO_WIDGETS_OPTIMIZER_ID" in str(study.notice)
    with pytest.raises(InvalidInput, match="waits for its loop"):
        study.resume()
    rest = [experiment.log_metric("loss", 0.5) for experiment in Optimizer(optimizer.get_id()).get_experiments()]
    assert len({task.trial for task in tasks_of(optimizer)}) == 6 and rest and study.state == "completed"


def test_a_next_phase_searches_the_best_region_and_learns_from_the_one_before() -> None:
    config = {
        "algorithm": "bayes",
        "spec": {"maxCombo": 30, "seed": 1},
        "parameters": {
            "x": {"type": "double", "min": 0.0, "max": 1.0},
            "lr": {"type": "float", "scalingType": "loguniform", "min": 1e-6, "max": 1.0},
            "n": {"type": "integer", "min": 1, "max": 100},
            "act": ["relu", "tanh", "gelu"],
            "drop": {"type": "float", "scalingType": "normal", "mu": 0.5, "sigma": 0.1},
        },
    }

    def run(optimizer: Optimizer) -> list[dict[str, Any]]:
        tried = []
        for experiment in optimizer.get_experiments():
            p = experiment.params
            tried.append(p)
            loss = (p["x"] - 0.3) ** 2 + (math.log10(p["lr"]) + 3) ** 2 + abs(p["n"] - 40) / 100 + (p["act"] != "relu")
            experiment.log_metric("loss", loss)
        return tried

    first = Optimizer(config)
    old = run(first)
    second = Optimizer(parent=first.get_id(), parent_top=4)
    narrow = second.status()["parameters"]
    assert 0.0 <= narrow["x"]["min"] < narrow["x"]["max"] <= 1.0
    assert 1e-6 <= narrow["lr"]["min"] < narrow["lr"]["max"] <= 1.0 and narrow["lr"]["max"] < 0.5
    assert 1 <= narrow["n"]["min"] < narrow["n"]["max"] <= 100 and isinstance(narrow["n"]["min"], int)
    assert set(narrow["act"]["values"]) <= {"relu", "tanh", "gelu"}
    assert narrow["drop"]["mu"] == 0.5 and narrow["drop"]["min"] < narrow["drop"]["max"]
    parent = second.status()["parent"]
    assert parent["id"] == first.get_id() and parent["sets"] == 30 and parent["told"] >= 4
    new = run(second)
    assert all(narrow["x"]["min"] <= p["x"] <= narrow["x"]["max"] for p in new)
    assert not [p for p in new if p in old]
    best_old, best_new = first.results()["mean"].min(), second.results()["mean"].min()
    assert best_new <= best_old + 0.05  # it begins where the first one ended, not anew
    third = Optimizer(second.narrowed(top=3), parent=second)
    assert third.status()["parent"]["id"] == second.get_id()


def test_a_parent_of_another_aim_or_without_results_is_refused() -> None:
    parent = Optimizer(RANDOM)
    with pytest.raises(InvalidInput, match="no set of 'draws' has a score yet"):
        Optimizer(parent=parent)
    with pytest.raises(InvalidInput, match="minimizes loss, this search maximizes accuracy"):
        Optimizer({**RANDOM, "spec": {"metric": "accuracy", "objective": "maximize"}}, parent=parent)
    with pytest.raises(InvalidInput, match="it says how far None is narrowed"):
        Optimizer(RANDOM, parent=parent, parent_top=2)


def test_a_grid_skips_what_its_parent_has_tried() -> None:
    config = {"algorithm": "grid", "parameters": {"a": [1, 2, 3], "b": ["u", "v"]}}
    first = Optimizer({**config, "spec": {"maxCombo": 4}})
    for experiment in first.get_experiments():
        experiment.log_metric("loss", 1.0)
    second = Optimizer(config, parent=first)
    tried = [experiment.params for experiment in second.get_experiments() if experiment.log_metric("loss", 1.0) is None]
    assert tried == [{"a": 3, "b": "u"}, {"a": 3, "b": "v"}]
    assert second.study.record.reason == "search space exhausted"


def test_in_a_task_of_a_study_an_experiment_reports_to_that_task() -> None:
    def train(x: float) -> None:
        experiment = Experiment(project_name="ignored")
        experiment.log_parameter("epochs", 3)
        experiment.log_metric("loss", experiment.get_parameter("x"))
        experiment.end()

    study = hpo.tune(
        train, {"x": (0.0, 1.0)}, objective="loss", strategy="random", max_jobs=2, isolation="same-thread", seed=1
    )
    assert study.wait(60)
    table = study.tasks()
    assert (table["state"] == "completed").all() and (table["loss"] == table["x"]).all() and len(table) == 2
    (kept,) = study.artifacts(table["id"][0])
    assert json.loads(study.store.read_artifact(kept))["parameters"] == {"epochs": 3}


def test_asking_for_a_set_reads_what_is_new_and_not_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = Optimizer({**RANDOM, "spec": {"maxCombo": 60, "seed": 1}}, verbose=0)
    read: list[int] = []
    real = SqliteStore.delta

    def count(self: SqliteStore, *arguments: Any) -> Any:
        found = real(self, *arguments)
        read.append(len(found.tasks))
        return found

    def whole(*_: Any) -> Any:
        raise AssertionError("the loop has read all tasks of the search")

    monkeypatch.setattr(SqliteStore, "delta", count)
    monkeypatch.setattr(SqliteStore, "tasks", whole)
    monkeypatch.setattr(SqliteStore, "summaries", whole)
    for experiment in optimizer.get_experiments():
        experiment.log_metric("loss", 1.0)
    assert optimizer._seat.issuer.sets.count == 60 and max(read) <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_takes_sets_of_its_own() -> None:
    optimizer = Optimizer({**RANDOM, "spec": {"maxCombo": 6, "seed": 1}}, verbose=0)
    first = optimizer.next()
    assert first is not None
    first.log_metric("loss", 1.0)
    child = os.fork()
    if child == 0:  # it ends no experiment of its parent, and leaves one of its own behind
        os._exit(0 if optimizer.next() is not None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert [task.state.value for task in tasks_of(optimizer)] == ["running", "running"]
    for experiment in optimizer.get_experiments():
        experiment.log_metric("loss", 1.0)
    states = [task.state.value for task in tasks_of(optimizer)]
    assert states.count("completed") == 6 and states.count("lost") == 1


def test_a_dashboard_shows_an_optimizer_while_its_loop_runs() -> None:
    optimizer = Optimizer({**RANDOM, "trials": 2}, verbose=0)
    board = hpo.Dashboard(optimizer)
    try:
        assert board.head["name"] == "draws"
        for experiment in optimizer.get_experiments():
            experiment.log_metric("loss", 1.0)
        board.refresh()
        assert board.head["state"] == "completed"
    finally:
        board.close()


def test_nobody_but_its_loop_can_start_a_search_and_a_pause_before_it_holds() -> None:
    optimizer = Optimizer(RANDOM, verbose=0)
    study = hpo.attach(optimizer.get_id())
    with pytest.raises(InvalidInput, match="waits for its loop: run it with Optimizer"):
        study.start()
    study.pause()
    threading.Timer(0.2, study.resume).start()
    assert optimizer.next() is not None
    requests = study.store.requests(study.id)
    assert [request.kind.value for request in requests] == ["pause", "resume"] and tasks_of(optimizer)[0].started
    assert tasks_of(optimizer)[0].created >= requests[1].time
