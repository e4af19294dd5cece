"""The budget panel, without a browser: what it tells of the terminator in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hpo_widgets.model.study import StudyState
from hpo_widgets.study import Study
from hpo_widgets.widgets.feed import feed_of
from hpo_widgets.widgets.panels.budget import Budget
from tests.unit.widgets.desk import Desk

FIGURE = "stagnation: 7 results in a row without a better one"


def told(panel: Budget) -> dict[str, Any] | None:
    panel.feed.read()
    message = panel.news()
    return None if message is None else dict(message.content)


def test_a_new_figure_of_the_terminator_is_told_and_the_same_one_is_not_told_again(
    desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk(terminator="stagnation")
    made.run()
    panel = Budget(feed_of(made.study))
    first = told(panel)
    assert first is not None and first["terminator"].startswith("stagnation; how far it is, the kernel that runs")

    monkeypatch.setattr(Study, "weighed", FIGURE)

    second = told(panel)
    assert second is not None and second["terminator"] == FIGURE
    assert told(panel) is None


@pytest.mark.parametrize(("limits", "state"), [({}, None), ({"terminator": "stagnation"}, StudyState.COMPLETED)])
def test_nothing_is_said_of_a_terminator_where_none_judges(
    desk: Callable[..., Desk], limits: dict[str, Any], state: StudyState | None
) -> None:
    made = desk(**limits)
    made.run()
    if state is not None:
        made.move(state, ended=2000.0)

    content = told(Budget(feed_of(made.study)))

    assert content is not None and content["terminator"] == ""
