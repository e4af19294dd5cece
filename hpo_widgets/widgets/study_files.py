"""Files of configurations: read whole, written whole or not at all; what they cannot carry."""

from __future__ import annotations

import os
from pathlib import Path

from hpo_widgets.dialects.json_text import LONGEST
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.constraint import Predicate
from hpo_widgets.model.plan import StudyPlan
from hpo_widgets.widgets import words


def read_file(path: Path) -> str:
    """Gives the text of a file.

    Raises:
        InvalidInput: When it is missing, too large, or no text.
    """
    try:
        if path.stat().st_size > 4 * LONGEST:
            raise InvalidInput(f"{path.name!r} has {path.stat().st_size:,} bytes; that is no configuration.")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{str(path)!r} cannot be read ({error}); give the path of a JSON file.") from error


def write_file(path: Path, text: str) -> None:
    """Writes a new file.

    Raises:
        InvalidInput: When there is one of that name already, or it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise InvalidInput(f"{str(path)!r} is there already; give another name, or remove it first.") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{str(path)!r} cannot be written ({error}); give another path.") from error


def not_carried(plan: StudyPlan) -> list[str]:
    """Says of each constraint that is a function what the file has of it."""
    return [
        f"The constraint {words.cut(each.text)} is a function: the file names it and this store holds it; with another "
        "store, start from Python with constraints=[the function]."
        for each in plan.space.constraints
        if isinstance(each, Predicate)
    ]


def file_name(plan: StudyPlan) -> str:
    """Gives the name of the file that a page saves."""
    return f"{plan.name or 'search'}.json"
