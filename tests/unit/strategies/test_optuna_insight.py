from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.model.objective import Objective, Sign, parse_objectives
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies.base import Outcome, PastTask
from hpo_widgets.strategies.optuna_insight import DRAWN, KINDS, insight
from hpo_widgets.strategies.optuna_insight_sample import sampled

EVIL = "<b>bold</b><img src=x onerror=alert(1)>" + "y" * 300
SPACE = as_space(
    {"lr": hpo.loguniform(1e-5, 1e-1), "n": (1, 9), "fixed": 3, EVIL: ["<b>" + "z" * 300 + str(i) for i in range(500)]}
)
LOSS = parse_objectives("loss")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def past(count: int, space: SearchSpace = SPACE, objectives: int = 1, nan: bool = False) -> list[PastTask]:
    source = random.Random(1)
    found = []
    for trial in range(count):
        member = space.draw(lambda _key, latent: latent.draw(source))
        values = (float(member["n"]), float(trial % 7))[:objectives]
        found.append(
            PastTask(
                trial=trial,
                parameters=member,
                outcome=Outcome.COMPLETE,
                values=(math.nan,) * objectives if nan else values,
                task=f"{trial:032x}",
                state="completed",
                datetime_start=BEGAN + timedelta(seconds=trial),
                datetime_complete=BEGAN + timedelta(seconds=trial + 2),
            )
        )
    return found


def asked(kind: str, tasks: list[PastTask], objectives: Any = LOSS, **options: Any) -> dict[str, Any]:
    found = insight(kind, SPACE, objectives, tasks, options).to_json()
    text: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "nan"), [(0, False), (1, False), (9, True)])
def test_too_few_results_say_so_in_words(kind: str, count: int, nan: bool) -> None:
    found = asked(kind, past(count, nan=nan))

    assert found["said"].endswith((".", "?"))
    drawn = (kind == "timeline" and count) or (kind == "slice" and count == 1)
    assert (found["figure"] is not None) == bool(drawn)


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_escaped_shortened_and_kept_apart(kind: str) -> None:
    found = asked(kind, past(30, objectives=2), parse_objectives(["loss", EVIL], ["min", "max"]))

    figure = json.dumps(found["figure"])
    assert found["figure"] is not None
    assert "<b>" not in figure and "<img" not in figure and "yyyyyyyyyyyyyyyyyyyy" not in figure
    assert len(found["said"]) < 400


def test_different_long_choices_stay_different() -> None:
    found = asked("slice", past(30))

    choices = [trace for trace in found["figure"]["data"] if isinstance(trace["x"][0], str)]
    own = {each.parameters[EVIL] for each in past(30)}
    assert len(set(choices[0]["x"])) == len(own)


def test_importance_finds_what_matters_and_leaves_constants_out() -> None:
    found = asked("importance", past(60))

    assert found["rows"][0][0] == "n"
    assert sum(share for _, share in found["rows"]) == pytest.approx(1, abs=1e-3)
    assert "fixed" not in [name for name, _ in found["rows"]]
    assert "Left out, as constant: fixed." in found["notes"]


@pytest.mark.parametrize(("sign", "expected"), [(Sign.MIN, "a"), (Sign.MAX, "b")])
def test_importance_of_one_of_several_objectives_knows_its_direction(sign: Sign, expected: str) -> None:
    """Of large values `b` decides, of small ones `a`: Optuna takes small ones for the best whatever the direction."""
    space = as_space({"a": (0.0, 1.0), "b": (0.0, 1.0)})
    source = random.Random(2)
    tasks = []
    for each in past(200, as_space({"n": (1, 2)}), 2):
        a, b, noise = source.random(), source.random(), source.random()
        value = 2 + noise if b > 0.9 else -2 - noise if a < 0.1 else noise
        tasks.append(PastTask(**{**vars(each), "parameters": {"a": a, "b": b}, "values": (0.5, value)}))
    objectives = (Objective("o", "o"), Objective("p", "p", sign))

    found = insight("importance", space, objectives, tasks, {"objective": 1})

    assert found.rows[0][0] == expected


def test_contour_takes_the_axes_that_were_chosen_in_their_order() -> None:
    tasks = past(30)

    found = asked("contour", tasks, x="n", y="lr")

    layout = found["figure"]["layout"]
    assert (layout["xaxis"]["title"]["text"], layout["yaxis"]["title"]["text"]) == ("n", "lr")
    surface = next(trace for trace in found["figure"]["data"] if trace["type"] == "contour")
    assert (len(surface["z"]), len(surface["z"][0])) == (len(surface["y"]), len(surface["x"]))
    points = next(trace for trace in found["figure"]["data"] if trace["type"] == "scatter")
    assert sorted(points["x"]) == sorted(each.parameters["n"] for each in tasks)


def test_points_know_their_tasks() -> None:
    found = asked("slice", past(5))

    trace = next(trace for trace in found["figure"]["data"] if not isinstance(trace["x"][0], str))
    by_task = {each.task: each for each in past(5)}
    for (task, trial), value in zip(trace["customdata"], trace["y"], strict=True):
        assert by_task[task].trial == trial
        assert by_task[task].values == (value,)


def test_front_is_what_no_other_beats() -> None:
    tasks = past(40, objectives=2)

    found = asked("pareto", tasks, parse_objectives(["loss", "time"]))

    values = [each.values for each in tasks]
    best = [
        i for i, v in enumerate(values) if v and not any(w and w != v and w[0] <= v[0] and w[1] <= v[1] for w in values)
    ]
    assert sorted(row[0] for row in found["rows"]) == best


@pytest.mark.parametrize("how", ["best", "even", "newest"])
def test_sample_has_its_size_order_and_share(how: str) -> None:
    tasks = past(500)

    found = sampled(tasks, 100, LOSS, how)

    trials = [each.trial for each in found]
    assert len(trials) == 100 == len(set(trials))
    assert trials == sorted(trials)
    if how == "best":
        least = sorted(float(each.values[0]) for each in tasks if each.values)[:25]
        assert sorted(float(each.values[0]) for each in found if each.values)[:25] == least
    assert (trials[0] == 400) == (how == "newest")


def test_large_study_is_sampled_and_says_so() -> None:
    found = asked("slice", past(DRAWN["slice"] + 1))

    assert found["notes"] == ["Drawn are 1,000 of 1,001 trials: the best, the newest and an even sample."]
    assert len(found["figure"]["data"][0]["x"]) == 1000
