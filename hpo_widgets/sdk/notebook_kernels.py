"""Which kernel runs a notebook: none where a fork of this interpreter does, else one that is installed."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

from hpo_widgets.errors import InvalidInput

NATIVE = ("", "python3", "python")
"""Names that mean the interpreter that runs here, as Jupyter reads them."""
NEEDED = ("nbclient", "ipykernel", "jupyter_client")


def own_kernel(metadata: dict[str, Any], wanted: str | None, notebook: str) -> str | None:
    """Gives the name of the kernel that has to run a notebook; `None` when a forked process of this environment can.

    Args:
        metadata: Of the notebook.
        wanted: What a person asked for.
        notebook: Name of its file.

    Raises:
        InvalidInput: When it is not a Python notebook, or its kernel is not installed.
    """
    spec = metadata.get("kernelspec", {})
    language = str(metadata.get("language_info", {}).get("name") or spec.get("language") or "python").lower()
    if language not in ("python", "ipython"):
        raise InvalidInput(f"{notebook!r} is a notebook of {language!r}; parameters can be set in Python notebooks.")
    name = str(spec.get("name", "")) if wanted is None else wanted
    if wanted is None and name in NATIVE:
        return None
    missing = [each for each in NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise InvalidInput(
            f"{notebook!r} needs the kernel {name!r}, and running kernels needs {', '.join(missing)}: install it with "
            f"pip install {' '.join(missing)}."
        )
    return _installed(name, wanted, notebook)


def _installed(name: str, wanted: str | None, notebook: str) -> str | None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        found = manager.get_kernel_spec(name)
    except NoSuchKernel:
        there = ", ".join(map(repr, sorted(manager.find_kernel_specs()))) or "none"
        given = "kernel is" if wanted is not None else f"{notebook!r} names the kernel"
        raise InvalidInput(
            f"{given} {name!r}, which is not installed here; installed are {there}. Choose one with kernel=."
        ) from None
    if str(found.language).lower() != "python":
        raise InvalidInput(f"the kernel {name!r} is of {found.language!r}; choose a Python kernel.")
    if wanted is None and found.argv and _is_this_interpreter(found.argv[0]):
        return None
    return name


def _is_this_interpreter(program: str) -> bool:
    # Not `realpath`: the interpreters of two virtual environments are links to one file.
    return os.path.abspath(program) == os.path.abspath(sys.executable)
