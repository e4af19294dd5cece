"""Names with sections, and calling a function by them. Imported in every task of such a search: keep it small.

ClearML's names are "Section/name". A function knows no sections: `General/lr`, `Args/lr` and `lr` are all its argument
`lr`, while the parameter keeps the name it was given everywhere else. Other slashes belong to the name: a function that
takes `**parameters` may have any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpo_widgets.agents.child import read_function
from hpo_widgets.agents.script_parameters import SECTIONS


def argument_of(name: str) -> str:
    """Gives the argument behind a parameter's name: what follows the section."""
    section, _, rest = name.partition("/")
    return rest if rest and section in SECTIONS else name


class SectionCall:
    """Calls a stored function whose arguments go by their names without a section. Runs in the task's process."""

    _function: Callable[..., Any] | None = None
    """Read at the first call: a process that is used again keeps what it keeps."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __call__(self, **parameters: Any) -> Any:
        """Calls the function; `General/lr` becomes `lr`."""
        if self._function is None:
            self._function = read_function(self.body)
        return call_without_sections(self._function, **parameters)


def call_without_sections(function: Callable[..., Any], /, **parameters: Any) -> Any:
    """Calls a function with its parameters by their names without a section."""
    return function(**{argument_of(name): value for name, value in parameters.items()})
