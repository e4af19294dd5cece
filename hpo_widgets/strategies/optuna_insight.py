"""What a study teaches, by Optuna's own functions: each figure with a sentence, and the table behind it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna import visualization
from optuna.trial import FrozenTrial, TrialState

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.base import PastTask
from hpo_widgets.strategies.optuna_export import optuna_study
from hpo_widgets.strategies.optuna_insight_figure import figure_json, short
from hpo_widgets.strategies.optuna_insight_sample import sampled

SLICES = 12
"""Parameters that slices are drawn of, the first; more are too small to read."""
DRAWN = {"importance": 3000, "slice": 1000, "contour": 200, "timeline": 500, "pareto": 1500}
"""Trials that are used at most: a figure costs the browser by the point, a contour by their square."""
CHOSEN = {"importance": "even", "timeline": "newest"}
"""Which are used then, else the best, the newest and an even sample: a share of the best would bend what matters."""
SAID = {
    "even": "Used are {n} of {all} trials: an even sample.",
    "newest": "Drawn are {n} of {all} trials: the newest.",
    "best": "Drawn are {n} of {all} trials: the best, the newest and an even sample.",
}
ROWS = 200
"""Rows of the table behind a figure."""
COMPLETE = (TrialState.COMPLETE,)


@dataclass(frozen=True, kw_only=True)
class Insight:
    """Is one figure in words, rows and marks; JSON of bounded size."""

    kind: str
    said: str
    """What it shows in one sentence; why there is nothing to show when there is no figure."""
    notes: tuple[str, ...] = ()
    """What to know about it: that only a sample is drawn, what was left out."""
    figure: dict[str, Any] | None = None
    """`data` and `layout` for Plotly; names are escaped and shortened."""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    axes: tuple[str, ...] = ()
    """What can be chosen: parameters of a contour, most important first; objectives of a front."""

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON."""
        return {**vars(self), "notes": list(self.notes), "rows": [list(row) for row in self.rows]}


@dataclass
class _Asked:
    """Is one question: a study, and what to look at."""

    space: SearchSpace
    objectives: Sequence[Objective]
    past: Sequence[PastTask]
    objective: int = 0
    x: str | None = None
    y: str | None = None
    notes: list[str] = field(default_factory=list)

    def study(self, kind: str) -> optuna.Study:
        how = CHOSEN.get(kind, "best")
        drawn = sampled(self.past, DRAWN.get(kind), self.objectives, how)
        if len(drawn) < len(self.past):
            self.notes.append(SAID[how].format(n=f"{len(drawn):,}", all=f"{len(self.past):,}"))
        self.drawn = sorted(drawn, key=lambda each: each.trial)
        return optuna_study(self.space, self.objectives, self.drawn)

    @property
    def target(self) -> Callable[[FrozenTrial], float] | None:
        index = self.objective
        return None if len(self.objectives) == 1 else lambda trial: float(trial.values[index])

    @property
    def name(self) -> str:
        return short(self.objectives[self.objective].name)

    @property
    def minimize(self) -> bool:
        return self.objectives[self.objective].sign.minimize


class _Nothing(Exception):
    """Says why there is no figure."""


def insight(
    kind: str,
    space: SearchSpace,
    objectives: Sequence[Objective],
    past: Sequence[PastTask],
    options: Mapping[str, Any],
) -> Insight:
    """Gives one insight into a study.

    Args:
        kind: A key of `KINDS`.
        space: What is searched.
        objectives: What is optimized.
        past: Every trial.
        options: `objective` (an index), `x` and `y`: names of parameters of a contour, of objectives of a front.
    """
    index = options.get("objective") or 0
    asked = _Asked(space, objectives, past, index if 0 <= index < len(objectives) else 0)
    asked.x, asked.y = options.get("x"), options.get("y")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return KINDS[kind](asked)
    except _Nothing as nothing:
        return Insight(kind=kind, said=str(nothing), notes=tuple(asked.notes))


def _need(study: optuna.Study, least: int, what: str) -> list[FrozenTrial]:
    found = study.get_trials(deepcopy=False, states=COMPLETE)
    if len(found) < least:
        have = "none has" if not found else f"{len(found)} {'has' if len(found) == 1 else 'have'}"
        more = "" if least == 1 else f" from at least {least} trials"
        raise _Nothing(f"{what} needs finite results{more}; {have} one so far.")
    return found


def _varied(trials: Sequence[FrozenTrial]) -> list[str]:
    """Names the parameters that took more than one value, in the order of their first use."""
    values: dict[str, set[str]] = {}
    for trial in trials:
        for name, value in trial.params.items():
            values.setdefault(name, set()).add(repr(value))
    return [name for name, seen in values.items() if len(seen) > 1]


# -- importance ----------------------------------------------------------------------------------------------------
def _importances(asked: _Asked, study: optuna.Study) -> dict[str, float]:
    target = asked.target
    if target is not None and not asked.minimize:
        # Optuna takes the smallest values of a target for the best.
        index = asked.objective
        return optuna.importance.get_param_importances(study, target=lambda trial: -float(trial.values[index]))
    return optuna.importance.get_param_importances(study, target=target)


def _importance(asked: _Asked) -> Insight:
    study = asked.study("importance")
    trials = _need(study, 4, "The importance of parameters")
    varied = _varied(trials)
    if not varied:
        raise _Nothing("Every parameter had one value in all trials; nothing tells them apart.")
    found = {name: share for name, share in _importances(asked, study).items() if name in varied}
    total = sum(found.values()) or 1.0
    found = {name: share / total for name, share in sorted(found.items(), key=lambda pair: -pair[1])}
    still = sorted({name for trial in trials for name in trial.params} - set(varied))
    if still:
        asked.notes.append(
            f"Left out, as constant: {', '.join(map(short, still[:5]))}{' …' if len(still) > 5 else ''}."
        )
    if len(trials) < 20:
        asked.notes.append(f"From {len(trials)} trials this is a first guess.")
    figure = visualization.plot_param_importances(study, params=list(found), target=asked.target)
    bars = figure.data[0]
    names = list(found)[::-1]
    bars.update(x=[found[name] for name in names], y=names, text=[f"{found[name]:.2f}" for name in names])
    bars.update(hovertemplate="%{y}: %{x:.3f}<extra></extra>")
    figure.update_layout(xaxis_title="importance", yaxis_title=None, xaxis_range=[0, 1.14 * max(found.values())])
    first = ", ".join(f"{short(name)} {share:.2f}" for name, share in list(found.items())[:3])
    return Insight(
        kind="importance",
        said=f"What matters for {asked.name}, of 1 in all: {first}.",
        notes=tuple(asked.notes),
        figure=figure_json(figure, asked.drawn),
        columns=("parameter", "importance"),
        rows=tuple((name, round(share, 4)) for name, share in list(found.items())[:ROWS]),
    )


# -- slices --------------------------------------------------------------------------------------------------------
def _slice(asked: _Asked) -> Insight:
    study = asked.study("slice")
    trials = _need(study, 1, "A slice")
    used = [name for name in asked.space.names if any(name in trial.params for trial in trials)]
    names = used[:SLICES]
    if len(used) > SLICES:
        asked.notes.append(f"Drawn are the first {SLICES} of {len(used)} parameters.")
    figure = visualization.plot_slice(study, params=names, target=asked.target, target_name=asked.name)
    best = _best(asked, trials)
    return Insight(
        kind="slice",
        said=f"{asked.name} over each of {_count(names, 'parameter')}; {best}.",
        notes=tuple(asked.notes),
        figure=figure_json(figure, asked.drawn, columns=min(4, len(names))),
        columns=("trial", asked.name, *names),
        rows=_rows(asked, trials, names),
    )


def _count(items: Sequence[Any], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"


def _value(asked: _Asked, trial: FrozenTrial) -> float:
    return float(trial.values[asked.objective])


def _best(asked: _Asked, trials: Sequence[FrozenTrial]) -> str:
    choose = min if asked.minimize else max
    best = choose(trials, key=lambda trial: _value(asked, trial))
    return f"best {_value(asked, best):.5g} in trial {best.user_attrs['trial']}"


def _rows(asked: _Asked, trials: Sequence[FrozenTrial], names: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
    ordered = sorted(trials, key=lambda trial: _value(asked, trial), reverse=not asked.minimize)[:ROWS]
    return tuple(
        (t.user_attrs["trial"], _value(asked, t), *(_text(t.params.get(name)) for name in names)) for t in ordered
    )


def _text(value: Any) -> Any:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


# -- contour -------------------------------------------------------------------------------------------------------
def _contour(asked: _Asked) -> Insight:
    study = asked.study("contour")
    trials = _need(study, 4, "A contour")
    varied = _varied(trials)
    if len(varied) < 2:
        raise _Nothing(
            "A contour needs two parameters that vary; here it is " + (short(varied[0]) if varied else "none") + "."
        )
    ranked = sorted(varied, key=lambda name: -_importances(asked, study).get(name, 0.0)) if len(varied) > 2 else varied
    x = asked.x if asked.x in ranked else next(name for name in ranked if name != asked.y)
    y = asked.y if asked.y in ranked and asked.y != x else next(name for name in ranked if name != x)
    figure = visualization.plot_contour(study, params=[x, y], target=asked.target, target_name=asked.name)
    # Optuna draws the axes in the order of names.
    flipped = sorted([x, y]) != [x, y]
    if flipped:
        _transpose(figure)
    both = [trial for trial in trials if x in trial.params and y in trial.params]
    if not both:
        raise _Nothing(f"No trial with a result has both {short(x)} and {short(y)}; choose others.")
    return Insight(
        kind="contour",
        said=f"{asked.name} over {short(x)} and {short(y)}; {_best(asked, both)}.",
        notes=tuple(asked.notes),
        figure=figure_json(figure, asked.drawn),
        columns=("trial", asked.name, x, y),
        rows=_rows(asked, both, [x, y]),
        axes=tuple(ranked),
    )


def _transpose(figure: Any) -> None:
    for trace in figure.data:
        trace.x, trace.y = trace.y, trace.x
        if trace.type == "contour" and trace.z is not None:
            trace.z = [list(column) for column in zip(*trace.z, strict=True)]
    x, y = figure.layout.xaxis.to_plotly_json(), figure.layout.yaxis.to_plotly_json()
    figure.layout.xaxis, figure.layout.yaxis = y, x


# -- distribution, timeline, front ---------------------------------------------------------------------------------
def _edf(asked: _Asked) -> Insight:
    study = asked.study("edf")
    trials = _need(study, 2, "A distribution")
    figure = visualization.plot_edf(study, target=asked.target, target_name=asked.name)
    figure.data[0].update(name="", hovertemplate="%{y:.0%} of trials up to %{x}<extra></extra>")
    figure.update_layout(yaxis_title="share of trials", showlegend=False)
    values = sorted(_value(asked, trial) for trial in trials)
    quantiles = [(share, values[round(share * (len(values) - 1))]) for share in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)]
    middle = quantiles[3][1]
    return Insight(
        kind="edf",
        said=f"Half of {len(values)} results of {asked.name} are at most {middle:.5g}; {_best(asked, trials)}.",
        notes=tuple(asked.notes),
        figure=figure_json(figure, asked.drawn),
        columns=("share of trials", f"{asked.name} at most"),
        rows=tuple((f"{share:.0%}", value) for share, value in quantiles),
    )


def _timeline(asked: _Asked) -> Insight:
    study = asked.study("timeline")
    begun = [t for t in study.get_trials(deepcopy=False) if t.state is not TrialState.WAITING]
    if not begun:
        raise _Nothing("No trial has begun; the timeline starts with the first.")
    figure = visualization.plot_timeline(study)
    by_trial = {each.trial: each for each in asked.drawn}
    rows = []
    for trial in begun[::-1][:ROWS]:
        own = by_trial[trial.user_attrs["trial"]]
        begin, end = own.datetime_start, own.datetime_complete
        seconds = (end - begin).total_seconds() if begin and end else None
        rows.append((own.trial, own.state, begin.isoformat(" ", "seconds") if begin else None, seconds))
    running = sum(trial.state is TrialState.RUNNING for trial in begun)
    return Insight(
        kind="timeline",
        said=f"When each of {_count(begun, 'trial')} ran; {running} still running.",
        notes=tuple(asked.notes),
        figure=figure_json(figure, asked.drawn),
        columns=("trial", "state", "began (UTC)", "seconds"),
        rows=tuple(rows),
    )


def _pareto(asked: _Asked) -> Insight:
    names = [each.name for each in asked.objectives]
    if len(names) < 2:
        raise _Nothing(f"A Pareto front needs two objectives; this study has one, {asked.name}.")
    study = asked.study("pareto")
    trials = _need(study, 1, "A Pareto front")
    x = names.index(asked.x) if asked.x in names else 0
    y = names.index(asked.y) if asked.y in names and names.index(asked.y) != x else (1 if x == 0 else 0)
    figure = visualization.plot_pareto_front(
        study, targets=lambda trial: (trial.values[x], trial.values[y]), target_names=[names[x], names[y]]
    )
    front = sorted(study.best_trials, key=lambda trial: trial.values[x])
    return Insight(
        kind="pareto",
        said=f"{_count(front, 'trial')} of {len(trials)} {'is' if len(front) == 1 else 'are'} beaten by no other in "
        f"{', '.join(map(short, names))}.",
        notes=tuple(asked.notes),
        figure=figure_json(figure, asked.drawn),
        columns=("trial", *names),
        rows=tuple((t.user_attrs["trial"], *t.values) for t in front[:ROWS]),
        axes=tuple(names),
    )


KINDS: dict[str, Callable[[_Asked], Insight]] = {
    "importance": _importance,
    "slice": _slice,
    "contour": _contour,
    "edf": _edf,
    "timeline": _timeline,
    "pareto": _pareto,
}
"""What can be asked."""
