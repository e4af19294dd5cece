"""How long a study of 10,000 trials takes to be taken up again, beside Optuna's SQLite storage."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

import optuna
from harness import Row, folder, interleave, median

from hpo_widgets.engine.resume import open_picture
from hpo_widgets.engine.thinking import Thinker
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.strategies.base import Problem
from hpo_widgets.strategies.registry import create_strategy

NAME = "resume"
GOALS = {"e": "resume of 10,000 trials"}
TRIALS = 10_000
SPACE = as_space({**{f"f{i}": (0.0, 1.0) for i in range(7)}, "i1": (1, 10), "i2": (1, 100), "c": ["a", "b", "c"]})
LOSS = Metric("loss", "loss")


def fill_ours(place: Path) -> None:
    """Records a study of finished trials."""
    store, dice = SqliteStore(place), random.Random(0)
    config = StudyConfig(
        name="r", space=SPACE, objectives=parse_objectives("loss"), limits=Limits(total_max_jobs=TRIALS + 1)
    )
    study = store.create_study("r", "", config.to_json(), 1.0)
    with store.transaction():
        members = [SPACE.draw(lambda _, latent: latent.draw(dice)) for _ in range(TRIALS)]
        new = [
            NewTask(study=study.id, trial=i, name="t", parameters=member, queue="q", code=None)
            for i, member in enumerate(members)
        ]
        store.create_tasks(new, 1.0)
        for task in store.claim("q", "a", TRIALS, 2.0):
            store.record_scalars(task.key, [(LOSS, 0, 2.0, dice.random())])
            store.move_task(task.id, TaskState.COMPLETED, expect=[TaskState.RUNNING], ended=3.0)
    store.close()


def resume_ours(place: Path) -> float:
    """Gives seconds from the closed store to a strategy that knows every trial."""
    began = time.perf_counter()
    store = SqliteStore(place)
    record = store.study("r")
    config = StudyConfig.from_json(record.config)
    opening = open_picture(store, record, config, 5.0, alive=lambda _: False)
    problem = Problem(space=config.space, objectives=config.objectives, seed=1)
    thinker = Thinker(create_strategy("tpe"), problem, lambda: None)
    thinker.send(opening.restore)
    seconds = time.perf_counter() - began
    assert opening.picture.jobs == len(opening.restore.past) == TRIALS
    store.close()
    return seconds


def fill_optuna(place: Path) -> None:
    """Records one trial through Optuna and the others as copies of its rows: through Optuna it takes minutes."""
    study = optuna.create_study(storage=f"sqlite:///{place / 'optuna.db'}", study_name="r")
    distributions = {
        **{f"f{i}": optuna.distributions.FloatDistribution(0, 1) for i in range(7)},
        "i1": optuna.distributions.IntDistribution(1, 10),
        "i2": optuna.distributions.IntDistribution(1, 100),
        "c": optuna.distributions.CategoricalDistribution(["a", "b", "c"]),
    }
    parameters = {**{f"f{i}": 0.5 for i in range(7)}, "i1": 3, "i2": 30, "c": "b"}
    study.add_trial(optuna.trial.create_trial(params=parameters, distributions=distributions, value=0.5))
    with sqlite3.connect(place / "optuna.db") as connection:
        copies = range(2, TRIALS + 1)
        for table, key in (("trials", "trial_id"), ("trial_params", "param_id"), ("trial_values", "trial_value_id")):
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                record = dict(zip(names, row, strict=True))
                values = [
                    {**record, key: None, "trial_id": copy, **({"number": copy - 1} if table == "trials" else {})}
                    for copy in copies
                ]
                marks = ", ".join(f":{name}" for name in names)
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)


def load_optuna(place: Path) -> float:
    """Gives seconds of Optuna's own loading of the same number of trials."""
    began = time.perf_counter()
    study = optuna.load_study(study_name="r", storage=f"sqlite:///{place / 'optuna.db'}")
    count = len(study.get_trials(deepcopy=False))
    seconds = time.perf_counter() - began
    assert count == TRIALS
    return seconds


def run(rounds: int) -> list[Row]:
    """Measures goal e."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with folder() as place:
        fill_ours(place)
        fill_optuna(place)
        mine, peer = interleave(rounds, lambda: resume_ours(place), lambda: load_optuna(place))
    seconds, theirs = median(mine), median(peer)
    common = {"what": "resume 10,000 trials", "ours": seconds, "unit": "s"}
    return [
        Row(goal="e", target="<= 2 s", ok=seconds <= 2, **common),
        Row(
            goal="e",
            target="<= 0.4x",
            ok=seconds <= 0.4 * theirs,
            peer=theirs,
            peer_name="Optuna SQLite load",
            **common,
        ),
    ]
