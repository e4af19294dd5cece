"""Scripts as they are, searched from end to end in real processes."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.agents.console import read_log
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.sdk.script import script_base_task
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

TASKS = Path(__file__).parents[2] / "notebooks" / "tasks"
PATIENCE_S = 90.0


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    hpo.configure(store=tmp_path / "store")
    yield tmp_path / "store"
    for study in hpo.studies():
        study.stop()
        wait_for(lambda study=study: study.state not in ("running", "paused", "draining"), "the study's end")
        # What is captured in the background must not write to a folder that is gone.
        wait_for(lambda study=study: "command" in captured(study), "the capture")
    hpo.configure(store=None)


def captured(study: Study) -> dict[str, Any]:
    base = study.base_task
    return {} if base is None or "python" not in base.about else base.about


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def written(text: str, name: str = "train.py") -> Path:
    path = Path(name)
    path.write_text(textwrap.dedent(text))
    return path


def searched(base: Any, space: dict[str, Any], **keywords: Any) -> Study:
    study = hpo.tune(base, space, **{"max_jobs": 4, "concurrency": 2, "strategy": "random", "seed": 1} | keywords)
    assert study.wait(PATIENCE_S)
    return study


def console(study: Study, index: int = 0) -> str:
    folder = study.store.folder
    assert folder is not None
    return read_log(folder, study.store.tasks(study.id)[index].id).text


def failure(study: Study) -> str:
    task = study.store.tasks(study.id)[0]
    assert task.state.value == "failed"
    return f"{task.reason}\n{task.error}"


# -- the scripts of the repository ----------------------------------------------------------------------------------
def test_a_scikit_learn_script_with_argparse_is_searched() -> None:
    pytest.importorskip("sklearn")
    space = {"alpha": hpo.loguniform(1e-6, 1e-1), "Args/loss": ["hinge", "log_loss"], "epochs": (1, 3)}

    study = searched(TASKS / "digits_argparse.py", space, objective="accuracy", direction="max", metrics="stdout")

    best = study.best
    assert best.objective > 0.5
    assert best.iteration == best.parameters["epochs"] - 1
    assert f"accuracy={best.objective:.4f}" in console(study, best.trial or 0)


def test_a_script_in_clearmls_style_is_searched() -> None:
    pytest.importorskip("sklearn")
    space = {
        "learning_rate": hpo.loguniform(1e-2, 1.0),
        "General/tree/leaves": (4, 16),
        "rounds": [2],
        "Data/seed": [1],
    }

    study = searched(TASKS / "digits_task.py", space, objective=("accuracy", "valid", "max"), max_jobs=3)

    assert set(study.tasks()["state"]) <= {"completed", "pruned"}
    assert study.best.objective > 0.5
    assert study.best.iteration == 1
    base = study.base_task
    assert base is not None
    assert {each.name: each.default for each in base.parameters} == {
        "General/learning_rate": 0.1,
        "General/tree/leaves": 8,
        "General/tree/min_samples": 20,
        "General/rounds": 4,
        "Data/test_size": 0.25,
        "Data/seed": 0,
    }


def test_a_click_script_is_searched() -> None:
    pytest.importorskip("click")
    space = {"trees": (5, 20), "max-depth": (2, 6), "Args/bootstrap": [True, False], "criterion": ["gini", "entropy"]}

    study = searched(
        TASKS / "digits_click.py", space, args=["3"], objective="accuracy", direction="max", metrics="stdout"
    )

    assert study.best.objective > 0.5
    assert set(study.tasks()["state"]) == {"completed"}


def test_a_script_with_literals_is_searched() -> None:
    pytest.importorskip("numpy")
    space = {"learning_rate": (0.01, 0.5), "General/degree": [1, 3], "steps": 40}

    study = searched(str(TASKS / "sine_literals.py"), space, objective="loss", metrics="stdout")

    points = study.scalars(study.best.id, "loss")
    assert [point.iteration for point in points] == [20, 40]
    assert study.best.objective == points[-1].value
    assert {t.parameters["steps"] for t in study.store.tasks(study.id)} == {40}


@pytest.mark.timeout(300)
def test_a_torch_script_with_a_summary_writer_is_searched() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    space = {"lr": hpo.loguniform(1e-3, 1e-1), "activation": ["relu", "tanh"], "epochs": 2}

    study = searched(TASKS / "digits_torch.py", space, objective=("loss", "valid", "min"), args=["--logdir", "runs"])

    metrics = {(each.metric.title, each.metric.series) for each in study.store.summaries(study.id)}
    assert metrics == {("loss", "train"), ("loss", "valid"), ("accuracy", "accuracy")}
    assert study.best.iteration == 1
    assert list(Path("runs").glob("events.*"))
    assert "Warning" not in console(study)


def test_a_tensorboardx_writer_is_recorded_and_still_writes() -> None:
    pytest.importorskip("tensorboardX")
    path = written("""
        from tensorboardX import SummaryWriter
        lr = 0.1
        with SummaryWriter("runs") as writer:
            for step in range(3):
                writer.add_scalar("loss/train", lr * step, step * 10)
                writer.add_scalar("plain", lr)
            writer.add_scalars("both", {"a": 1.0, "b": 2.0}, 5)
    """)

    study = searched(path, {"lr": [0.5]}, objective=("loss", "train", "min"), max_jobs=1)

    assert [(p.iteration, p.value) for p in study.scalars(study.best.id, "loss", "train")] == [
        (0, 0.0),
        (10, 0.5),
        (20, 1.0),
    ]
    assert [p.iteration for p in study.scalars(study.best.id, "plain")] == [0, 1, 2]
    assert [p.iteration for p in study.scalars(study.best.id, "both", "b")] == [5]
    assert sum(each.stat().st_size for each in Path("runs").rglob("events.*")) > 100


def test_a_typer_script_is_searched() -> None:
    pytest.importorskip("typer")
    path = written("""
        import enum, typer
        class Kind(str, enum.Enum):
            a = "a"
            b = "b"
        def train(data: str, lr: float = 0.1, kind: Kind = Kind.a, fast: bool = False):
            print(f"loss={lr if kind is Kind.b and fast else 9}")
        typer.run(train)
    """)

    study = searched(
        path, {"lr": [0.25], "kind": "b", "fast": True}, args=["x"], objective="loss", metrics="stdout", max_jobs=1
    )

    assert study.best.objective == 0.25


def test_a_hydra_script_is_searched() -> None:
    pytest.importorskip("hydra")
    Path("config.yaml").write_text("optim:\n  lr: 0.1\nname: it's\n")
    path = written("""
        import hydra
        @hydra.main(version_base=None, config_path=".", config_name="config")
        def train(config):
            print(f"loss={config.optim.lr if config.name == 'a, b' else 9}")
        if __name__ == "__main__":
            train()
    """)

    space = {"Hydra/optim.lr": [0.25], "name": ["a, b"]}
    study = searched(path, space, objective="loss", metrics="stdout", max_jobs=1)

    assert study.best.objective == 0.25


# -- how a script finds itself --------------------------------------------------------------------------------------
PLAIN = """
    import argparse, json, os, sys
    import beside
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--name", default="x")
    args = parser.parse_args()
    import __main__, hpo_widgets.agents.reporter as reporter
    assert __name__ == "__main__" and __main__.args is args
    found = [sys.argv, os.path.basename(__file__), os.getcwd(), sys.path[0], beside.WORD, args.name, os.getpid()]
    print(json.dumps(found))
    reporter.current_task().get_logger().report_scalar("loss", "valid", args.lr, iteration=3)
"""


@pytest.mark.parametrize("isolation", ["fork", "spawn"])
def test_a_script_runs_as_if_it_had_been_started_by_hand(isolation: str, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "beside.py").write_text("WORD = 'own module'")
    path = written(PLAIN, "code/train.py")

    study = searched(
        path, {"lr": [0.5]}, args=["--name", "y"], objective=("loss", "valid", "min"), max_jobs=1, isolation=isolation
    )

    assert (study.best.objective, study.best.iteration) == (0.5, 3)
    whole = [[str(folder / "train.py"), "--name", "y"], "train.py", str(tmp_path), str(folder), "own module", "y"]
    assert str(whole)[1:-1].replace("'", '"') in console(study)


def test_a_script_that_was_changed_meanwhile_runs_as_it_was() -> None:
    path = written("lr = 0.1\nprint(f'loss={lr}')")
    base = script_base_task(path, metrics="stdout")
    path.write_text("raise SystemExit(9)")

    study = searched(base, {"lr": [0.5]}, objective="loss", max_jobs=1)

    assert isinstance(base, BaseTask)
    assert study.best.objective == 0.5


def test_an_exit_code_is_told() -> None:
    path = written("lr = 0.1\nimport sys\nprint('bye')\nsys.exit(3 if lr > 0.2 else 0)")

    study = searched(path, {"lr": [0.5]}, max_jobs=1)

    assert "exited with code 3" in failure(study)


def test_an_error_names_the_line_of_the_script() -> None:
    path = written("lr = 0.1\n\nraise RuntimeError(f'lost at {lr}')\n")

    study = searched(path, {"lr": [0.5]}, max_jobs=1)

    assert 'train.py", line 3, in <module>\n    raise RuntimeError' in failure(study)
    assert "RuntimeError: lost at 0.5" in failure(study)


def test_a_value_that_the_scripts_own_type_refuses_fails_the_task_naming_both() -> None:
    path = written("""
        import argparse
        def positive(text):
            if float(text) <= 0: raise argparse.ArgumentTypeError(f"{text} is not positive")
            return float(text)
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=positive)
        parser.parse_args()
    """)

    study = searched(path, {"lr": [-1.5]}, max_jobs=1)

    assert "'Args/lr' of 'train.py' takes positive and was given -1.5: -1.5 is not positive" in failure(study)


def test_values_that_had_no_effect_fail_the_task() -> None:
    path = written("""
        import argparse, os
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float)
        if not os.path.exists("parsed"):
            open("parsed", "w").close()
            parser.parse_args()
    """)

    study = searched(path, {"lr": [0.5]}, max_jobs=1)

    assert "ended without reading the parameters lr" in failure(study)


def test_a_progress_bar_does_not_flood_the_log() -> None:
    pytest.importorskip("tqdm")
    path = written("""
        import tqdm
        lr = 0.1
        for n in tqdm.tqdm(range(2000), mininterval=0, miniters=1):
            pass
        print(f"loss={lr}")
    """)

    study = searched(path, {"lr": [0.5]}, objective="loss", metrics="stdout", max_jobs=1)

    text = console(study)
    assert study.best.objective == 0.5
    assert "2000/2000" in text
    assert text.count("\n") < 50
    assert "\r" not in text


# -- nothing starts -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"lrr": [0.1]}, "'train.py' has no parameter 'lrr'; did you mean 'General/lr'?"),
        ({"lr": ["high"]}, "'General/lr' of 'train.py' takes float and was given 'high' (str)"),
        ({"layers": (0.0, 1.0)}, "'General/layers' of 'train.py' takes int and was given 0.5 (float)"),
        ({"lr": [0.1], "Args/lr": [0.2]}, "'lr' and 'Args/lr' are both the parameter 'General/lr'"),
    ],
)
def test_names_and_values_that_the_script_does_not_take_are_told_before_anything_starts(
    space: dict[str, Any], said: str
) -> None:
    path = written("lr = 0.1\nlayers = 2\n")

    with pytest.raises(InvalidInput) as caught:
        hpo.tune(path, space)

    assert said in str(caught.value)
    assert hpo.studies() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no script"),
        ("x = (\n", "train.py, line 1: '(' was never closed"),
        ("import argparse, sys\nsys.exit(3)\nparser.parse_args()", "exited with code 3 before it read"),
        ("print('x')", "has no parameters to search"),
    ],
)
def test_a_script_that_cannot_be_read_starts_nothing(text: str | None, said: str) -> None:
    if text is not None:
        written(text)

    with pytest.raises(InvalidInput, match=said.replace("(", r"\(")) as caught:
        hpo.tune("train.py", {"lr": [1]}, objective=3)

    assert len(caught.value.problems) == 2
    assert hpo.studies() == []


def test_scripts_need_processes_and_functions_take_no_command_line() -> None:
    path = written("lr = 0.1")

    with pytest.raises(InvalidInput, match="isolation is 'thread', use 'fork'"):
        hpo.tune(path, {"lr": [1.0]}, isolation="thread")
    with pytest.raises(InvalidInput, match="are for the path of a script"):
        hpo.tune(lambda lr: lr, {"lr": [1.0]}, args=["--x"])
    with pytest.raises(
        InvalidInput,
        match="is not a function; give a function, the path of a script or notebook, a base task, or a study or task",
    ):
        hpo.tune(3, {"lr": [1.0]})
    assert hpo.studies() == []


# -- what is captured -----------------------------------------------------------------------------------------------
def test_a_study_tells_what_it_runs_and_where() -> None:
    path = written("lr = 0.1\nprint(f'loss={lr}')")

    study = searched(path, {"lr": [0.5]}, objective="loss", metrics="stdout", max_jobs=1, args=["--x"])
    wait_for(lambda: "python" in captured(study), "the capture")
    again = hpo.attach(study.name, store=open_store())

    base = again.base_task
    assert base is not None
    assert (base.name, base.kind) == ("train.py", "script")
    assert [each.name for each in base.parameters] == ["General/lr"]
    assert base.about["command"][1:] == [str(path.absolute()), "--x"]
    assert base.about["sources"] == {str(path.absolute()): path.read_text()}
    assert any(line.startswith("optuna==") for line in base.about["environment"])
    assert base.about["git"] is None or len(base.about["git"]["commit"]) == 40


def test_a_function_is_captured_too() -> None:
    study = searched(lambda lr: lr, {"lr": [0.5]}, max_jobs=1)

    wait_for(lambda: "python" in captured(study), "the capture")

    base = study.base_task
    assert base is not None
    assert base.kind == "function"
    assert base.about["environment"]
