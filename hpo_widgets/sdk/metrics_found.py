"""Which metrics a base task reports: what its code says in plain text, and what was reported before. Runs nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.sdk.notebook_literals import parse
from hpo_widgets.store.base import Store

DEFAULT = Objective("objective", "objective")
"""What a function that only returns a number is searched by."""
SMALL_IS_BETTER = frozenset({"loss", "error", "err", "mse", "mae", "rmse", "nll", "perplexity", "cost", "time", "wer"})
LARGE_IS_BETTER = frozenset({
    "accuracy", "acc", "auc", "auroc", "f1", "score", "precision", "recall", "r2", "reward", "return", "bleu", "iou",
    "map", "dice", "hits", "ndcg",
})  # fmt: skip
TITLED = ("report_scalar",)
"""Methods called with a title and a series."""
NAMED = ("report", "report_single_value", "log_metric")
"""Functions and methods called with one name, which may be `title/series`."""
COUNTERS = frozenset({"epoch", "step", "iteration", "iter", "batch", "trial", "fold", "round"})
"""Names of what is counted and not measured."""
MOST = 50
LATEST_STUDIES = 3
"""Studies of the same base task whose metrics are looked at."""


def metrics_in(source: str) -> list[Objective]:
    """Gives the metrics that a text names where it reports or returns them, in order, each with a likely sign."""
    tree = parse(source)
    if tree is None:
        return []
    return list(dict.fromkeys(objective_named(*each) for node in ast.walk(tree) for each in _said(node)))[:MOST]


def metrics_printed_in(source: str) -> list[Objective]:
    """Gives the metrics that a text prints as `epoch=3 loss=0.25`, by its f-strings."""
    tree = parse(source)
    calls = [] if tree is None else [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    printed = [call for call in calls if getattr(call.func, "id", "") == "print"]
    texts = [each for call in printed for each in call.args if isinstance(each, ast.JoinedStr)]
    parts = [part for text in texts for part in text.values if isinstance(part, ast.Constant)]
    names = [found[1] for part in parts if (found := re.search(r"([A-Za-z]\w*)\s*=\s*$", str(part.value)))]
    return [objective_named(name, name) for name in dict.fromkeys(names) if name.lower() not in COUNTERS][:MOST]


def objective_named(title: str, series: str) -> Objective:
    """Gives an objective for a metric: larger is better where its name says so, smaller in any other case."""
    words = {word.lower() for word in re.findall(r"[A-Za-z][a-z]*\d*|[A-Z]+\d*", f"{title} {series}")}
    larger = bool(words & LARGE_IS_BETTER) and not words & SMALL_IS_BETTER
    return Objective(title, series, Sign.MAX if larger else Sign.MIN)


def metrics_before(store: Store, studies: Iterable[StudyRecord], base_name: str) -> list[Objective]:
    """Gives what studies of a base task optimized and reported, the newest first."""
    found: list[Objective] = []
    same = [each for each in studies if each.config.get("base_name") == base_name]
    for study in same[:LATEST_STUDIES]:
        chosen = [Objective(o["title"], o["series"], Sign(o["sign"])) for o in study.config["objectives"]]
        reported = dict.fromkeys(summary.metric for summary in store.summaries(study.id))
        found += chosen
        known = {(each.title, each.series) for each in found}
        found += [objective_named(*metric) for metric in reported if tuple(metric) not in known]
    return list(dict.fromkeys(found))[:MOST]


def _said(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [_text(each) for each in node.args]
        by_name = {each.arg: _text(each.value) for each in node.keywords}
        first = texts[0] if texts else by_name.get("title", by_name.get("name"))
        second = texts[1] if len(texts) > 1 else by_name.get("series")
        if name in TITLED and first and second:
            yield first, second
        elif name in NAMED and first:
            yield _split(first)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
        yield from (_split(text) for key in node.value.keys if (text := _text(key)))


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _split(name: str) -> tuple[str, str]:
    title, slash, series = name.partition("/")
    return (title, series) if slash and title and series else (name, name)
