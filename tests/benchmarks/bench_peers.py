"""Twenty tasks of 0.2 seconds in two processes, beside Ray Tune and Syne Tune in an environment of their own.

Two seconds are the least that anything can take.
"""

from __future__ import annotations

import json
import os
import subprocess
import time

from harness import Row, folder, interleave, median

import hpo_widgets as hpo

NAME = "peers"
GOALS = {"peers": "20 tasks of 0.2 s, 2 slots, from the call to its end"}
TASKS, SECONDS, SLOTS = 20, 0.2, 2

RAY = """
import json, os, sys, tempfile, time
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
tasks, seconds, slots, place = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
import ray
from ray import tune
ray.init(num_cpus=slots, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")

def rest(config):
    time.sleep(seconds)
    tune.report({"loss": config["x"]})

began = time.perf_counter()
tuner = tune.Tuner(
    rest,
    param_space={"x": tune.uniform(0, 1)},
    tune_config=tune.TuneConfig(num_samples=tasks, max_concurrent_trials=slots),
    run_config=tune.RunConfig(storage_path=place, verbose=0),
)
tuner.fit()
print(json.dumps({"seconds": time.perf_counter() - began}))
"""

SYNE = """
import json, sys, time
from pathlib import Path
tasks, seconds, slots, place = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
script = Path(place, "rest.py")
script.write_text(
    "import argparse, time\\n"
    "from syne_tune import Reporter\\n"
    "parser = argparse.ArgumentParser()\\n"
    "parser.add_argument('--x', type=float)\\n"
    "x = parser.parse_known_args()[0].x\\n"
    f"time.sleep({seconds})\\n"
    "Reporter()(loss=x)\\n"
)
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import uniform
from syne_tune.optimizer.baselines import RandomSearch
began = time.perf_counter()
tuner = Tuner(
    trial_backend=LocalBackend(entry_point=str(script)),
    scheduler=RandomSearch({"x": uniform(0, 1)}, metrics=["loss"]),
    stop_criterion=StoppingCriterion(max_num_trials_finished=tasks),
    n_workers=slots,
    sleep_time=0.1,
    save_tuner=False,
)
tuner.run()
print(json.dumps({"seconds": time.perf_counter() - began}))
"""


def ours() -> float:
    """Gives seconds from `tune` to the end of the study, the start of the fork server included."""

    def rest(x: float) -> float:
        time.sleep(SECONDS)
        return x

    with folder() as place:
        hpo.configure(store=place)
        began = time.perf_counter()
        study = hpo.tune(rest, {"x": (0.0, 1.0)}, strategy="random", max_jobs=TASKS, concurrency=SLOTS, seed=1)
        study.wait()
        return time.perf_counter() - began


def peer(code: str) -> float:
    """Gives seconds of a peer's own call, its start-up left out."""
    with folder() as place:
        command = [os.environ["HPO_WIDGETS_PEERS_PYTHON"], "-c", code, str(TASKS), str(SECONDS), str(SLOTS), str(place)]
        environment = {**os.environ, "SYNETUNE_FOLDER": str(place), "RAY_DISABLE_IMPORT_WARNING": "1"}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=place, check=False, timeout=600
        )
        if done.returncode:
            raise RuntimeError(f"the peer failed:\n{done.stderr[-3000:]}")
        return float(json.loads(done.stdout.strip().splitlines()[-1])["seconds"])


def run(rounds: int) -> list[Row]:
    """Measures all three in turn."""
    if "HPO_WIDGETS_PEERS_PYTHON" not in os.environ:
        raise RuntimeError("the peers have an environment of their own: run `make bench PEERS=1`.")
    mine, ray, syne = interleave(rounds, ours, lambda: peer(RAY), lambda: peer(SYNE))
    seconds = median(mine)
    return [
        Row(
            goal="peers",
            what=f"{TASKS} tasks of {SECONDS} s, 2 slots",
            ours=seconds,
            unit="s",
            peer=median(each),
            peer_name=name,
            target="<= 0.33x",
            ok=seconds <= median(each) / 3,
        )
        for name, each in (("Ray Tune", ray), ("Syne Tune, 0.1 s poll", syne))
    ]
