"""Writes results.md from results.csv: mean ranks, who wins where, and what asking costs."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from results import Line, read

HERE = Path(__file__).parent
ORDER = ("auto", "gp", "tpe5", "cmaes", "tpe4", "random")
SINGLE = ("gp", "tpe5", "cmaes")
"""The single policies of Optuna that `auto` is to be no worse than."""
OLD = "tpe4"
"""The policy that `auto` is to beat on four problems of five."""
WINS = 0.8
MOST = 0.05
"""Share of the trials' time that asking may take."""
TIE = 1e-12
DEAR = ("gp",)
"""Policies whose searches take so long that fewer seeds may be there."""
SAYS = {
    "auto": "`hpo.tune`'s default, through the engine's desk",
    "gp": "Optuna 5's GPSampler",
    "tpe5": "Optuna 5's default (TPESampler)",
    "cmaes": "Optuna 5's CmaEsSampler",
    "tpe4": "Optuna 4's default (TPESampler), by the real Optuna 4",
    "random": "Optuna 5's RandomSampler",
}

Pair = tuple[str, int, int]
"""A problem, the slots and the seed: what the policies are compared on."""
Runs = dict[Pair, dict[str, Line]]


def write(source: Path = HERE / "results.csv", target: Path = HERE / "results.md") -> None:
    """Writes the tables."""
    target.write_text("\n".join(_text(read(source))) + "\n")


def _text(everything: list[Line]) -> Iterable[str]:
    lines = [line for line in everything if line.policy in ORDER]
    policies = [name for name in ORDER if any(line.policy == name for line in lines)]
    runs: Runs = defaultdict(dict)
    for line in lines:
        runs[line.problem, line.slots, line.seed][line.policy] = line
    whole = _with(runs, policies)
    quick = [name for name in policies if name not in DEAR]
    more = _with(runs, quick)
    yield "# Quality of the strategies"
    yield ""
    yield "Written by `make bench QUALITY=1` from `results.csv`; do not edit."
    yield ""
    yield f"{len(lines)} searches. A pair is a problem, slots and a seed; only pairs that all policies of a table have"
    yield f"run are in it: {_counted(whole)} with all policies, {_counted(more)} without {' and '.join(DEAR)}."
    yield "Versions: " + " | ".join(sorted({line.versions for line in lines})) + "."
    yield ""
    yield "Policies: " + "; ".join(f"`{name}` is {SAYS[name]}" for name in policies) + "."
    yield ""
    timed = [line for line in everything if "@" in line.policy]
    if whole:
        yield from _ranks(whole, policies)
        if len(more) > len(whole):
            yield from _ranks(more, quick)
        yield from _shares(runs, policies)
        yield from _against(_with(runs, ["auto", OLD]), policies)
        yield from _regrets(whole, policies)
        yield from _asking(whole, policies)
    if timed:
        yield from _short(timed)


def _with(runs: Runs, policies: list[str]) -> Runs:
    """Gives the pairs that all of these policies have run, with these policies only."""
    return {
        pair: {name: found[name] for name in policies} for pair, found in runs.items() if set(policies) <= set(found)
    }


def _counted(part: Runs) -> str:
    seeds = sorted({pair[2] for pair in part})
    names = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else ", ".join(map(str, seeds))
    return f"{len(part)} pairs of {len({pair[0] for pair in part})} problems (seeds {names})"


def ranks(found: dict[str, Line], at: str) -> dict[str, float]:
    """Ranks the policies of one pair by their regret, 1 is best; equals share."""
    values = {name: getattr(line, at) for name, line in found.items()}
    return {
        name: 1 + sum(other < mine - TIE for other in values.values()) + 0.5 * _equals(values, name)
        for name, mine in values.items()
    }


def _equals(values: dict[str, float], name: str) -> int:
    return sum(other != name and abs(value - values[name]) <= TIE for other, value in values.items())


def mean_ranks(whole: Runs, at: str) -> dict[str, float]:
    """Averages the ranks over seeds and slots within each problem, then over problems."""
    by: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (problem, _, _), found in whole.items():
        for name, rank in ranks(found, at).items():
            by[name][problem].append(rank)
    return {name: statistics.mean(map(statistics.mean, problems.values())) for name, problems in by.items()}


def _ranks(whole: Runs, policies: list[str]) -> Iterable[str]:
    yield f"## Mean rank of {len(policies)} policies (1 is best), within each problem, then over problems"
    yield ""
    yield f"{_counted(whole)}."
    yield ""
    yield from _head("slots", "evaluations", *policies)
    for slots in sorted({pair[1] for pair in whole}):
        part = {pair: found for pair, found in whole.items() if pair[1] == slots}
        for at in ("at25", "at50", "at100"):
            means = mean_ranks(part, at)
            yield _row(str(slots), at[2:], *(f"{means[name]:.2f}" for name in policies))
    for at in ("at25", "at50", "at100"):
        means = mean_ranks(whole, at)
        yield _row("all", at[2:], *(f"{means[name]:.2f}" for name in policies))
    yield ""
    single = [name for name in SINGLE if name in policies]
    if "auto" in policies and single:
        for at in ("at50", "at100"):
            means = mean_ranks(whole, at)
            best = min(single, key=means.__getitem__)
            met = "met" if means["auto"] <= means[best] else "MISSED"
            figures = f"`auto` {means['auto']:.2f}, the best single policy (`{best}`) {means[best]:.2f}"
            yield f"At {at[2:]}: {figures}: {met}."
            yield ""


def _shares(runs: Runs, policies: list[str]) -> Iterable[str]:
    if "auto" not in policies:
        return
    yield "## `auto` against each: share of pairs won (a tie is half), mean over problems ± its standard error"
    yield ""
    yield from _head("against", "pairs", "problems won / even / lost at 50", "share at 50", "at 100: problems", "share")
    for other in (name for name in policies if name != "auto"):
        part = _with(runs, ["auto", other])
        cells = [other, str(len(part))]
        for at in ("at50", "at100"):
            by: defaultdict[str, list[float]] = defaultdict(list)
            for (problem, _, _), found in part.items():
                by[problem].append(_win(getattr(found["auto"], at), getattr(found[other], at)))
            shares = [statistics.mean(wins) for wins in by.values()]
            error = statistics.stdev(shares) / len(shares) ** 0.5 if len(shares) > 1 else float("nan")
            counts = (sum(s > 0.5 for s in shares), sum(s == 0.5 for s in shares), sum(s < 0.5 for s in shares))
            cells += [" / ".join(map(str, counts)), f"{statistics.mean(shares):.0%} ± {error:.0%}"]
        yield _row(*cells)
    yield ""


def _against(whole: Runs, policies: list[str]) -> Iterable[str]:
    if not {"auto", OLD} <= set(policies):
        return
    yield "## `auto` against Optuna 4's default: share of pairs won"
    yield ""
    yield f"A tie is half a win; the goal is to win {WINS:.0%} of the problems."
    yield ""
    yield from _head("problem", "25", "50", "100")
    won: defaultdict[str, list[bool]] = defaultdict(list)
    for problem in sorted({pair[0] for pair in whole}):
        cells = []
        for at in ("at25", "at50", "at100"):
            found = [runs for pair, runs in whole.items() if pair[0] == problem]
            share = statistics.mean(_win(getattr(each["auto"], at), getattr(each[OLD], at)) for each in found)
            won[at].append(share > 0.5)
            cells.append(f"{share:.0%}")
        yield _row(problem, *cells)
    shares = {at: statistics.mean(wins) for at, wins in won.items()}
    yield _row("**problems won**", *(f"**{share:.0%}**" for share in shares.values()))
    yield ""
    for at in ("at50", "at100"):
        yield f"At {at[2:]}: {'met' if shares[at] >= WINS else 'MISSED'}."
        yield ""


def _win(mine: float, other: float) -> float:
    return 0.5 if abs(mine - other) <= TIE else float(mine < other)


def _regrets(whole: Runs, policies: list[str]) -> Iterable[str]:
    yield "## Median regret at 50 / 100 evaluations (for the three learners the loss itself)"
    yield ""
    yield from _head("problem", "slots", *policies)
    for problem, slots in sorted({pair[:2] for pair in whole}):
        found = [runs for pair, runs in whole.items() if pair[:2] == (problem, slots)]
        cells = []
        for name in policies:
            medians = [statistics.median(getattr(each[name], at) for each in found) for at in ("at50", "at100")]
            cells.append(" / ".join(f"{median:.2g}" for median in medians))
        yield _row(problem, str(slots), *cells)
    yield ""


def _asking(whole: Runs, policies: list[str]) -> Iterable[str]:
    yield "## Processor time of asking and telling, 100 evaluations"
    yield ""
    yield from _head("", *policies)
    costs = {name: [runs[name].asking_s for runs in whole.values()] for name in policies}
    yield _row("seconds a search, mean", *(f"{statistics.mean(costs[name]):.2f}" for name in policies))
    shares = {name: [r[name].asking_s / r[name].trials_s for r in whole.values()] for name in policies}
    yield _row("largest share of the trials' time", *(f"{max(shares[name]):.2%}" for name in policies))


def _short(timed: list[Line]) -> Iterable[str]:
    yield ""
    yield "## `auto` where trials are short: share of asking in the trials' time (goal: ≤ 5 %)"
    yield ""
    yield from _head("seconds a trial", "searches", "mean share", "largest share", "goal")
    for policy in sorted({line.policy for line in timed}, key=lambda name: float(name.partition("@")[2])):
        shares = [line.asking_s / line.trials_s for line in timed if line.policy == policy]
        met = "met" if max(shares) <= MOST else "MISSED"
        mean, most = f"{statistics.mean(shares):.2%}", f"{max(shares):.2%}"
        yield _row(policy.partition("@")[2], str(len(shares)), mean, most, met)


def _head(*cells: str) -> Iterable[str]:
    yield _row(*cells)
    yield _row(*("---" for _ in cells))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
