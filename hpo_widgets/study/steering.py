"""What people ask of a study: every call is one recorded request, carried out by whoever drives it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hpo_widgets.agents.script_parameters import find, unknown
from hpo_widgets.engine.last_signs import study_sign
from hpo_widgets.engine.predicates import with_functions
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.model.limits import Limits, in_short_words, limit_names
from hpo_widgets.model.parameter_values import plain
from hpo_widgets.model.space_change import changed_space
from hpo_widgets.model.space_draws import check_not_empty
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import SKIPPED, Reason, TaskRecord
from hpo_widgets.strategies.terminators import early_end_problems
from hpo_widgets.study.stored import StoredStudy


class Steering(StoredStudy):
    """Steers a study from any process: the kernel that runs it, another notebook, the command line."""

    def pause(self) -> None:
        """Starts no new tasks; running ones go on to their end."""
        self._ask(RequestKind.PAUSE)

    def drain(self) -> None:
        """Starts no new tasks and stops when the running ones have ended."""
        self._ask(RequestKind.DRAIN)

    def stop(self) -> None:
        """Aborts all tasks and ends the study; it can be resumed.

        What they have reported counts until then: `resume` runs their trials again from the start, so that the study
        ends with as many finished trials as it was asked for. A task that was stopped by `stop_task` stays stopped.
        """
        record = self.record
        if self._is_interrupted(record):
            ended = study_sign(self.store, record)
            self.store.update_study(self.id, state=StudyState.STOPPED, reason=Reason.USER.value, ended=ended)
        elif record.state.is_live:  # one that ends meanwhile of itself has what was asked for
            self.store.request(RequestKind.STOP, study=self.id, task=None, payload={}, now=time.time())

    def stop_task(self, task: str) -> None:
        """Ends one task; the value it has reached counts."""
        self._ask_task(task, Reason.USER.value)

    def skip(self, task: str) -> None:
        """Ends one task and takes its value out of the search."""
        self._ask_task(task, SKIPPED)

    def enqueue(self, parameters: dict[str, Any]) -> None:
        """Runs a trial with these parameters before anything the strategy proposes.

        Raises:
            InvalidInput: When a name or value does not belong to the search space, or a constraint is broken, all
                problems at once.
        """
        with_functions(self.store, self.config.space).locate(parameters)
        self._ask(RequestKind.ENQUEUE, {"parameters": parameters})

    def set_limits(self, **limits: Any) -> None:
        """Puts other limits in force while the study runs; names as in `tune` or as in `Limits`, `None` removes one.

        Raises:
            InvalidInput: For an unknown name, a value out of range, or one that cannot judge this study here:
                `patience`, `target` and terminators judge one objective, and some terminators need packages.
        """
        changes = limit_names(limits)
        self._changed_limits(changes)
        self._ask(RequestKind.SET_LIMITS, changes)

    def _changed_limits(self, changes: dict[str, Any]) -> Limits:
        try:
            found = Limits.from_json({**self.record.limits, **changes})
        except InvalidInput as error:
            raise InvalidInput(in_short_words(error.problems), subject="limits") from None
        concerns = changes.keys() & {"terminator", "expected_gain", "patience", "target"}
        if concerns and (problems := early_end_problems(found, self.config.objectives)):
            raise InvalidInput(problems, subject="limits")
        return found

    def set_space(self, space: Any, defaults: Mapping[str, Any] | None = None) -> None:
        """Narrows or widens what is searched, from the next proposal on; an ended study takes it up when resumed.

        Everything found so far stays and counts; the strategy learns from what lies inside. Running tasks go on, and
        constraints stay as they are.

        Args:
            space: Other ranges for some of the parameters, as in `tune`: `{"lr": hpo.loguniform(1e-4, 1e-3)}`; and
                parameters that were not searched so far, which the base task has to take.
            defaults: For each of the latter the value that all trials before had, as the base task's own default: the
                strategy learns from them as trials with this value.

        Raises:
            InvalidInput: For ranges that are not sound or in which nothing keeps the constraints, names that the study
                does not search and that have no default, or that its base task does not take.
        """
        changes, config, had = as_space(space), self.config, {k: plain(v) for k, v in (defaults or {}).items()}
        changed = changed_space(config.space, changes, had)
        if config.space.constraints:
            check_not_empty(with_functions(self.store, changed))
        if had and (problems := _not_taken(self.base_task, had)):
            raise InvalidInput(problems, subject="search space")
        payload = {"space": changes.to_json(), **({"defaults": had} if had else {})}
        self.store.request(RequestKind.SET_SPACE, study=self.id, task=None, payload=payload, now=time.time())

    def retry(self, task: str) -> None:
        """Runs a trial with the parameters of a task again, before anything the strategy proposes."""
        self._ask(RequestKind.ENQUEUE, {"parameters": dict(self._own(task).parameters)})

    def archive(self, tasks: str | Iterable[str], *, archived: bool = True) -> None:
        """Puts tasks out of sight, or back; what they found counts as before.

        Raises:
            NotFound: When there is no such task; none is changed then.
        """
        found = [self._own(task) for task in ([tasks] if isinstance(tasks, str) else tasks)]
        with self.store.transaction():
            for task in found:
                self.store.update_task(task.id, archived=archived)

    def note(self, task: str, text: str) -> None:
        """Keeps a remark with a task in place of the one before; `notes` gives them."""
        own = self._own(task)
        with self.store.transaction():
            card = self.store.card(own.id)
            project = card.project or self.record.project
            self.store.put_card(own.id, replace(card, comment=text, project=project))

    def notes(self) -> dict[str, str]:
        """Gives the remarks by task id."""
        return {task: card.comment for task, card in self.store.cards(self.id).items() if card.comment}

    def _own(self, task: str) -> TaskRecord:
        found = self.store.task(task)
        if found.study != self.id:
            raise NotFound(f"the task {task!r} does not belong to the study {self.record.name!r}.")
        return found

    def _ask(self, kind: RequestKind, payload: dict[str, Any] | None = None) -> None:
        record = self.record
        if record.state is not StudyState.CREATED and (not record.state.is_live or self._is_interrupted(record)):
            raise InvalidInput(f"the study {record.name!r} is {self.state_of(record)}; study.resume() goes on with it.")
        self.store.request(kind, study=self.id, task=None, payload=payload or {}, now=time.time())

    def _ask_task(self, task: str, reason: str) -> None:
        id = self._own(task).id
        self.store.request(RequestKind.STOP_TASK, study=self.id, task=id, payload={"reason": reason}, now=time.time())


def _not_taken(base: BaseTask | None, names: Iterable[str]) -> list[str]:
    """Lists the names for which a base task is known to have no parameter."""
    if base is None:
        return []
    if base.parameters:
        return [unknown(name, base.parameters, base.name) for name in names if find(name, base.parameters) is None]
    arguments = base.about.get("signature")
    if arguments is None or any(each["kind"] == "var_keyword" for each in arguments):
        return []
    taken = [each["name"] for each in arguments if each["kind"] != "positional_only" and each["name"] != "task"]
    return [
        f"{base.name!r} has no argument for the parameter {name!r}; it takes {', '.join(taken) or 'none'}."
        for name in names
        if name not in taken
    ]
