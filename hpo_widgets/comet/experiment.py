"""`Experiment`: one parameter set being tried, and the door through which the user's loop reports."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import TracebackType
from typing import Any

from hpo_widgets.comet.ending import Ending, ending_of, name_of
from hpo_widgets.comet.labels import Labels
from hpo_widgets.comet.place import Place, place_here, place_of_assignment
from hpo_widgets.comet.unkept import Unkept
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import plain

IGNORED = (
    "auto_histogram_activation_logging", "auto_histogram_epoch_rate", "auto_histogram_gradient_logging",
    "auto_histogram_step_rate", "auto_histogram_tensorboard_logging", "auto_histogram_weight_logging",
    "auto_log_co2", "auto_metric_logging", "auto_metric_step_rate", "auto_output_logging", "auto_param_logging",
    "auto_weight_logging", "comet_start_sources", "display_summary", "display_summary_level",
    "distributed_node_identifier", "log_code", "log_env_cpu", "log_env_details", "log_env_disk", "log_env_gpu",
    "log_env_host", "log_env_network", "log_git_metadata", "log_git_patch", "log_graph", "offline_directory",
    "parse_args",
)  # fmt: skip
"""Arguments of Comet's class that switch what its servers or its hooks into frameworks record."""
OWN = ("api_key", "workspace", "project_name")
"""Arguments of Comet's class that name where it records."""


class Experiment(Labels, Unkept):
    """Is one parameter set that an `Optimizer` has issued, else a task of its own. What it logs is durable on return.

    Made by itself it is the task that an agent runs in this process, or a new one that ends with the process.

    Args:
        api_key: Accepted; there is no server.
        workspace: Accepted.
        project_name: For people; recorded with the task.
        optimizer_data: What `Optimizer.next_data` gave, in this process or in another one.
        disabled: Must be false: what is not to be recorded needs no experiment.
        **kwargs: Comet's switches of what is recorded by itself are accepted and do nothing.

    Raises:
        InvalidInput: For an unknown argument, with the closest names.
    """

    def __init__(
        self,
        api_key: str | None = None,
        workspace: str | None = None,
        project_name: str | None = None,
        *,
        optimizer_data: Mapping[str, Any] | None = None,
        disabled: bool = False,
        **kwargs: Any,
    ) -> None:
        check_arguments("Experiment", kwargs)
        if disabled:
            raise InvalidInput("disabled is True, but an experiment is recorded; leave it out.", subject="Experiment")
        self._prefix = ""
        self._step: int | None = None
        self._epoch: int | None = None
        self._logged: dict[str, dict[str, Any]] = {"parameters": {}, "others": {}}
        self.ended = False
        if optimizer_data is None:
            self._place: Place = place_here(project_name or "")
        else:
            self._place, seat = place_of_assignment(optimizer_data)
            seat.ends[self.id] = self.close
            if seat.metadata is not None:
                self._logged["others"]["optimizer_metadata"] = plain_value(seat.metadata)
        self._params: dict[str, Any] = self._place.running.parameters

    def __repr__(self) -> str:
        return f"<experiment {self.id[:8]}: {self._params}>"

    @property
    def id(self) -> str:
        """Id of its task."""
        return self._place.running.id

    def get_key(self) -> str:
        """Gives its id: 32 hexadecimal digits."""
        return self.id

    # -- parameters and words --------------------------------------------------------------------------------------
    @property
    def params(self) -> dict[str, Any]:
        """The parameters it was given and those it has logged; a copy."""
        return dict(self._params)

    @property
    def others(self) -> dict[str, Any]:
        """What `log_other` was told, and what the optimizer says of it; a copy."""
        return {**self._place.others, **self._logged["others"]}

    def get_parameter(self, name: str) -> Any:
        """Gives a parameter, the one with the context's prefix first.

        Raises:
            KeyError: When there is none, with the names there are.
        """
        for key in (f"{self._prefix}{name}", name):
            if key in self._params:
                return self._params[key]
        raise KeyError(f"{name!r} is no parameter of this experiment; it has {', '.join(map(str, self._params))}.")

    def get_other(self, name: str) -> Any:
        """Gives what was logged beside it; `None` when there is nothing of this name."""
        return self.others.get(name)

    def log_parameter(self, name: str, value: Any, step: int | None = None) -> None:
        """Keeps a parameter of your own, for `get_parameter` and with the task; it takes no part in the search."""
        self.log_parameters({name: value}, step=step)

    def log_parameters(
        self,
        parameters: Mapping[str, Any],
        prefix: str | None = None,
        nested_support: bool = True,
        step: int | None = None,
    ) -> None:
        """Keeps several parameters; those of a dict inside get its name in front, as `model_layers`."""
        found = _flat(parameters, nested_support)
        named = {f"{self._prefix}{f'{prefix}_' if prefix else ''}{name}": value for name, value in found.items()}
        self._keep("parameters", named)
        self._params.update(named)

    def log_other(self, key: str, value: Any) -> None:
        """Keeps a word with the task."""
        self.log_others({key: value})

    def log_others(self, dictionary: Mapping[str, Any]) -> None:
        """Keeps several words with the task."""
        self._keep("others", {str(key): value for key, value in dictionary.items()})

    def _keep(self, kind: str, more: Mapping[str, Any]) -> None:
        self._check_open(next(iter(more), kind))
        self._logged[kind].update({name: plain_value(value) for name, value in more.items()})
        self._place.keep(self._logged)

    def _check_open(self, name: str) -> None:
        if self.ended:
            raise InvalidInput(f"the experiment {self.id[:8]} has ended; log {name!r} before end().")

    # -- metrics ---------------------------------------------------------------------------------------------------
    def set_step(self, step: int | None) -> None:
        """Sets the iteration of what is logged from now on without one; `None` changes nothing, as in Comet."""
        self._step = self._step if step is None else step

    def set_epoch(self, epoch: int | None) -> None:
        """Sets the iteration of what is logged from now on without one, while no step is set; `None` changes none."""
        self._epoch = self._epoch if epoch is None else epoch

    def log_current_epoch(self, value: int) -> None:
        """Does what `set_epoch` does, under Comet's older name."""
        self.set_epoch(value)

    def log_epoch_end(self, epoch_cnt: int, step: int | None = None) -> None:
        """Sets the epoch that has ended, and the step when it is given."""
        self.set_step(step)
        self.set_epoch(epoch_cnt)

    def log_metric(
        self, name: str, value: Any, step: int | None = None, epoch: int | None = None, include_context: bool = True
    ) -> None:
        """Reports one point of a metric; its name gets the prefix of the context.

        Raises:
            InvalidInput: When the experiment has ended.
        """
        self._check_open(name)
        at = next((each for each in (step, epoch, self._step, self._epoch) if each is not None), None)
        self._place.running.report(f"{self._prefix if include_context else ''}{name}", value, at)

    def log_metrics(
        self, dic: Mapping[str, Any], prefix: str | None = None, step: int | None = None, epoch: int | None = None
    ) -> None:
        """Reports one point of each of several metrics."""
        for name, value in dic.items():
            self.log_metric(f"{prefix}_{name}" if prefix else name, value, step, epoch)

    def get_metric(self, name: str) -> float | None:
        """Gives the last value of a metric, the one with the context's prefix first; `None` when there is none."""
        values = {name_of(metric): value for metric, (_, value) in self._place.running.last.items()}
        return values.get(f"{self._prefix}{name}", values.get(name))

    def log_optimization(
        self,
        optimization_id: str | None = None,
        metric_name: str | None = None,
        metric_value: Any = None,
        parameters: Mapping[str, Any] | None = None,
        objective: str | None = None,
    ) -> None:
        """Records a step of a search that another library drives: its metric, its parameters, and what it aims at.

        Args:
            optimization_id: Id of that search.
            metric_name: What it optimizes.
            metric_value: What this experiment has reached; `None` for nothing yet.
            parameters: What it was run with.
            objective: "minimum" or "maximum" ("minimize" and "maximize" mean the same).

        Raises:
            InvalidInput: For another objective, or a value without a name.
        """
        words = {"minimum": "minimum", "minimize": "minimum", "maximum": "maximum", "maximize": "maximum"}
        if objective is not None and objective not in words:
            raise InvalidInput(f"objective is {objective!r}; give minimum or maximum.", subject="log_optimization")
        if metric_value is not None and metric_name is None:
            raise InvalidInput("metric_value is given without metric_name; name it.", subject="log_optimization")
        found = {
            "optimizer_id": optimization_id,
            "optimizer_metric": metric_name,
            "optimizer_metric_value": metric_value,
            "optimizer_objective": None if objective is None else words[objective],
            "optimizer_parameters": None if parameters is None else json.dumps(dict(parameters), default=str),
        }
        self.log_others({key: value for key, value in found.items() if value is not None})
        if parameters:
            self.log_parameters(parameters)
        if metric_name is not None and metric_value is not None:
            self.log_metric(metric_name, metric_value, include_context=False)

    # -- contexts and the end --------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def _context(self, word: str) -> Iterator[Experiment]:
        before, self._prefix = self._prefix, f"{word}_"
        try:
            yield self
        finally:
            self._prefix = before

    def context_manager(self, context: str) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get this word and `_` as prefix."""
        return self._context(context)

    def train(self) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get the prefix `train_`."""
        return self._context("train")

    def test(self) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get the prefix `test_`."""
        return self._context("test")

    def validate(self) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get the prefix `validate_`."""
        return self._context("validate")

    def stop_early(self, epoch: int | None = None) -> bool:
        """Tells whether a person has asked for its end, or for that of the search: leave the training then."""
        return self._place.must_stop()

    def flush(self, timeout: int | None = None) -> bool:
        """Writes what waits in memory because the store could not be written; gives `True`, as Comet does."""
        self._place.running.flush()
        return True

    def end(self) -> None:
        """Ends the experiment and records its score; the second time it does nothing."""
        self.close(Ending())

    def close(self, ending: Ending) -> None:
        """Ends the experiment the way it ended; the second time it does nothing."""
        if not self.ended:
            self._place.running.flush()
            self._place.finish(ending)
            self.ended = True

    def __enter__(self) -> Experiment:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close(Ending() if error is None else ending_of(error, "the experiment was left"))


class OfflineExperiment(Experiment):
    """Is an `Experiment`: here all of them are offline."""


def check_arguments(
    subject: str, kwargs: Mapping[str, Any], *, more: tuple[str, ...] = (), named: tuple[str, ...] = OWN
) -> None:
    """Refuses arguments that Comet's classes do not have.

    Args:
        subject: Whose arguments they are.
        kwargs: What was given by name.
        more: What is allowed besides Comet's switches.
        named: Other arguments that may have been meant.

    Raises:
        InvalidInput: With the closest names, all at once.
    """
    problems = []
    for name in kwargs:
        if name not in (*more, *IGNORED):
            close = get_close_matches(name, (*named, *more, *IGNORED), n=2)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it takes {', '.join(named)}."
            problems.append(f"{name!r} is no argument of {subject}; {hint}")
    if problems:
        raise InvalidInput(problems, subject=subject)


def plain_value(value: Any) -> Any:
    """Gives a value that the store can keep: numbers of NumPy as Python's, what JSON does not know as its text."""
    value = plain(value)
    if isinstance(value, str | int | float | type(None)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(each) for each in value]
    return str(value)


def _flat(parameters: Mapping[str, Any], nested: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if nested and isinstance(value, Mapping) and value:
            found |= {f"{name}_{inner}": each for inner, each in _flat(value, nested).items()}
        else:
            found[str(name)] = value
    return found
