"""Functions with a known optimum: Branin, Hartmann6, Ackley in 5 dimensions, and a mixed one in 20."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from problems import Choice, Float, Int, Problem, Range, Seen

HARTMANN_ALPHA = (1.0, 1.2, 3.0, 3.2)
HARTMANN_A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
HARTMANN_P = (
    (1312, 1696, 5569, 124, 8283, 5886),
    (2329, 4135, 8307, 3736, 1004, 9991),
    (2348, 1451, 3522, 2883, 3047, 6650),
    (4047, 8828, 8732, 5743, 1091, 381),
)
OPTIMUM = {"branin": 0.39788735772973816, "hartmann6": -3.322368011415515, "ackley5": 0.0, "mixed20": 0.0}
KINDS = ("a", "b", "c", "d")


def branin(p: Mapping[str, Any]) -> float:
    """Branin's function (three equal optima)."""
    x, y = p["x"], p["y"]
    bowl = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
    return float(bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def hartmann6(p: Mapping[str, Any]) -> float:
    """Hartmann's function in six dimensions."""
    x = [p[f"x{i}"] for i in range(6)]
    total = 0.0
    for alpha, a, centre in zip(HARTMANN_ALPHA, HARTMANN_A, HARTMANN_P, strict=True):
        total -= alpha * math.exp(-sum(a[i] * (x[i] - centre[i] / 10_000) ** 2 for i in range(6)))
    return total


def ackley5(p: Mapping[str, Any]) -> float:
    """Ackley's function, shifted off the middle of its range, which some samplers try first."""
    x = [p[f"x{i}"] - 3.7 + i for i in range(5)]
    root = math.sqrt(sum(v * v for v in x) / 5)
    return -20 * math.exp(-0.2 * root) - math.exp(sum(math.cos(2 * math.pi * v) for v in x) / 5) + 20 + math.e


def mixed20(p: Mapping[str, Any]) -> float:
    """Eight floats, four rates on a log scale, four whole numbers and four choices, which work together in pairs."""
    floats = [p[f"f{i}"] - 0.15 - 0.1 * i for i in range(8)]
    rates = [math.log10(p[f"r{i}"]) + 2 + 0.5 * i for i in range(4)]
    counts = [(p[f"n{i}"] - 7 - 9 * i) / 40 for i in range(4)]
    total = sum(v * v * (1 + i) for i, v in enumerate(floats)) + sum(v * v / 8 for v in rates)
    total += sum(v * v * 4 for v in counts)
    total += 0.3 * abs(floats[0] + floats[1]) + 0.3 * abs(rates[0] / 3 - floats[2]) + 0.5 * abs(counts[0] - floats[3])
    for i in range(4):
        wrong = (KINDS.index(p[f"c{i}"]) - i) % 4
        total += (0.0, 0.35, 0.15, 0.5)[wrong] * (1 + abs(floats[4 + i]))
    return total


def functions() -> tuple[Problem, ...]:
    """Gives the four problems."""
    mixed: dict[str, Range] = {f"f{i}": Float(0.0, 1.0) for i in range(8)}
    mixed |= {f"r{i}": Float(1e-5, 1.0, log=True) for i in range(4)}
    mixed |= {f"n{i}": Int(1, 40) for i in range(4)}
    mixed |= {f"c{i}": Choice(KINDS) for i in range(4)}
    return (
        _problem(branin, {"x": Float(-5.0, 10.0), "y": Float(0.0, 15.0)}),
        _problem(hartmann6, {f"x{i}": Float(0.0, 1.0) for i in range(6)}),
        _problem(ackley5, {f"x{i}": Float(-32.768, 32.768) for i in range(5)}),
        _problem(mixed20, mixed),
    )


def _problem(function: Callable[[Mapping[str, Any]], float], space: dict[str, Range]) -> Problem:
    def evaluate(parameters: Mapping[str, Any], _seed: int) -> Seen:
        value = function(parameters)
        return Seen(loss=value, regret=value - OPTIMUM[function.__name__])

    return Problem(name=function.__name__, family="function", space=space, evaluate=evaluate)
