"""The limits of a search as people type them: the fields of the form and of the dashboard's dialog, read alike.

Minutes in a field, seconds in the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import LIMIT_WORDS, Limits
from hpo_widgets.model.typed_values import read_number
from hpo_widgets.sdk.planning import default_concurrency

UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}
"""What may stand behind a time, in seconds; nothing means minutes."""
NO_LIMIT = "no limit"


@dataclass(frozen=True, kw_only=True)
class LimitField:
    """Is one field of the form."""

    name: str
    """Of the limit, as in `Limits`."""
    label: str
    empty: str = NO_LIMIT
    """What an empty field means."""
    hint: str = ""
    is_time: bool = False
    is_number: bool = False
    """Whether it is any number, not a whole one."""
    is_word: bool = False
    within: str = ""
    """What it is called within a sentence, where the label in small letters would not read well."""
    first: bool = False
    """Whether it is seen without unfolding the rest."""


def limit_fields() -> tuple[LimitField, ...]:
    """Lists the fields in order."""
    slots = default_concurrency()
    return (
        LimitField(
            name="max_number_of_concurrent_tasks",
            label="Maximum concurrent trials",
            empty=f"one a core, at most 4: {slots}",
            first=True,
        ),
        LimitField(name="total_max_jobs", label="Trials in all", first=True),
        LimitField(
            name="save_top_k_tasks_only",
            label="Best trials to keep",
            hint="The others are archived, nothing is deleted.",
        ),
        LimitField(
            name="time_limit_per_job",
            label="Minutes per trial",
            hint="A trial that runs longer is ended; what it reached counts.",
            is_time=True,
        ),
        LimitField(name="optimization_time_limit", label="Minutes in all", is_time=True, hint="From start to end."),
        LimitField(
            name="compute_time_limit",
            label="Compute minutes",
            hint="Running time summed over all trials.",
            is_time=True,
        ),
        LimitField(
            name="min_iteration_per_job",
            label="Minimum iterations per trial",
            hint="No trial is pruned before it has reported this iteration.",
        ),
        LimitField(
            name="max_iteration_per_job",
            label="Maximum iterations per trial",
            hint="A trial that reports this iteration is complete.",
        ),
        LimitField(
            name="patience",
            label="Trials without a better value",
            within="“trials without a better value”",
            hint="So many in a row end the search; what still runs may save it.",
        ),
        LimitField(
            name="min_gain",
            label="Least gain",
            empty="any",
            hint="What counts as better, in the objective's unit.",
            is_number=True,
        ),
        LimitField(
            name="target",
            label="Target value",
            empty="none",
            hint="A trial that reaches it ends the search.",
            is_number=True,
        ),
        LimitField(
            name="expected_gain",
            label="Expected gain",
            empty="none",
            hint="The search ends when less is still to be gained, in the objective's unit; needs torch.",
            is_number=True,
        ),
        LimitField(
            name="terminator",
            label="Terminator",
            empty="none",
            hint="Optuna's rule that ends the search: regret or emmr, which need torch, or stagnation.",
            is_word=True,
        ),
        LimitField(name="retries", label="Retries", empty="none", hint="How often a failed trial is run again."),
    )


# -- reading -----------------------------------------------------------------------------------------------------------
def read_limit(field: LimitField, text: str) -> float | str:
    """Reads what is typed into a field that is not empty.

    Raises:
        InvalidInput: When it is no such thing.
    """
    if field.is_word:
        return text.casefold()
    if field.is_number:
        return read_number(text)
    return read_seconds(text) if field.is_time else _whole(text)


def empty_limit(field: LimitField) -> int | None:
    """Gives what an empty field stands for, where limits are changed and not given anew."""
    return {"max_number_of_concurrent_tasks": default_concurrency(), "retries": 0}.get(field.name)


def in_words(sentence: str) -> tuple[str, str]:
    """Gives the name of the field that a sentence of the model is about, or "", and it in the words of fields."""
    known = {each.name: each for each in limit_fields()}
    known |= {short: known[long] for short, long in LIMIT_WORDS.items()}
    names = re.compile(rf"\b({'|'.join(sorted(known, key=len, reverse=True))})\b")
    first = names.search(sentence)
    said = names.sub(lambda found: known[found[0]].within or known[found[0]].label.lower(), sentence)
    said = said.replace(", or None for no limit", ", or leave it empty")
    return known[first[0]].name if first else "", said[:1].upper() + said[1:]


def read_seconds(text: str) -> float:
    """Reads a time: minutes, or with a unit (`90 s`, `2 h`); gives seconds.

    Raises:
        InvalidInput: When it is none, or not above 0.
    """
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz. ")
    unit = text[len(number) :].strip(" .") or "min"
    if unit not in UNITS:
        raise InvalidInput(f"{unit!r} is no unit of time; give minutes, or a number with one of {', '.join(UNITS)}.")
    seconds = float(Fraction(repr(read_number(number))) * UNITS[unit])
    if seconds <= 0:
        raise InvalidInput(f"{text!r} is no time; give more than 0, or leave it empty for no limit.")
    return seconds


def _whole(text: str) -> int:
    number = read_number(text)
    if number != int(number):
        raise InvalidInput(f"{text!r} is no whole number; give one such as {round(number)}.")
    return int(number)


# -- writing -----------------------------------------------------------------------------------------------------------
def limit_text(field: LimitField, limits: Limits) -> str:
    """Gives the text of a limit: `read_limit` gives the same; an empty one for what an empty field means."""
    value = getattr(limits, field.name)
    return "" if field.name == "retries" and not value else _text(value, field.is_time)


def _text(value: float | str | None, is_time: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or not is_time:
        return str(value)
    minutes = value / 60
    text = str(int(minutes)) if minutes.is_integer() else repr(minutes)
    return text if _same(read_seconds, text, value) else f"{value!r} s"


def _same(read: Callable[[str], float], text: str, value: float) -> bool:
    try:
        return read(text) == value
    except InvalidInput:
        return False
