from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.study import RequestKind
from hpo_widgets.store.base import Store
from hpo_widgets.study.insight import Answer
from hpo_widgets.widgets.feed import StudyFeed, feed_of
from hpo_widgets.widgets.panels.base import Message
from hpo_widgets.widgets.panels.insight import InsightPanel
from hpo_widgets.widgets.panels.parallel import Parallel
from tests.unit.widgets.desk import Desk

SECONDS = 30


@pytest.fixture
def filled(desk: Any) -> Desk:
    made: Desk = desk()
    made.run()
    for trial, lr in enumerate((0.2, 0.4, 0.9)):
        made.trial(trial, lr, lr=lr)
    return made


@pytest.fixture
def parallel(filled: Desk) -> Parallel:
    feed = feed_of(filled.study)
    feed.read()
    return Parallel(feed)


def keys(panel: Parallel, *trials: int) -> list[int]:
    return [row.task.key for row in panel.feed.changed(0) if row.task.trial in trials]


def requests(store: Store, panel: Parallel, kind: RequestKind) -> list[dict[str, Any]]:
    return [each.payload for each in store.requests(panel.feed.study.id) if each.kind is kind]


def test_preview_shows_the_ranges_that_narrow_asks_for(parallel: Parallel, store: Store) -> None:
    chosen = keys(parallel, 0, 1)

    assert parallel.hear({"op": "preview", "keys": chosen})["rows"] == [["lr", "lr", "0 to 1", "0.2 to 0.4", ""]]
    assert requests(store, parallel, RequestKind.SET_SPACE) == []

    parallel.hear({"op": "narrow", "keys": chosen, "names": ["lr"]})
    (payload,) = requests(store, parallel, RequestKind.SET_SPACE)
    (asked,) = payload["space"]["parameters"]
    assert (asked["min_value"], asked["max_value"]) == (0.2, 0.4)


def test_near_queues_new_trials_between_the_selected(parallel: Parallel, store: Store) -> None:
    parallel.hear({"op": "near", "keys": keys(parallel, 0, 1), "count": 4})

    asked = [payload["parameters"]["lr"] for payload in requests(store, parallel, RequestKind.ENQUEUE)]
    assert len(set(asked)) == 4
    assert all(0.18 <= lr <= 0.42 for lr in asked)


def test_archive_puts_the_selected_out_of_sight(parallel: Parallel, store: Store) -> None:
    parallel.hear({"op": "archive", "keys": keys(parallel, 2)})

    assert [task.archived for task in store.tasks(parallel.feed.study.id)] == [False, False, True]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"op": "preview", "keys": []}, "no trial is selected"),
        ({"op": "archive", "keys": [10**9]}, "no trial is selected"),
        ({"op": "narrow", "names": []}, "no range was chosen"),
        ({"op": "narrow", "names": ["<b>"]}, "no range was chosen"),
        ({"op": "near", "count": 0}, "from 1 to 50"),
        ({"op": "near", "count": "many"}, "from 1 to 50"),
        ({"op": "explode"}, "there are preview, narrow, near, archive"),
    ],
)
def test_request_without_effect_says_why(parallel: Parallel, store: Store, message: dict[str, Any], said: str) -> None:
    with pytest.raises(HpoError, match=said):
        parallel.hear({"keys": keys(parallel, 0, 1), **message})

    assert store.requests(parallel.feed.study.id) == []


class Watched(InsightPanel):
    """Says when a figure has arrived."""

    def __init__(self, feed: StudyFeed) -> None:
        self.arrived = threading.Semaphore(0)
        super().__init__(feed)

    def _answered(self, answer: Answer) -> None:
        super()._answered(answer)
        self.arrived.release()

    def told(self) -> Message:
        """Waits for the next figure, and takes it as the publisher's thread would."""
        found = self.news()
        while found is None:
            assert self.arrived.acquire(timeout=SECONDS), "no figure came"
            found = self.news()
        return found


@pytest.fixture
def insight(filled: Desk) -> Iterator[Watched]:
    feed = feed_of(filled.study)
    feed.read()
    panel = Watched(feed)
    panel.news()
    yield panel
    panel.close()


def test_figure_is_worked_out_once_until_a_trial_ends(insight: Watched, filled: Desk) -> None:
    look = {"op": "look", "kind": "edf"}

    first = insight.hear(look)
    assert first["pending"] is True
    assert insight.hear(look)["key"] == first["key"]  # a second page, while the first may wait
    figure = insight.told()
    assert insight.news() is None
    assert figure.content["key"] == first["key"]
    assert json.loads(gzip.decompress(figure.buffers[0]))["kind"] == "edf"

    assert insight.hear(look) == {"key": first["key"], "pending": False}
    assert insight.told().buffers == figure.buffers

    filled.trial(3, 0.5, lr=0.5)
    insight.feed.read()
    insight.news()
    assert insight.hear(look)["pending"] is True
    assert insight.told().buffers != figure.buffers


def test_front_is_offered_with_several_objectives_only(insight: InsightPanel, desk: Any) -> None:
    kinds = [kind for kind, _ in insight.whole().content["kinds"]]
    assert kinds == ["importance", "slice", "contour", "edf", "timeline"]

    two = desk(["loss", "time"], ["min", "min"], "two")
    both = InsightPanel(feed_of(two.study))

    assert [kind for kind, _ in both.whole().content["kinds"]] == [*kinds, "pareto"]


def test_unknown_kind_is_refused(insight: InsightPanel) -> None:
    with pytest.raises(InvalidInput, match="there are importance, slice"):
        insight.hear({"kind": "../../etc"})
