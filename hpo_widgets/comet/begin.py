"""Begins a search from a config, or finds the one that is meant."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hpo_widgets.comet.phases import Parent, read_parent, region, top_count, usable
from hpo_widgets.dialects.comet import CometConfig, read_config
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.store.base import Store

LOG = logging.getLogger(__name__)
VARIABLES = ("HPO_WIDGETS_OPTIMIZER_ID", "COMET_OPTIMIZER_ID")
"""Environment variables that name an optimizer to go on with; the first one that is set counts."""
STRATEGIES = {"random": "random", "grid": "grid", "bayes": "tpe"}


def known_id() -> str | None:
    """Gives the id of the optimizer that the environment names; `None` for none."""
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None)


def find(store: Store, id: str) -> StudyRecord:
    """Gives the record of an optimizer by its id, or by the name of its search.

    Raises:
        NotFound: When there is none.
        InvalidInput: For a study that no `Optimizer` began.
    """
    try:
        record = store.study(id)
    except NotFound as error:
        raise NotFound(
            f"{id!r} is neither a file{closest_file(Path(id))} nor the id of an optimizer: {error}"
        ) from None
    if "comet" not in record.config:
        raise InvalidInput(f"the study {record.name!r} was not begun by an Optimizer; use hpo.attach({id!r}).")
    return record


def closest_file(path: Path) -> str:
    """Gives, in brackets, the file beside a path that somebody may have meant; empty when none is close."""
    try:
        names = [each.name for each in path.parent.iterdir() if each.is_file()]
    except (OSError, ValueError):
        return f" (there is no folder {str(path.parent)!r})"
    found = get_close_matches(path.name, names, n=1)
    return f" (did you mean {str(path.parent / found[0])!r}?)" if found else ""


def read_given(config: Any) -> CometConfig | str | None:
    """Gives the config that is meant, of a dict or a file; else the id of an optimizer, as text.

    Raises:
        InvalidInput: For what is no config, with all problems at once.
    """
    if config is None:
        return None
    if isinstance(config, Mapping):
        return read_config(config)
    if not isinstance(config, str | os.PathLike):
        raise InvalidInput(f"config is {config!r:.200}; give a dict, the path of a config file, or an id.")
    path = Path(os.fspath(config))
    return read_config(path.read_text(encoding="utf-8")) if path.is_file() else str(config)


def begin(store: Store, comet: CometConfig | None, trials: int | None, parent: Any, top: int | None) -> str:
    """Records a new search and gives its id.

    Args:
        store: Where to.
        comet: The config; with a parent `None` stands for the parent's own, narrowed to its best region.
        trials: Repeats of each set, instead of what the config says.
        parent: Id or name of a study, or something with `get_id`; `None` for none.
        top: How many of the parent's best sets span that region.

    Raises:
        InvalidInput: With all problems of the config at once.
        NotFound: For a parent that is not there.
    """
    if parent is None:
        if comet is None:
            raise InvalidInput("config is None; give a dict, the path of a config file, or the id of an optimizer.")
        return _record(store, _filled(comet, trials), None)
    wanted = parent.get_id() if hasattr(parent, "get_id") else str(getattr(parent, "id", parent))
    now = time.time()
    before = read_parent(store, store.study(wanted), now)
    if comet is None:
        comet = read_config(narrowed(store, before.record, top))
    elif top is not None:
        raise InvalidInput(
            "parent_top is given beside a config; it says how far None is narrowed. Leave one of them out.",
            subject="Optimizer",
        )
    return _record(store, _filled(comet, trials), before, now)


def narrowed(store: Store, record: StudyRecord, top: int | None = None) -> dict[str, Any]:
    """Gives the config of a search narrowed to the region of its best sets; the same seed never draws it again.

    Raises:
        InvalidInput: When no set has a score yet, or `top` makes no sense.
    """
    comet = read_config(find(store, record.id).config["comet"])
    best = read_parent(store, record).sets
    count = top_count(len(best), top)
    if not count:
        raise InvalidInput(
            f"parent: no set of {record.name!r} has a score yet, so there is no best region; give a config.",
            subject="Optimizer",
        )
    parameters = region(comet, [each.parameters for each in best[:count]])
    spec = {**comet.spec, "seed": (comet.spec["seed"] or 0) + 1}
    return {**comet.to_json(), "spec": spec, "parameters": parameters}


def _filled(comet: CometConfig, trials: int | None) -> CometConfig:
    seed = comet.spec["seed"] if comet.spec["seed"] is not None else random.SystemRandom().getrandbits(31)
    full = {**comet.to_json(), "spec": {**comet.spec, "seed": seed}, "verbose": comet.verbose}
    return read_config(full if trials is None else {**full, "trials": trials})


def _record(store: Store, comet: CometConfig, parent: Parent | None, now: float | None = None) -> str:
    sign = "min_global" if comet.spec["objective"] == "minimize" else "max_global"
    config = StudyConfig(
        name=comet.name or "optimizer",
        project="",
        space=comet.space(),
        objectives=parse_objectives(comet.spec["metric"], sign),
        limits=Limits(total_max_jobs=comet.most_sets * comet.trials, retries=comet.spec["retryAssignLimit"]),
        strategy={"name": STRATEGIES[comet.algorithm], "options": {}},
        seed=comet.spec["seed"],
        base_name=comet.name or "experiment",
        repeats=comet.trials,
    )
    stored = {**config.to_json(), "comet": comet.to_json()}
    if parent is not None:
        told = len(usable(parent, comet, config))
        stored["parent"] = {"id": parent.record.id, "until": now, "sets": len(parent.sets), "told": told}
    return store.create_study(config.name, "", stored, now or time.time()).id
