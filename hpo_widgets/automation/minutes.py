"""Minutes, as ClearML gives them, and the seconds that everything else is in."""

from __future__ import annotations

import math
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown

MINUTE_S = 60.0


def seconds_of(minutes: Any, name: str) -> float | None:
    """Gives seconds; `None` and 0 are no limit, as in ClearML.

    Raises:
        InvalidInput: For what is no number of minutes.
    """
    if minutes is None:
        return None
    if not isinstance(minutes, (int, float)) or isinstance(minutes, bool) or not 0 <= minutes < math.inf:
        raise InvalidInput(f"{name} is {shown(minutes)}; give minutes above 0, or None for no limit.")
    return minutes * MINUTE_S or None


def period_of(minutes: Any, name: str) -> float:
    """Gives the seconds of a report period.

    Raises:
        InvalidInput: For what is no number of minutes.
    """
    if not isinstance(minutes, (int, float)) or isinstance(minutes, bool) or not 0 <= minutes < math.inf:
        raise InvalidInput(f"{name} is {shown(minutes)}; give minutes of 0 or more.")
    return minutes * MINUTE_S
