"""`hpo-widgets show`: lists the studies of the store, or shows one: as text, JSON, or a page to open anywhere."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from hpo_widgets.cli.main import DONE
from hpo_widgets.cli.tables import clean, results_text, table
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.limits import remaining
from hpo_widgets.sdk.tune import attach, studies
from hpo_widgets.store.location import configure
from hpo_widgets.study import Study, TaskResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes."""
    parser.add_argument("name", nargs="?", help="name or id of a study; without one all are listed")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--html", metavar="FILE", help="write a report that opens without a network")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="best tasks to show (default: %(default)s)")
    parser.add_argument("--store", help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")


def run(arguments: argparse.Namespace) -> int:
    """Shows what is asked for.

    Raises:
        InvalidInput: For a study that is not there, or arguments that cannot be meant.
    """
    if arguments.store is not None:
        configure(store=arguments.store)
    if arguments.top < 1:
        raise InvalidInput(f"--top is {arguments.top}; give a whole number from 1 on.")
    if arguments.name is None:
        if arguments.html is not None:
            raise InvalidInput("--html writes the report of one study; give its name too.")
        found = studies()
        print(_dumped([_facts(study) for study in found]) if arguments.json else _listed(found))
        return DONE
    try:
        study = attach(arguments.name)
    except NotFound as error:
        raise InvalidInput(str(error)) from None
    if arguments.html is not None:
        path = Path(arguments.html)
        try:
            study.export_html(path)
        except OSError as error:
            raise InvalidInput(f"--html {str(path)!r} cannot be written: {error.strerror}.") from None
    if arguments.json:
        top = [_task(each) for each in study.top(arguments.top)]
        print(_dumped({**_facts(study), "top": top}))
    elif arguments.html is not None:
        print(f"wrote {arguments.html}")
    else:
        print(_shown(study, arguments.top))
    return DONE


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=2, allow_nan=False, default=repr)


def _finite(value: Any) -> Any:
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _facts(study: Study) -> dict[str, Any]:
    record, config, usage = study.record, study.config, study.usage
    return {
        "name": record.name,
        "id": record.id,
        "project": record.project,
        "state": study.state,
        "reason": record.reason,
        "created": record.created,
        "objectives": [each.to_json() for each in config.objectives],
        "limits": config.limits.to_json(),
        "usage": {"jobs": usage.jobs, "iterations": usage.iterations, "compute_time": usage.compute_time},
        "best": next((_task(each) for each in study.top(1)), None),
    }


def _task(each: TaskResult) -> dict[str, Any]:
    parameters = {name: _finite(value) for name, value in each.parameters.items()}
    return {"task": each.id, "trial": each.trial, "values": list(each.result.values), "parameters": parameters}


def _listed(found: list[Study]) -> str:
    if not found:
        return "the store has no studies yet."
    rows = []
    for study in found:
        top = study.top(1)
        objective = study.config.objectives[0].name
        rows.append([study.name, study.state, study.usage.jobs, objective, top[0].result.values[0] if top else None])
    return table(["study", "state", "trials", "objective", "best"], rows)


def _shown(study: Study, count: int) -> str:
    record, config, usage = study.record, study.config, study.usage
    reason = f" ({clean(record.reason)})" if record.reason else ""
    head = f"study {clean(record.name)!r} of {clean(config.base_name)!r}: {study.state}{reason}"
    left = remaining(config.limits, usage)
    spent = (
        f"used {usage.jobs} trials, {usage.iterations} iterations, {usage.compute_time:.1f} s of compute time; "
        f"left {', '.join(f'{value:.0%} of {name}' for name, value in left.items())}"
    )
    return f"{head}\n{spent.replace('compute_time', 'compute time')}\n\n{results_text(study, count)}"
