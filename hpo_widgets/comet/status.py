"""How far a search is, in the words of Comet's server (reference a10)."""

from __future__ import annotations

import math
from typing import Any

from hpo_widgets.comet.issuer import Issuer
from hpo_widgets.comet.place import milliseconds
from hpo_widgets.model.study import StudyState
from hpo_widgets.study import Study

VERSION = "2.0.1"
"""The version of Comet's server whose keys these are."""
STATES = {
    StudyState.COMPLETED: "completed",
    StudyState.STOPPED: "stopped",
    StudyState.FAILED: "failed",
    StudyState.PAUSED: "paused",
}
"""Our states in Comet's words; all others are "running"."""


def status_of(issuer: Issuer) -> dict[str, Any]:
    """Gives what Comet's status holds: the config, how far the search is, times in milliseconds since 1970.

    Ours besides: `parent`, the id of the search that it goes on from, with what was learned from that; and `best`, the
    set with the best mean, with its score, spread and the number of its runs; both `None` where there is none.
    """
    record, comet = issuer.refresh(), issuer.comet
    tasks = [task for task in issuer.store.tasks(issuer.id) if task.trial is not None]
    size = issuer.config.space.grid_size if comet.algorithm == "grid" else issuer.config.space.size
    sets = {(task.trial or 0) // comet.trials for task in tasks}
    retries = sum(task.attempt > 0 for task in tasks)
    last = tasks[-1] if tasks else None
    limit = issuer.config.limits.total_max_jobs
    parent = record.config.get("parent")
    return {
        **comet.to_json(),
        "id": issuer.id,
        "name": comet.name or issuer.id,
        "configSpaceSize": "infinite" if math.isinf(size) else int(size),
        "maxCombo": comet.spec["maxCombo"],
        "comboCount": len(sets),
        "suggestion_count": len(tasks),
        "retryCount": retries,
        "predictor": None,
        "startTime": milliseconds(record.started or record.created),
        "endTime": milliseconds(record.ended),
        "lastUpdateTime": milliseconds(max((t.ended or t.created for t in tasks), default=record.created)),
        "state": {
            "mode": comet.algorithm,
            "seed": comet.spec["seed"],
            "sequence": [],
            "sequence_i": len(sets),
            "sequence_pid": None if last is None else last.id,
            "sequence_trial": None if last is None else (last.trial or 0) % comet.trials + 1,
            "sequence_retry": 0 if last is None else last.attempt,
            "sequence_retry_count": retries,
            "total": comet.most_sets if limit is None else -(-limit // comet.trials),
        },
        "status": STATES.get(record.state, "running"),
        "version": VERSION,
        "best": _best(issuer),
        "parent": None if parent is None else {key: parent[key] for key in ("id", "sets", "told")},
    }


def _best(issuer: Issuer) -> dict[str, Any] | None:
    found = Study(issuer.store, issuer.id).top_sets(1)
    if not found:
        return None
    best = found[0]
    return {"parameters": best.parameters, "score": best.mean[0], "spread": best.spread[0], "runs": best.counted}
