from __future__ import annotations

from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.space_change import changed_space
from hpo_widgets.model.space_shorthand import as_space

SPACE = as_space({"lr": (0.0, 1.0), "layers": [1, 2]}).with_constraints("lr <= layers")


def test_a_new_parameter_joins_the_others_and_trials_before_have_its_default() -> None:
    changed = changed_space(SPACE, as_space({"lr": (0.0, 2.0), "decay": (0.0, 0.5)}), {"decay": 0.0})
    assert changed.names == ("lr", "layers", "decay") and changed.constraints == SPACE.constraints
    assert changed.contains({"lr": 1.5, "layers": 2, "decay": 0.5})

    config = StudyConfig(
        name="s", space=changed, objectives=parse_objectives("loss"), added={"decay": 0.0, "t": (1, 2)}
    )
    again = StudyConfig.from_json(config.to_json())
    assert again == config and again.added == {"decay": 0.0, "t": (1, 2)}
    assert config.completed({"lr": 1.0, "t": None}) == {"lr": 1.0, "t": None, "decay": 0.0}


@pytest.mark.parametrize(
    ("space", "defaults", "said"),
    [
        ({"lrr": (0, 1)}, {}, "did you mean 'lr'.*say which value all trials before had: defaults={'lrr': ...}"),
        ({"decay": (0.1, 0.5)}, {"decay": 0.0}, "the default 0.0 is no value of the range of 'decay'.*widen"),
        ({"lr": (0, 1)}, {"lr": 0.5}, "defaults has 'lr', which is no new parameter"),
        ({"lr": (0, 1)}, {"decay": 0.5}, "defaults has 'decay', which is no new parameter"),
        ({"act": ["a", "b"], **hpo.when("act", "b", {"beta": (0.0, 1.0)})}, {"act": "a"}, "'act' decides over others"),
    ],
)
def test_what_would_leave_the_history_without_meaning_is_refused(
    space: dict[str, Any], defaults: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        changed_space(SPACE, as_space(space), defaults)
