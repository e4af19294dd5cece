"""Frameworks report through their own callbacks and loggers: each in a small real training, searched as a script."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.study import Study

PATIENCE_S = 200.0
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    hpo.configure(store=tmp_path / "store")
    yield
    deadline = time.monotonic() + PATIENCE_S
    for study in hpo.studies():
        while (base := study.base_task) is None or "python" not in base.about:
            assert time.monotonic() < deadline, "waited in vain for the capture"
            time.sleep(0.01)
    hpo.configure(store=None)


def trained(text: str, objective: tuple[str, str, str]) -> Study:
    path = Path("train.py")
    path.write_text("lr = 0.1\n" + textwrap.dedent(text))
    study = hpo.tune(path, {"lr": [0.5]}, objective=objective, max_jobs=1)
    assert study.wait(PATIENCE_S)
    return study


def test_lightgbm_reports_each_iteration_and_stops_early() -> None:
    pytest.importorskip("lightgbm")
    study = trained(
        """
        import lightgbm, numpy
        from hpo_widgets.integrations import LightGBMCallback
        x = numpy.random.default_rng(0).normal(size=(200, 3))
        train, valid = (lightgbm.Dataset(x[a:b], x[a:b, 0]) for a, b in ((0, 100), (100, 200)))
        options = {"objective": "l2", "learning_rate": lr, "verbose": -1, "num_threads": 1}
        stop = lightgbm.early_stopping(2, min_delta=1e9, verbose=False)
        lightgbm.train(options, train, 50, [valid], ["held"], callbacks=[LightGBMCallback(), stop])
        """,
        ("l2", "held", "min"),
    )

    assert [point.iteration for point in study.scalars(study.best.id, "l2", "held")] == [0, 1, 2]


def test_xgboost_reports_each_round() -> None:
    pytest.importorskip("xgboost")
    study = trained(
        """
        import xgboost, numpy
        from hpo_widgets.integrations import XGBoostCallback
        x = numpy.random.default_rng(0).normal(size=(100, 3))
        data = xgboost.DMatrix(x, x[:, 0])
        found = {}
        xgboost.train({"eta": lr, "nthread": 1}, data, 4, evals=[(data, "train")], verbose_eval=False,
                      evals_result=found, callbacks=[XGBoostCallback()])
        print(found["train"]["rmse"][-1])
        """,
        ("rmse", "train", "min"),
    )

    points = study.scalars(study.best.id, "rmse", "train")
    assert [point.iteration for point in points] == [0, 1, 2, 3]
    assert points[0].value > points[-1].value > 0


def test_scikit_learn_reports_each_step_of_its_fit() -> None:
    pytest.importorskip("sklearn.callback")
    study = trained(
        """
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression
        from hpo_widgets.integrations import SklearnCallback
        model = LogisticRegression(C=lr, max_iter=5).set_callbacks(SklearnCallback("accuracy"))
        model.fit(*load_iris(return_X_y=True))
        print(model.score(*load_iris(return_X_y=True)))
        """,
        ("accuracy", "LogisticRegression", "max"),
    )

    points = study.scalars(study.best.id, "accuracy", "LogisticRegression")
    assert [point.iteration for point in points] == list(range(len(points)))
    assert len(points) >= 5
    assert points[-1].value > 0.5


def test_keras_reports_each_epoch() -> None:
    pytest.importorskip("keras")
    pytest.importorskip("torch")
    study = trained(
        """
        import keras, numpy
        from hpo_widgets.integrations import KerasCallback
        x = numpy.ones((20, 2), "float32")
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(lr / 10), "mse")
        model.fit(x, x[:, :1], epochs=3, validation_split=0.5, verbose=0, callbacks=[KerasCallback()])
        """,
        ("loss", "val_loss", "min"),
    )

    for series in ("loss", "val_loss"):
        assert [point.iteration for point in study.scalars(study.best.id, "loss", series)] == [0, 1, 2]


def test_lightning_reports_what_a_module_logs() -> None:
    pytest.importorskip("pytorch_lightning")
    study = trained(
        """
        import pytorch_lightning as lightning, torch
        from hpo_widgets.integrations import LightningLogger
        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(2, 1)
            def training_step(self, batch, _):
                loss = self.layer(batch[0]).square().mean()
                self.log("loss/train", loss, on_step=True, on_epoch=False)
                return loss
            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=lr / 10)
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(6, 2)), batch_size=2)
        trainer = lightning.Trainer(max_epochs=1, logger=LightningLogger(), log_every_n_steps=1, accelerator="cpu",
                                    enable_checkpointing=False, enable_progress_bar=False)
        trainer.fit(Module(), data)
        """,
        ("loss", "train", "min"),
    )

    assert [point.iteration for point in study.scalars(study.best.id, "loss", "train")] == [0, 1, 2]


def test_outside_of_a_task_nothing_is_reported_and_nothing_fails() -> None:
    from hpo_widgets.integrations.lightgbm import LightGBMCallback
    from hpo_widgets.integrations.reporting import task_id

    class Environment:
        evaluation_result_list = (("held", "l2", 1.0, False),)
        iteration = 0

    LightGBMCallback()(Environment())

    assert task_id() == ""
