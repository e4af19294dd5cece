from __future__ import annotations

from hpo_widgets.model.parameter_values import encode
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.widgets.feed import feed_of
from hpo_widgets.widgets.panels.trials import Trials
from tests.unit.widgets.desk import Desk


def test_a_parameter_that_is_added_on_the_way_gets_a_column_behind_the_others(store) -> None:
    desk = Desk(store, "loss", "min", "grows")
    desk.run()
    desk.start(0)
    feed = feed_of(desk.study)
    panel = Trials(feed)
    feed.read()
    assert panel.news().content["rows"][0][-3] == [0.0]

    space = as_space({"lr": (0.0, 1.0), "<decay>": (0, 9)})
    record = desk.study.record
    desk.store.update_study(
        record.id, config={**record.config, "space": space.to_json(), "added": encode({"<decay>": 1})}
    )
    feed.read()
    told = panel.news().content
    assert told == {"rows": [], "moved": [], "parameters": ["lr", "<decay>"]}

    desk.start(1, lr=0.5, **{"<decay>": 3})
    feed.read()
    told = panel.news().content
    assert "parameters" not in told and told["rows"][0][-3] == [0.5, 3]
    whole = panel.whole().content
    assert whole["parameters"] == ["lr", "<decay>"] and [row[-3] for row in whole["rows"]] == [[0.0, None], [0.5, 3]]
    feed.read()
    assert panel.news() is None
