"""`Experiment`: one parameter set being tried, and the door through which the user's loop reports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from hpo_widgets.agents.reporter import RunningTask
from hpo_widgets.errors import InvalidInput


class Experiment:
    """Is one parameter set that an `Optimizer` has issued. What it has logged is durable when a call returns.

    Args:
        running: Reports to its task.
        finish: Ends its task, as failed when given an error.
    """

    def __init__(self, running: RunningTask, finish: Callable[[str | None], None]) -> None:
        self._running = running
        self._finish = finish
        self._prefix = ""
        self._params: dict[str, Any] = running.parameters
        self._others: dict[str, Any] = {}
        self.ended = False

    def __repr__(self) -> str:
        return f"<experiment {self.id[:8]}: {self._params}>"

    @property
    def id(self) -> str:
        """Id of its task."""
        return self._running.id

    def get_key(self) -> str:
        """Gives its id: 32 hexadecimal digits."""
        return self.id

    @property
    def params(self) -> dict[str, Any]:
        """The parameters it was given and those it has logged; a copy."""
        return dict(self._params)

    @property
    def others(self) -> dict[str, Any]:
        """What `log_other` was told; a copy."""
        return dict(self._others)

    def get_parameter(self, name: str) -> Any:
        """Gives a parameter, the one with the context's prefix first.

        Raises:
            KeyError: When there is none, with the names there are.
        """
        for key in (f"{self._prefix}{name}", name):
            if key in self._params:
                return self._params[key]
        raise KeyError(f"{name!r} is no parameter of this experiment; it has {', '.join(map(str, self._params))}.")

    def log_parameter(self, name: str, value: Any, step: int | None = None) -> None:
        """Keeps a parameter of your own for `get_parameter`; it takes no part in the search."""
        self._params[f"{self._prefix}{name}"] = value

    def log_parameters(self, parameters: Mapping[str, Any], prefix: str | None = None, step: int | None = None) -> None:
        """Keeps several parameters."""
        for name, value in parameters.items():
            self.log_parameter(f"{prefix}_{name}" if prefix else name, value)

    def log_other(self, key: str, value: Any) -> None:
        """Keeps a word beside the experiment, in memory."""
        self._others[key] = value

    def log_metric(
        self, name: str, value: Any, step: int | None = None, epoch: int | None = None, include_context: bool = True
    ) -> None:
        """Reports one point of a metric; its name gets the prefix of the context.

        Raises:
            InvalidInput: When the experiment has ended.
        """
        if self.ended:
            raise InvalidInput(f"the experiment {self.id[:8]} has ended; log {name!r} before end().")
        at = epoch if step is None else step
        self._running.report(f"{self._prefix if include_context else ''}{name}", value, at)

    def log_metrics(
        self, metrics: Mapping[str, Any], prefix: str | None = None, step: int | None = None, epoch: int | None = None
    ) -> None:
        """Reports one point of each of several metrics."""
        for name, value in metrics.items():
            self.log_metric(f"{prefix}_{name}" if prefix else name, value, step, epoch)

    @contextlib.contextmanager
    def _context(self, word: str) -> Iterator[Experiment]:
        before, self._prefix = self._prefix, f"{word}_"
        try:
            yield self
        finally:
            self._prefix = before

    def train(self) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get the prefix `train_`."""
        return self._context("train")

    def test(self) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get the prefix `test_`."""
        return self._context("test")

    def validate(self) -> contextlib.AbstractContextManager[Experiment]:
        """Gives a context in which names get the prefix `validate_`."""
        return self._context("validate")

    def end(self) -> None:
        """Ends the experiment and records its score; the second time it does nothing."""
        self._end(None)

    def _end(self, error: str | None) -> None:
        if not self.ended:
            self.ended = True
            self._running.flush()
            self._finish(error)

    def __enter__(self) -> Experiment:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end(None if error is None else repr(error))
