"""A study written to files that other programs read."""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import plain
from hpo_widgets.study.results import Results

JSON_FORMAT = "hpo_widgets study"
JSON_VERSION = 1


class Exports(Results):
    """Writes what a study has found. A file appears whole, in place of the one before, or not at all."""

    def export_csv(self, path: str | Path) -> Path:
        """Writes the table of `tasks()`, a line a task; gives the path."""
        place = Path(path)
        return write_whole(place, self.tasks().to_csv(index=False, lineterminator="\n"))

    def export_json(self, path: str | Path) -> Path:
        """Writes what was asked for and every task with its parameters, values and metrics, as JSON; gives the path.

        NaN and infinities are the texts "NaN", "Infinity" and "-Infinity"; times are UTC seconds. Code, console and
        the points of curves are left out.
        """
        place = Path(path)
        return write_whole(place, json.dumps(self.to_json(), indent=1, allow_nan=False, ensure_ascii=False))

    def to_json(self) -> dict[str, Any]:
        """Gives what `export_json` writes."""
        record, config = self.record, self.config
        results, metrics = self._results(config), self._metrics()
        return {
            "format": JSON_FORMAT,
            "version": JSON_VERSION,
            "id": record.id,
            "name": record.name,
            "project": record.project,
            "state": self.state_of(record),
            "reason": record.reason,
            "created": record.created,
            "started": record.started,
            "ended": record.ended,
            "objectives": [{"title": o.title, "series": o.series, "sign": o.sign.value} for o in config.objectives],
            "space": _safe(config.space.to_json()),
            "limits": _safe(config.limits.to_json()),
            "strategy": _safe({k: v for k, v in config.strategy.items() if k != "code"}),
            "seed": config.seed,
            "tasks": [
                {
                    "id": task.id,
                    "trial": task.trial,
                    "attempt": task.attempt,
                    "state": task.state.value,
                    "reason": task.reason,
                    "archived": task.archived,
                    "created": task.created,
                    "started": task.started,
                    "ended": task.ended,
                    "parameters": _safe(task.parameters),
                    "values": _safe(list(results[task.id].values)) if task.id in results else None,
                    "iteration": results[task.id].iteration if task.id in results else None,
                    "metrics": metrics.get(task.id, []),
                    "error": task.error,
                }
                for task in self.store.tasks(self.id)
            ],
        }

    def _metrics(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self.store.summaries(self.id):
            data = {**each._asdict(), "title": each.metric.title, "series": each.metric.series}
            del data["task"], data["metric"]
            found.setdefault(each.task, []).append(_safe(data))
        return found

    def export_notebook(self, task: str, path: str | Path | None = None) -> Path:
        """Writes a copy of a task's executed notebook, as far as it has come; gives the path.

        Args:
            task: Id of the task.
            path: Where to; in the working folder, by the numbers of study and trial, when absent.

        Raises:
            NotFound: When the task is no notebook's, or has not begun.
        """
        number = self.store.task(task).trial
        place = Path(path) if path is not None else Path(f"study-{self.id[:8]}-trial-{number}.ipynb")
        return write_whole(place, self.notebook(task).read_text(encoding="utf-8"))

    def export_optuna(self, storage: str, name: str | None = None) -> str:
        """Copies the study into an Optuna storage, for optuna-dashboard and the like; gives its name there.

        Args:
            storage: URL as Optuna takes it, as `sqlite:///study.db`.
            name: Name there; the study's own when absent. One that is taken gets a number appended.
        """
        if not isinstance(storage, str) or "://" not in storage:
            raise InvalidInput(f"storage is {storage!r}; give a URL as Optuna takes it, as 'sqlite:///study.db'.")
        from hpo_widgets.strategies.optuna_export import copy_to_storage

        return copy_to_storage(self.optuna_study(), storage, name or self.record.name)


def write_whole(path: Path, text: str) -> Path:
    """Writes a file beside its place and puts it there when it is whole.

    Raises:
        InvalidInput: When the folder is not there or cannot be written.
    """
    place = path.expanduser()
    if place.is_dir():
        raise InvalidInput(f"{str(path)!r} is a folder; give the name of a file in it.")
    try:
        handle, beside = tempfile.mkstemp(dir=place.parent, prefix=".hpo-export-")
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} cannot be written ({error.strerror}); give a place that can.") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(beside).chmod(0o600)
        Path(beside).replace(place)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise InvalidInput(f"{str(path)!r} cannot be written ({error.strerror}); give a place that can.") from error
    return place


def _safe(value: Any) -> Any:
    """Gives a value that JSON can hold: what it cannot becomes its text."""
    value = plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, dict):
        return {str(key): _safe(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
