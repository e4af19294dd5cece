"""The exceptions of hpo_widgets: one tree, so that `except HpoError` catches all that this package raises on purpose.

Every message says what was given, what is allowed and what to do. An error that a person can mend by writing
something else is an `InvalidInput` and names all problems at once.
"""

from __future__ import annotations

from collections.abc import Iterable


class HpoError(Exception):
    """Is the root of every exception that hpo_widgets raises on purpose."""


class InvalidInput(HpoError, ValueError):
    """Says what is wrong with something a person wrote, all problems at once.

    Args:
        problems: One sentence each: what was given, what is allowed, what to do.
        subject: What was being read ("search space", "limits", ...).
    """

    def __init__(self, problems: str | Iterable[str], subject: str = "") -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        self.subject = subject
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.problems) == 1:
            return f"{self.subject}: {self.problems[0]}" if self.subject else self.problems[0]
        head = f"{self.subject or 'input'}: {len(self.problems)} problems"
        return "\n  - ".join([head, *self.problems])

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[tuple[str, ...], str]]:
        return type(self), (self.problems, self.subject)


class NotFound(HpoError, LookupError):
    """Says that a study, task or queue of this name or id is not in the store, with the closest names."""


class StoreError(HpoError):
    """Says that the store cannot be opened, read or written, and what to do about it."""


class StoreTooNew(StoreError):
    """Says that the store was written by a newer version of hpo_widgets; it is left untouched."""


class StoreCorrupt(StoreError):
    """Says that the store's file is damaged or is not a store; it is left untouched."""


class StoreUnavailable(StoreError):
    """Says that the store cannot be written now (disk full, read-only folder, no locks); nothing written was lost."""


class StudyBusy(HpoError):
    """Says that a study is already driven by a living engine, here or in another process."""


class CannotShip(HpoError, TypeError):
    """Says why a function cannot be sent to task processes, naming the global or argument that stands in the way."""


class TaskAborted(BaseException):
    """Unwinds the code of a task that runs in a thread and was asked to stop.

    A `BaseException`, so that a training loop's `except Exception` does not swallow the stop.
    """


class StudyFailed(HpoError):
    """Says that a study ended because its strategy or engine raised; carries that traceback."""


class NoResult(HpoError, LookupError):
    """Says that no task of a study has a result that counts, and how its tasks ended instead."""


class WaitInterrupted(KeyboardInterrupt):
    """Ends a `wait` on Ctrl-C or the stop button, and says that the study itself goes on."""
