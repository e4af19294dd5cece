"""The form of a whole search: what to run, over which space, for which objective, within which limits, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets
from IPython.core.getipython import get_ipython

from hpo_widgets.dialects.native import write_plan
from hpo_widgets.dialects.python_cell import python_cell
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.sdk.beginnings import Beginnings
from hpo_widgets.sdk.plan_import import Imported, read_configuration
from hpo_widgets.sdk.planning import DEFAULT_MAX_JOBS, check_fit, default_concurrency, machine, methods, queues
from hpo_widgets.sdk.searchable import Proposal, Surroundings
from hpo_widgets.widgets import words
from hpo_widgets.widgets.form import Draft, Form, Problem, Reading
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.form_static import Table
from hpo_widgets.widgets.limit_fields import in_words
from hpo_widgets.widgets.limits_form import LimitsForm
from hpo_widgets.widgets.objective_form import ObjectiveForm
from hpo_widgets.widgets.space_form import SearchSpaceForm
from hpo_widgets.widgets.study_fields import (
    ISOLATIONS,
    PATH,
    option_key,
    read_base,
    read_names,
    read_rest,
    read_strategy,
    write_fields,
    write_names,
    write_strategy,
)
from hpo_widgets.widgets.study_files import file_name, not_carried, read_file, write_file

MOST_NOTICES = 50
GROUPS = {
    BaseKind.FUNCTION: "Functions of this notebook",
    BaseKind.SCRIPT: "Scripts beside it",
    BaseKind.NOTEBOOK: "Notebooks beside it",
    BaseKind.STUDY: "What studies ran",
    BaseKind.TASK: "What tasks ran",
}
RANKED = "the best trials to keep are single runs, and with repeats the mean of a set counts; leave one of them empty."
LISTED = ("name", "project", "queue", "gpus", "repeats", "warm_start", "seed")
"""Fields that a static page lists where they are filled in."""
CHILDREN = ("space", "objective", "limits")


class StudyForm(Form):
    """Is the form of a whole search: `value` is a `StudyPlan`, or `None` while `errors` says what is to be mended.

    It contains a `SearchSpaceForm`, an `ObjectiveForm` and a `LimitsForm`, as `space`, `objective` and `limits`.

    Args:
        plan: What it begins with; the latest function of the notebook and what it proposes without it.
        surroundings: Where base tasks are looked for: this notebook, its folder and its store when absent.
    """

    _esm = form_script("form_embed.js", "study_form.js")
    _css = form_style("limits_form.css", "study_form.css")
    title = "Search"

    space: Any = traitlets.Instance(SearchSpaceForm).tag(sync=True, **ipywidgets.widget_serialization)
    objective: Any = traitlets.Instance(ObjectiveForm).tag(sync=True, **ipywidgets.widget_serialization)
    limits: Any = traitlets.Instance(LimitsForm).tag(sync=True, **ipywidgets.widget_serialization)
    choices: Any = traitlets.Dict().tag(sync=True)
    """What there is to choose from: `bases`, `methods`, `queues`, `studies`, `isolations`; `machine`: a sentence."""
    notices: Any = traitlets.List().tag(sync=True)
    """What the last import or proposal has to say, one sentence each."""
    busy: Any = traitlets.Unicode("").tag(sync=True)
    """What takes a moment just now."""

    def __init__(self, plan: StudyPlan | None = None, *, surroundings: Surroundings | None = None) -> None:
        self.surroundings = surroundings if surroundings is not None else notebook_surroundings()
        self._beginnings = Beginnings(self.surroundings)
        self._proposed: dict[str, Any] = {}  # rows of the forms inside as a base task proposed them
        self.space, self.objective = SearchSpaceForm(), ObjectiveForm()
        self.limits = LimitsForm(_usual_limits())
        super().__init__(None)
        for child in CHILDREN:
            getattr(self, child).observe(self._on_child, ["value", "errors"])
        self.on_msg(self._on_message)
        self.refresh()
        if plan is not None:
            self.value = plan
        else:
            self._choose_latest()

    # -- what there is to choose from --------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Looks again for functions, files and studies to choose from."""
        found = [
            [f"{c.reference.kind.value}:{c.reference.name}", words.cut(c.label), GROUPS[c.reference.kind]]
            for c in self.surroundings.candidates()
        ]
        chosen = str(self.draft.get("fields", {}).get("base", ""))
        if chosen not in (PATH, "") and chosen not in (each[0] for each in found):
            kind, _, name = chosen.partition(":")
            here = "" if kind in ("script", "notebook") else " (not here now)"
            found.append([chosen, f"{words.cut(name)}{here}", f"Elsewhere: {kind}"])
        earlier = [[name, words.cut(name)] for name in self.surroundings.studies()]
        begun = str(self.draft.get("fields", {}).get("warm_start", ""))
        if begun and begun not in (each[0] for each in earlier):
            names = read_names(begun)
            known = len(names) > 1 and set(names) <= {each[0] for each in earlier}
            earlier.append([begun, f"{words.cut(', '.join(names))}{'' if known else ' (not here)'}"])
        self._beginnings.forget()
        cores, gpus = machine()
        listed = f"GPUs {', '.join(gpus)}" if gpus else "no GPU"
        served = queues(self.surroundings)
        slots = "".join(f" Queue {words.cut(name)} is served with {count} slots." for name, count in served.items())
        self.choices = {
            "bases": [*found, [PATH, "a file, by its path…"]],
            "methods": [
                [
                    m.name,
                    m.sentence,
                    [
                        [o.name, o.empty if o.default is None else str(o.default), list(o.choices), o.note]
                        for o in m.options
                    ],
                ]
                for m in methods()
            ],
            "queues": list(served),
            "studies": [["", "none"], *earlier],
            "isolations": [list(each) for each in ISOLATIONS.items()],
            "machine": f"This machine has {cores} core{'s' if cores > 1 else ''} and {listed}.{slots}",
        }

    def choose(self, base: BaseReference) -> None:
        """Sets what is searched, and fills in the ranges and objectives that it proposes.

        Raises:
            InvalidInput: When it is not there or cannot be read; the form stays as it was.
        """
        proposal = self.surroundings.propose(base)
        self._type({"base": f"{base.kind.value}:{base.name}"})
        self.refresh()
        self._take_proposal(proposal, replace=True)

    def propose(self) -> None:
        """Fills in the ranges and objectives that the chosen base task proposes, in place of those there are."""
        base, problems = read_base(self.draft["fields"])
        if base is None:
            raise InvalidInput([each.text for each in problems], subject="base task")
        self._take_proposal(self.surroundings.propose(base), replace=True)

    def _choose_latest(self) -> None:
        candidates = self.surroundings.candidates()
        if candidates and candidates[0].reference.kind.value == "function":
            try:
                self.choose(candidates[0].reference)
            except HpoError as error:
                self._note(_sentences(error))

    def _take_proposal(self, proposal: Proposal, *, replace: bool) -> None:
        notes = list(proposal.notes)
        self.objective.suggest(proposal.objectives)
        if replace or self._is_untouched("objective"):
            self.objective.value = list(proposal.objectives[:1])
            self._proposed["objective"] = self.objective.draft["rows"]
            self._type({"metrics": proposal.prints})
        if replace or self._is_untouched("space"):
            self._fill_space(proposal)
            self._proposed["space"] = self.space.draft["rows"]
        else:
            notes.append("The ranges are those typed before; Propose ranges brings those of this base task.")
        self._note(notes)

    def _is_untouched(self, child: str) -> bool:
        form = getattr(self, child)
        return form.draft["rows"] in (self._proposed.get(child), form._write(None)["rows"])

    def _fill_space(self, proposal: Proposal) -> None:
        space = list(proposal.space or ())
        if any(each.name is None for each in space):  # combinations have no name of their own
            self.space.value = proposal.space
            return
        known = {each.name for each in proposal.parameters}
        others = [BaseParameter(name=each.name) for each in space if each.name not in known]
        bound = proposal.space.constraints if proposal.space is not None else ()
        self.space.fill_rows([*proposal.parameters, *others], {each.name: each for each in space}, bound)

    # -- the form ----------------------------------------------------------------------------------------------------
    def _fill(self, value: Any) -> None:
        if value is None:
            for child in CHILDREN:
                getattr(self, child).value = None
        else:
            write_fields(value)  # refuses before anything is changed
            self.space.value = value.space
            self.objective.value = value.objectives
            self.limits.value = value.limits
        super()._fill(value)
        self.refresh()

    def _write(self, value: Any) -> Draft:
        if value is None:
            return {"fields": {"strategy": "auto"}}
        if not isinstance(value, StudyPlan):
            raise InvalidInput(f"{value!r:.100} is no plan of a search; give a StudyPlan, or text to `load`.")
        return {"fields": write_fields(value)}

    def _type(self, changes: Mapping[str, Any]) -> None:
        draft = self.draft
        self.draft = {**draft, "fields": {**draft["fields"], **changes}, "seq": int(draft.get("seq", 0)) + 1}

    def _on_child(self, _: Any) -> None:
        self._on_draft(None)

    def _read(self, draft: Draft) -> Reading:
        fields = draft.get("fields") or {}
        base, problems = read_base(fields)
        for child in CHILDREN[:2]:
            problems += self._problems_of(child)
        strategy, wrong = read_strategy(fields)
        rest, also_wrong = read_rest(fields)
        problems += [*wrong, *self._problems_of("limits"), *also_wrong]
        parts = {"space": self.space.value, "objectives": self.objective.value, "limits": self.limits.value}
        if problems or base is None or None in parts.values():
            return Reading(problems=problems)
        plan = StudyPlan(base=base, strategy=strategy, **parts, **rest)
        unfit, learned = [Problem("strategy", in_words(text)[1]) for text in check_fit(plan)], ""
        if plan.warm_start:
            try:
                learned = self._beginnings.tell(plan.warm_start, plan.space, plan.objectives)
            except HpoError as error:
                unfit += [Problem("warm_start", text) for text in _sentences(error)]
        if plan.repeats > 1 and (plan.limits.save_top_k_tasks_only or 0) > 0:
            unfit.append(Problem("repeats", RANKED))
        return Reading(value=None if unfit else plan, problems=unfit, shown={"learned": learned})

    def _problems_of(self, child: str) -> list[Problem]:
        return [Problem(f"{child}/{each.field}", each.text) for each in getattr(self, child).errors]

    def _table(self) -> Table:
        fields = self.draft["fields"]
        rows = [["base task", str(fields.get("base", "")).partition(":")[2] or str(fields.get("path", ""))]]
        rows += [["method", str(fields.get("strategy", ""))]]
        rows += [
            [f"parameter {each[0]}", f"{each[1]}: {each[2]}"] for each in self.space._table().rows if each[3] == "yes"
        ]
        rows += [["objective", f"{title}/{series}, {sign}"] for title, series, sign in self.objective._table().rows]
        rows += [[label.lower(), value] for label, value in self.limits._table().rows]
        rows += [[name.replace("_", " "), str(fields[name])] for name in LISTED if fields.get(name)]
        return Table(["search", ""], rows)

    def show_problems(self) -> bool:
        """Shows all messages together and takes the reader to the first; tells whether there are any."""
        for child in CHILDREN:
            getattr(self, child).send({"op": "show_messages"})
        return super().show_problems()

    def close(self) -> None:
        """Takes it off every page, the forms inside too."""
        for child in CHILDREN:
            getattr(self, child).close()
        super().close()

    # -- files -------------------------------------------------------------------------------------------------------
    def dump(self) -> str:
        """Gives the JSON of the search.

        Raises:
            InvalidInput: While something is to be mended.
        """
        return write_plan(self.require())

    def load(self, text: str) -> Imported:
        """Fills in what a text says: our JSON, that of `clearml-param-search`, or a Comet config.

        What the text does not say stays as it is and is listed in `notices`.

        Raises:
            InvalidInput: With all problems; the form stays as it was.
        """
        found = read_configuration(text)
        parts = dict(found.parts)
        whole = _whole(parts)
        if whole is not None:
            self.value = whole
        else:
            self._take_parts(parts)
        self._note(found.notes)
        return found

    def _take_parts(self, parts: dict[str, Any]) -> None:
        for child, part in zip(CHILDREN, ("space", "objectives", "limits"), strict=True):
            if part in parts:
                getattr(self, child).value = parts[part]
        base, strategy = parts.get("base"), parts.get("strategy")
        texts: dict[str, Any] = {key: parts[key] for key in ("name", "project", "queue") if key in parts}
        texts |= {"warm_start": write_names(parts["warm_start"])} if "warm_start" in parts else {}
        texts |= {key: str(parts[key]) for key in ("seed", "repeats") if key in parts}
        if strategy is not None:
            before = self.draft["fields"]
            texts |= {key: "" for key in before if key.startswith(option_key(strategy["name"], ""))}
            texts |= write_strategy(strategy)
        if base is not None:
            texts["base"] = f"{base.kind.value}:{base.name}"
        self._type(texts)
        self.refresh()

    def cell(self) -> str:
        """Gives the Python cell that starts the same search.

        Raises:
            InvalidInput: While something is to be mended.
        """
        return python_cell(self.require())

    # -- from the page -----------------------------------------------------------------------------------------------
    def _on_message(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """Carries out a click, on any thread; whatever goes wrong is said in the form."""
        op = str(content.get("op"))
        act = getattr(self, f"_do_{op}", None)
        if act is None:
            return
        try:
            act(content)
        except Exception as error:  # noqa: BLE001 - whatever it was is shown in the form
            self._note(_sentences(error))
        finally:
            self.busy = ""

    def _do_refresh(self, _: Any) -> None:
        self.refresh()

    def _do_base(self, _: Any) -> None:
        base, problems = read_base(self.draft["fields"])
        if base is not None and not problems:
            self.busy = f"Reading {words.cut(base.name)}…"
            self._take_proposal(self.surroundings.propose(base), replace=False)

    def _do_propose(self, _: Any) -> None:
        self.busy = "Reading what is searched…"
        self.propose()

    def _do_import(self, content: dict[str, Any]) -> None:
        found = self.load(str(content.get("text", "")))
        self._said(f"Imported {found.source} from {words.cut(str(content.get('name', '')))}.")

    def _do_import_path(self, content: dict[str, Any]) -> None:
        path = self.surroundings.folder / Path(str(content.get("path", ""))).expanduser()
        found = self.load(read_file(path))
        self._said(f"Imported {found.source} from {path.name}.")

    def _do_export(self, _: Any) -> None:
        if not self.show_problems():
            self.send({"op": "exported", "name": file_name(self.value), "text": self.dump()})
            self._note(not_carried(self.value))

    def _do_export_path(self, content: dict[str, Any]) -> None:
        if not self.show_problems():
            path = self.surroundings.folder / Path(str(content.get("path", ""))).expanduser()
            write_file(path, self.dump())
            self._note([f"Exported to {path}.", *not_carried(self.value)])

    def _do_code(self, _: Any) -> None:
        if not self.show_problems():
            self.send({"op": "cell", "text": self.cell()})

    def _said(self, text: str) -> None:
        self.notices = [text, *self.notices]

    def _note(self, texts: Iterable[str]) -> None:
        self.notices = [words.cut(text, 500) for text in texts][:MOST_NOTICES]


def notebook_surroundings() -> Surroundings:
    """Gives the variables of the running notebook (none outside of one), its folder, and the store in force."""
    shell = get_ipython()
    return Surroundings(shell.user_ns if shell is not None else {})


def _usual_limits() -> Limits:
    return Limits(max_number_of_concurrent_tasks=default_concurrency(), total_max_jobs=DEFAULT_MAX_JOBS)


def _whole(parts: Mapping[str, Any]) -> StudyPlan | None:
    needed = ("base", "space", "objectives", "limits", "strategy")
    return StudyPlan(**parts) if all(name in parts for name in needed) else None


def _sentences(error: Exception) -> list[str]:
    if isinstance(error, InvalidInput):
        return list(error.problems)
    return [f"{type(error).__name__}: {error}" if not isinstance(error, HpoError) else str(error)]
