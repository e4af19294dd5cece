"""A cell becomes something that is called, sent and searched like a function."""

from __future__ import annotations

import inspect
import pickle
import threading
import traceback
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.agents.cell_kind import CellTask
from hpo_widgets.agents.ship import ship
from hpo_widgets.errors import CannotShip, InvalidInput
from hpo_widgets.sdk.magics import Options, define, read_options


def made(source: str, *, dry_run: bool = True, **namespace: Any) -> CellTask:
    return define(Options(name="train", dry_run=dry_run), source, namespace).task


def test_literals_are_parameters_and_the_last_expression_is_the_result() -> None:
    train = made("lr = 0.1\nlayers: int = 2\nact = 'relu'\nlr * layers + len(act)")

    assert train.parameters == {"lr": 0.1, "layers": 2, "act": "relu"}
    assert train() == pytest.approx(4.2)
    assert train(lr=1.0, layers=3) == 7.0
    assert str(inspect.signature(train)) == "(*, lr=0.1, layers=2, act='relu')"
    assert (train.__name__, train.version, train.base_name) == ("train", 1, "train (version 1)")
    assert train.space == hpo.SearchSpace([hpo.loguniform(1e-3, 10.0).named("lr"), hpo.integer(1, 4).named("layers")])


def test_the_notebook_keeps_its_names() -> None:
    namespace: dict[str, Any] = {"scale": 3, "lr": "mine"}
    summary = define(Options(name="train"), "lr = 0.5\nhelper = 1\nscale * lr", namespace)

    assert summary.task() == 1.5
    assert namespace == {"scale": 3, "lr": "mine", "train": summary.task}
    namespace["scale"] = 10
    assert summary.task() == 5.0


def test_a_mutable_default_is_new_in_each_call() -> None:
    train = made("layers = [1]\nlayers.append(2)\nlen(layers)")

    assert (train(), train(), train.parameters) == (2, 2, {"layers": [1]})


def test_it_travels_with_what_it_uses_and_nothing_else() -> None:
    scope: dict[str, Any] = {"__name__": "__main__", "scale": 3, "unused": threading.Lock(), "x": threading.Lock()}
    exec("def helper(x): return x * scale", scope)
    train = define(Options(name="train"), "import email.mime.text\nx = 2.5\nhelper(x)", scope).task

    shipment = ship(train)
    there = pickle.loads(shipment.body)

    assert there(x=2.0) == 6.0 and there() == 7.5
    assert "email.mime.text" in shipment.about["modules"]
    assert [each["name"] for each in shipment.about["signature"]] == ["x"]
    assert (there.version, there.parameters, there.base_parameters) == (1, {"x": 2.5}, ())


def test_what_cannot_travel_is_named() -> None:
    train = made("x = 1\nwith lock:\n    y = x\ny", lock=threading.Lock())

    with pytest.raises(CannotShip, match=r"\['lock'\], is of type _thread.lock"):
        ship(train)


def test_tracebacks_show_its_lines() -> None:
    train = made("lr = 0.1\ny = 1 / (lr - 1)\ny")

    with pytest.raises(ZeroDivisionError) as caught:
        train(lr=1)

    assert "y = 1 / (lr - 1)" in "".join(traceback.format_exception(caught.value))


def test_reports_are_the_metric_of_a_cell_without_a_number() -> None:
    summary = define(Options(name="train"), "lr = 0.1\nfor i in range(3):\n    report('loss', lr / (i + 1), i)", {})

    assert summary.metrics == {"loss": pytest.approx(0.1 / 3)}
    assert summary.task() is None
    assert made("report('loss', 1)\nobject()")() is None


def test_reports_of_code_that_the_cell_calls_count_too(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {"helper": lambda x: hpo.report("loss", x)}
    summary = define(Options(name="train"), "lr = 0.1\nhelper(lr)\nNone", namespace)

    assert summary.metrics == {"loss": 0.1}
    assert capsys.readouterr().out == ""
    hpo.report("loss", 1)
    assert capsys.readouterr().out == "loss = 1.0\n"


def test_a_cell_may_await() -> None:
    assert made("import asyncio\nx = 2.0\nawait asyncio.sleep(0)\nx")(x=3.0) == 3.0


def test_another_text_is_another_version_and_the_same_is_not() -> None:
    namespace: dict[str, Any] = {}
    versions = [define(Options(name="train"), text, namespace).task.version for text in ("1.0", "1.0", "2.0", "1.0")]

    assert versions == [1, 1, 2, 3]


def test_a_failing_dry_run_leaves_the_base_task_before() -> None:
    namespace: dict[str, Any] = {}
    before = define(Options(name="train"), "1.0", namespace).task
    with pytest.raises(ZeroDivisionError):
        define(Options(name="train"), "1 / 0", namespace)
    with pytest.raises(InvalidInput, match="gave no metric: end it with"):
        define(Options(name="train"), "x = 1", namespace)

    assert namespace["train"] is before
    assert define(Options(name="train", dry_run=False), "1 / 0", namespace).task.version == 2


def test_the_summary_says_what_is_searched() -> None:
    shown = repr(define(Options(name="train"), "lr = 0.01\nbatch_size = 32\nseed = 1\ndropout = 0.5\nlr", {}))

    assert "objective train, version 1: result = 0.01 in" in shown
    assert "lr          0.01  0.0001 .. 1 log" in shown
    assert "batch_size  32    [8, 16, 32, 64, 128]" in shown
    assert "seed        1     fixed" in shown
    assert "dropout     0.5   0.0 .. 0.9" in shown
    assert shown.endswith("search with hpo.tune(train)")


def test_what_was_wrongly_written_is_said() -> None:
    with pytest.raises(InvalidInput, match=r"no magics and no '!' .line 2: !ls"):
        made("lr = 1\n!ls\nlr")
    with pytest.raises(SyntaxError):
        made("lr = = 1")
    with pytest.raises(InvalidInput, match=r"# 1 \.\. x"):
        made("lr = 1  # 1 .. x\nlr")
    with pytest.raises(InvalidInput, match="'lrr' is no parameter of 'train'; it has 'lr'"):
        made("lr = 1\nlr")(lrr=2)
    with pytest.raises(InvalidInput, match="no parameter has a range"):
        _ = made("seed = 1\nseed").space


@pytest.mark.parametrize("line", ["3x", "a b", "--dry", "class", "'"])
def test_another_line_is_an_error_that_says_how(line: str) -> None:
    with pytest.raises(InvalidInput, match=r"write %%objective \[name\] \[--no-dry-run\]"):
        read_options(line)


def test_the_line_is_read() -> None:
    assert read_options("") == Options(name="objective", dry_run=True)
    assert read_options("--no-dry-run fit") == Options(name="fit", dry_run=False)
