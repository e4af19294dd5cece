"""What a press of a button means: one call of the study each, and a sentence to show. Called on any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.study import Study
from hpo_widgets.widgets.panels.space_fields import read_ranges, read_trial

Message = Mapping[str, Any]

LIMIT_FIELDS = {
    "max_number_of_concurrent_tasks": ("trials at one time", "count"),
    "total_max_jobs": ("trials in all", "count"),
    "optimization_time_limit": ("minutes of the study", "minutes"),
    "compute_time_limit": ("minutes of computing time", "minutes"),
    "time_limit_per_job": ("minutes a trial", "minutes"),
    "min_iteration_per_job": ("iterations before a trial may be pruned", "count"),
    "max_iteration_per_job": ("iterations a trial", "count"),
    "save_top_k_tasks_only": ("best trials that are not archived", "count"),
    "retries": ("retries of a failed trial", "count"),
}
"""Limits as a form has them: name, label, and what the field holds. Forms speak minutes, the model seconds."""

EXPORTS = {
    "csv": ("export_csv", ".csv", "Table as CSV"),
    "json": ("export_json", ".json", "Everything as JSON"),
    "optuna": ("export_optuna", "", "Optuna storage"),
    "html": ("export_html", ".html", "Report as HTML"),
}
"""Kinds of export: the study's method, the ending of the file, what it is called."""


def act(study: Study, message: Message) -> str:
    """Carries out one press; gives what to say, "" when what happens can be seen.

    Raises:
        HpoError: Why it had no effect.
    """
    op = str(message.get("op"))
    if op not in _ACTIONS:
        raise InvalidInput(f"{shown(op)} is not known; there are {', '.join(sorted(_ACTIONS))}.")
    return _ACTIONS[op](study, message) or ""


def is_action(op: str) -> bool:
    """Whether a message asks for something that `act` does."""
    return op in _ACTIONS


def available(study: Study) -> list[str]:
    """Names what this study can be asked; a page shows no control for anything else."""
    needs = {"space": "set_space", "retry": "retry", "archive": "archive", "note": "note"}
    return sorted(op for op in _ACTIONS if hasattr(study, needs.get(op, "pause")))


def exports(study: Study) -> list[list[str]]:
    """Gives the exports that this study has: kind, text, and a name to begin with."""
    slug = study.id[:8]
    places = {"csv": f"study-{slug}.csv", "json": f"study-{slug}.json", "html": f"study-{slug}.html"}
    places["optuna"] = f"sqlite:///study-{slug}.db"
    return [[kind, text, places[kind]] for kind, (method, _, text) in EXPORTS.items() if hasattr(study, method)]


def limit_fields(limits: Limits) -> list[dict[str, str]]:
    """Gives the fields of a form of limits: name, label, text."""
    found = []
    for name, (label, unit) in LIMIT_FIELDS.items():
        value = getattr(limits, name)
        text = "" if value is None else f"{value / 60:g}" if unit == "minutes" else str(value)
        found.append({"name": name, "label": label, "text": text})
    return found


def read_limits(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the limits that fields say, an empty one as `None`.

    Raises:
        InvalidInput: For what is no number, all problems at once.
    """
    found: dict[str, Any] = {}
    problems = []
    for name, given in texts.items():
        label, unit = LIMIT_FIELDS.get(name, (name, "count"))
        text = str(given).strip()
        if not text:
            # The least there is: one trial at a time, no retries.
            found[name] = {"max_number_of_concurrent_tasks": 1, "retries": 0}.get(name)
            continue
        try:
            found[name] = float(text) * 60 if unit == "minutes" else int(text)
        except ValueError:
            number = "a number" if unit == "minutes" else "a whole number"
            problems.append(f"{label}: {shown(text)} is not {number}; give one, or leave it empty for no limit.")
    if problems:
        raise InvalidInput(problems, subject="limits")
    return found


def _limits(study: Study, message: Message) -> str:
    limits = read_limits(message.get("limits") or {})
    if study.state in ("running", "paused", "draining"):
        study.set_limits(**limits)
        return "New limits are on their way."
    study.resume(**limits)
    return "The study goes on under these limits."


def _resume(study: Study, message: Message) -> None:
    limits = message.get("limits")
    study.resume(**(read_limits(limits) if limits else {}))


def _enqueue(study: Study, message: Message) -> str:
    texts = {str(name): str(text) for name, text in (message.get("texts") or {}).items()}
    study.enqueue(read_trial(study.config.space, texts))
    return "The trial is queued; it starts before what the strategy proposes."


def _space(study: Study, message: Message) -> str:
    changed = read_ranges(study.config.space, message.get("fields") or ())
    study.set_space(changed)
    names = ", ".join(shown(each.name) for each in changed)
    return f"New ranges for {names}; trials from now on keep to them."


def _tasks(message: Message) -> list[str]:
    tasks = message.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise InvalidInput("no trial is chosen; select some first.")
    return [str(task) for task in tasks]


def _each(call: Callable[[Study], Callable[[str], Any]], done: str) -> Callable[[Study, Message], str]:
    def run(study: Study, message: Message) -> str:
        tasks, problems = _tasks(message), []
        for task in tasks:
            try:
                call(study)(task)
            except HpoError as error:
                problems.append(str(error))
        if problems:
            raise InvalidInput(list(dict.fromkeys(problems)))
        return done.format(n=len(tasks), s="" if len(tasks) == 1 else "s")

    return run


def _archive(study: Study, message: Message) -> str:
    tasks, archived = _tasks(message), bool(message.get("archived", True))
    study.archive(tasks, archived=archived)
    return f"{len(tasks)} {'put out of sight' if archived else 'back in sight'}; what they found counts as before."


def _note(study: Study, message: Message) -> str:
    study.note(_tasks(message)[0], str(message.get("text", ""))[:20_000])
    return "Noted."


def _export(study: Study, message: Message) -> str:
    kind, place = str(message.get("kind")), str(message.get("place", "")).strip()
    if kind not in EXPORTS or not hasattr(study, EXPORTS[kind][0]):
        raise InvalidInput(f"export {shown(kind)} is not known; there are {', '.join(k for k, *_ in exports(study))}.")
    method, ending, _ = EXPORTS[kind]
    # A slip of the hand must not replace a notebook or a script.
    if not place or not place.endswith(ending):
        raise InvalidInput(f"the name is {shown(place)}; give one that ends in {ending or 'anything'}.")
    made = getattr(study, method)(place)
    return f"Written to {place}." if ending else f"Copied to {place} as {made!r}."


_ACTIONS: dict[str, Callable[[Study, Message], Any]] = {
    "pause": lambda study, _: study.pause(),
    "resume": _resume,
    "drain": lambda study, _: study.drain(),
    "stop": lambda study, _: study.stop(),
    "limits": _limits,
    "enqueue": _enqueue,
    "space": _space,
    "stop_task": _each(lambda study: study.stop_task, "{n} trial{s} asked to stop; the value reached counts."),
    "skip": _each(lambda study: study.skip, "{n} trial{s} skipped; the value does not count."),
    "retry": _each(lambda study: study.retry, "{n} trial{s} queued again with the same parameters."),
    "archive": _archive,
    "note": _note,
    "export": _export,
}
