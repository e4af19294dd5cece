"""What a press of a button means: one call of the study each, and a sentence to show. Called on any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.study import Study
from hpo_widgets.widgets.limit_fields import empty_limit, in_words, limit_fields, read_limit
from hpo_widgets.widgets.panels.space_fields import read_ranges, read_trial

Message = Mapping[str, Any]

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


def read_limits(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the limits that fields say; an empty one stands for what it says of itself.

    Raises:
        InvalidInput: For what cannot be read, all problems at once.
    """
    known = {each.name: each for each in limit_fields()}
    found: dict[str, Any] = {}
    problems = []
    for name, given in texts.items():
        if name not in known:
            problems.append(f"{shown(name)} is not a limit; there are {', '.join(known)}.")
            continue
        field, text = known[name], str(given).strip()
        try:
            found[name] = read_limit(field, text) if text else empty_limit(field)
        except InvalidInput as error:
            problems += [f"{field.label}: {each}" for each in error.problems]
    if problems:
        raise InvalidInput(problems, subject="limits")
    return found


def _limits(study: Study, message: Message) -> str:
    limits = read_limits(message.get("limits") or {})
    live = study.state in ("running", "paused", "draining")
    if live and not limits:
        return "No limit was changed."
    try:
        if live:
            study.set_limits(**limits)
        else:
            study.resume(**limits)
    except InvalidInput as error:
        raise InvalidInput([in_words(each)[1] for each in error.problems], subject=error.subject) from None
    return "New limits are on their way." if live else "The study goes on under these limits."


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
