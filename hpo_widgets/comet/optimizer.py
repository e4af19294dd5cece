"""`Optimizer`: issues parameter sets to the user's own loop, from a config or by the id of one that was begun."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hpo_widgets.comet.begin import begin, find, known_id, narrowed, read_given
from hpo_widgets.comet.ending import Ending
from hpo_widgets.comet.experiment import OWN, Experiment, OfflineExperiment, check_arguments
from hpo_widgets.comet.issuer import Issuer
from hpo_widgets.comet.place import Seat, assignment
from hpo_widgets.comet.status import status_of
from hpo_widgets.comet.surroundings import say
from hpo_widgets.errors import InvalidInput, NoResult
from hpo_widgets.model.study import StudyState
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

if TYPE_CHECKING:
    import pandas as pd

LOG = logging.getLogger(__name__)
CLASSES: dict[str, Callable[..., Any]] = {"Experiment": Experiment, "OfflineExperiment": OfflineExperiment}
"""Names that `experiment_class` knows; both mean the same here."""
ARGUMENTS = ("config", "trials", "verbose", "experiment_class", "parent", "parent_top", "api_key")
LEGACY = ("optimizer_id", "workspace", "project_name")
"""Arguments that mean something with Comet's servers, or are handed on to each experiment."""


class Optimizer:
    """Issues the parameter sets of one search. Several processes may hold one by its id; each uses it in one thread.

    Args:
        config: A dict, the path of a config file, or the id of an optimizer that was begun. With `parent`, `None`
            stands for the parent's own config, narrowed to the region of its best sets.
        trials: Repeats of each set, instead of what the config says.
        verbose: 0 says nothing; else the id is told at the start and the result at the end.
        experiment_class: "Experiment", "OfflineExperiment", or what makes an experiment out of keyword arguments: a
            subclass of `hpo_widgets.comet.Experiment`, or a function that gives one.
        api_key: Accepted; there is no server.
        parent: A search before this one: its id, name or optimizer. What it has tried inside the new ranges is told to
            the strategy and not tried again; its results stay its own.
        parent_top: How many of the parent's best sets span the region; the best fifth, 5 at least, when absent.
        **kwargs: `project_name` and Comet's switches are handed on to each experiment; `optimizer_id` and `workspace`
            are accepted.

    Raises:
        InvalidInput: For a config with problems, or for arguments that make no sense, all at once, before anything is
            recorded.
        NotFound: For a text that is neither a file nor an id.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        trials: int | None = None,
        verbose: int = 1,
        experiment_class: str | Callable[..., Any] = "Experiment",
        api_key: str | None = None,
        *,
        parent: Any = None,
        parent_top: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._make = _class_of(experiment_class)
        check_arguments("Optimizer", kwargs, more=LEGACY, named=ARGUMENTS)
        self._kwargs = {key: value for key, value in kwargs.items() if key not in ("optimizer_id", "workspace")}
        if parent is None and parent_top is not None:
            raise InvalidInput("parent_top is given without parent; name the search before.", subject="Optimizer")
        self._store = store = open_store()
        self._verbose = bool(verbose)
        self.id = self._meant(store, config, trials, parent, parent_top)
        issuer = Issuer(store, self.id)
        self._seat = Seat(issuer)
        self._over = issuer.record.state.is_final
        LOG.info("COMET_OPTIMIZER_ID=%s", self.id, extra={"action": "optimizer"})
        if self._verbose:
            say(f"COMET_OPTIMIZER_ID={self.id}{_about_parent(issuer.record.config.get('parent'))}")

    def _meant(self, store: Any, config: Any, trials: int | None, parent: Any, top: int | None) -> str:
        """Gives the id of the optimizer meant: the environment's, the one named, or a new one."""
        known = known_id()
        if known is not None:
            if isinstance(config, Mapping) or parent is not None:
                LOG.warning("the optimizer %s of the environment goes on; what else is given is not used.", known)
            return find(store, known).id
        given = read_given(config)
        if isinstance(given, str):
            if parent is not None:
                raise InvalidInput(
                    f"config is the text {given!r:.100} beside a parent; give a new config, or None for the parent's "
                    "own, narrowed.",
                    subject="Optimizer",
                )
            return find(store, given).id
        if given is not None:
            self._verbose = self._verbose and bool(given.verbose)
        return begin(store, given, trials, parent, top)

    def __repr__(self) -> str:
        return f"<optimizer {self.id}>"

    def get_id(self) -> str:
        """Gives its id: 32 hexadecimal digits, for `hpo.attach`, for other processes, for later."""
        return self.id

    # -- the loop --------------------------------------------------------------------------------------------------
    def get_experiments(self, **experiment_kwargs: Any) -> Iterator[Experiment]:
        """Gives experiments until nothing is left; each ends when the next one is asked for, the last one too.

        What a `break` or an error leaves open is ended with the notebook's cell, or with the process: an experiment
        that an error left is failed, with the traceback; after a `break` it counts with what it has logged. Errors are
        never swallowed. The next loop goes on where this one was left.
        """
        while (experiment := self.next(**experiment_kwargs)) is not None:
            self._seat.leaving.watch_cell()
            try:
                yield experiment
            except GeneratorExit:
                self._seat.leaving.left(experiment.id)
                raise

    def next(self, **experiment_kwargs: Any) -> Experiment | None:
        """Ends the experiment before and gives the next one; `None` when nothing is left.

        While other processes still run sets, or the search is paused, it waits: one that dies gives its set back.

        Raises:
            InvalidInput: For an unknown argument, before a set is taken.
        """
        kwargs = {**self._kwargs, **experiment_kwargs}
        if self._make in CLASSES.values():
            check_arguments("an experiment", kwargs, more=OWN)
        self._end_open()
        data = self._take(str(kwargs.get("project_name") or ""))
        if data is None:
            return None
        made = self._make(optimizer_data=data, **kwargs)
        if not isinstance(made, Experiment):
            raise InvalidInput(
                f"experiment_class gave {made!r:.200}; it has to give an hpo_widgets.comet.Experiment, made with the "
                "optimizer_data that it was given.",
                subject="Optimizer",
            )
        return made

    def next_data(self) -> dict[str, Any] | None:
        """Takes the next set as a dict for `Experiment(optimizer_data=...)`, here or in a process started from here.

        It ends nothing. What nobody makes an experiment of goes back when this process ends. `None` when nothing is
        left.
        """
        self._seat.leaving.settle()
        data: dict[str, Any] | None = self._take("")
        return data

    def get_parameters(self) -> Iterator[dict[str, Any]]:
        """Gives what `next_data` gives until nothing is left; its experiment ends when the next one is asked for."""
        while (data := self.next_data()) is not None:
            self._seat.leaving.watch_cell()
            try:
                yield data
            except GeneratorExit:
                self._seat.leaving.left(data["pid"])
                raise
            self._seat.end(data["pid"], Ending())

    def end(self, experiment: Experiment) -> None:
        """Ends an experiment and records its score: the best value ever logged under the metric."""
        experiment.end()

    def _end_open(self) -> None:
        self._seat.leaving.settle()
        for task in list(self._seat.ends):
            self._seat.end(task, Ending())

    def _take(self, project: str) -> Any:
        seat = self._seat
        seat.leaving.begin()
        task = seat.issuer.take(project)
        if task is None:
            self._tell_end()
            return None
        self._over = False
        return assignment(seat, task)

    def _tell_end(self) -> None:
        record = self._seat.issuer.record
        if self._over or not record.state.is_final:
            return
        self._over = True
        if self._verbose:
            sets, repeats = self._seat.issuer.sets.count, self._seat.issuer.comet.trials
            tried = f"{sets} sets" if repeats == 1 else f"{sets} sets x {repeats} trials"
            say(f"the search {self.id} {STATE_WORDS[record.state]}: {tried}; {self._best_words()}")

    # -- what is known ---------------------------------------------------------------------------------------------
    def update(
        self, experiment: Experiment, status: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Notes how an experiment is doing, as "running", with metadata; both are kept among its others."""
        found = {"optimizer_status": status, "optimizer_metadata": None if metadata is None else dict(metadata)}
        experiment.log_others({key: value for key, value in found.items() if value is not None})

    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Replaces the metadata that goes with each experiment made from now on, among its others."""
        if not isinstance(metadata, Mapping):
            raise InvalidInput(f"metadata is {metadata!r:.200}; give a dict.")
        self._seat.metadata = dict(metadata)

    def status(self) -> dict[str, Any]:
        """Gives what Comet's status holds: the config, how far it is, times in milliseconds since 1970."""
        self._seat.leaving.settle()
        return status_of(self._seat.issuer)

    def results(self) -> pd.DataFrame:
        """Gives a table with a row a parameter set, best first: runs, mean and spread of its scores, parameters."""
        self._seat.leaving.settle()
        return self.study.sets()

    @property
    def study(self) -> Study:
        """The search as `hpo.attach` gives it: to steer it, to read it, to show it."""
        return Study(self._seat.issuer.store, self.id)

    def narrowed(self, top: int | None = None) -> dict[str, Any]:
        """Gives its config cut to the region of its best sets, for the next phase; change it as you like.

        Args:
            top: How many sets span the region; the best fifth, 5 at least, when absent.

        Raises:
            InvalidInput: When no set has a score yet.
        """
        self._seat.leaving.settle()
        return narrowed(self._seat.issuer.store, self._seat.issuer.record, top)

    def _best_words(self) -> str:
        try:
            best = self.study.best_set()
        except NoResult as error:
            return str(error)
        return f"best {best}."


STATE_WORDS = {
    StudyState.COMPLETED: "has completed",
    StudyState.STOPPED: "was stopped",
    StudyState.FAILED: "has failed",
}


def _class_of(given: Any) -> Callable[..., Any]:
    if isinstance(given, str) and given in CLASSES:
        return CLASSES[given]
    is_other_class = isinstance(given, type) and not issubclass(given, Experiment)
    if callable(given) and not is_other_class:
        return given  # type: ignore[no-any-return]
    raise InvalidInput(
        f"experiment_class is {given!r}; give {' or '.join(map(repr, CLASSES))}, a subclass of "
        "hpo_widgets.comet.Experiment, or a function that makes one of keyword arguments.",
        subject="Optimizer",
    )


def _about_parent(parent: Mapping[str, Any] | None) -> str:
    if parent is None:
        return ""
    return f" (goes on from {parent['id']}: {parent['told']} of its {parent['sets']} sets lie in the new ranges)"
