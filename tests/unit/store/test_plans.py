"""What queries cost: none of them looks at more than it is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hpo_widgets.store.queries import QUERIES
from hpo_widgets.store.sqlite import SqliteStore

SMALL = {"studies", "study_names", "metrics", "tick", "cursor", "agents", "agents_serving", "find_tasks"}
"""These read a whole table: one that is small, or what a person asked to look through."""
SORTS = {
    "tasks_in_states": "what it gives",
    "scalars_of_task": "one task's points",
    "scalars_of_task_of_metrics": "one task's points",
    "delta_tasks": "what is new",
    "delta_requests": "what is new",
    "requests_of_study": "what it gives",
    "open_requests_of_study": "one study's requests",
    "all_scalars": "what it gives",
    "all_scalars_of_metrics": "what it gives",
    "reports_of_study": "what it gives",
    "count_trials": "the numbers of one study's trials",
}
"""What each of these sorts."""


def plan(store: SqliteStore, query: str) -> list[str]:
    names = dict.fromkeys(re.findall(r":(\w+)", query))
    arguments = [None] * query.count("?") or names
    rows = store._connections.get().execute(f"EXPLAIN QUERY PLAN {query}", arguments)
    return [row["detail"] for row in rows]


@pytest.mark.parametrize("name", sorted(n for n, q in QUERIES.items() if q.startswith("SELECT")))
def test_no_query_reads_a_whole_table_or_sorts_without_need(name: str, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    steps = plan(store, QUERIES[name])
    store.close()
    scans = [step for step in steps if step.startswith("SCAN") and "json_each" not in step and "CONSTANT" not in step]
    if name == "open_requests_of_queue":
        assert scans == ["SCAN r USING INDEX request_open"]  # those that are open, and no others
    elif name not in SMALL:
        assert scans == []
    assert any("TEMP B-TREE" in step for step in steps) == (name in SORTS)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("waiting", "task_waiting"),
        ("claim", "task_waiting"),
        ("delta_tasks", r"task_study \(study=\? AND revision>\?\)"),
        ("delta_requests", r"request_study \(study=\? AND revision>\?\)"),
        ("delta_scalars", r"INTEGER PRIMARY KEY \(rowid>\?\)"),
        ("tasks_in_states", r"task_state \(study=\? AND state=\?\)"),
        ("summaries_of_study_of_metrics", r"PRIMARY KEY \(task=\? AND metric=\?\)"),
        ("reports_of_study", r"scalar_curve \(task=\? AND metric=\?\)"),
    ],
)
def test_the_index_made_for_a_query_serves_it(name: str, index: str, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    steps = plan(store, QUERIES[name])
    store.close()
    assert any(re.search(index, step) for step in steps), steps


def test_every_query_has_a_sentence_and_is_used() -> None:
    folder = Path(__file__).parents[3] / "hpo_widgets" / "store"
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("queries*.sql"))
    assert len(re.findall(r"-- name: \w+\n-- [A-Z].*\.\n", text)) == len(QUERIES)
    unused = {
        name for name in QUERIES if f'"{name}"' not in source and f'"{name.removesuffix("_of_metrics")}"' not in source
    }
    assert unused == set()
