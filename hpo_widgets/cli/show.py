"""`hpo-widgets show`: lists studies, prints one, or writes it as an offline report."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path

from hpo_widgets.charts.failures import group_failures
from hpo_widgets.cli.main import DONE
from hpo_widgets.cli.tables import fixed_text, printable, result_table, text_table
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.sdk.tune import attach, studies
from hpo_widgets.store.location import configure, store_folder
from hpo_widgets.study import Study
from hpo_widgets.widgets import words

SHOWN = 20
"""Best tasks that are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes."""
    parser.add_argument("name", nargs="?", help="study to show; without it all are listed")
    parser.add_argument("--html", metavar="PATH", help="write a self-contained offline report")
    parser.add_argument("--csv", metavar="PATH", help="write the table of trials")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--top", type=int, default=SHOWN, metavar="N", help="trials to print (default: %(default)s)")
    parser.add_argument("--store", default=None, help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")


def run(arguments: argparse.Namespace) -> int:
    """Shows what was asked for and gives the exit code.

    Raises:
        InvalidInput: For options that need the name of a study.
        NotFound: With the closest names.
    """
    if arguments.store is not None:
        configure(store=arguments.store)
    if arguments.name is None:
        _list(as_json=arguments.json, wants=arguments.html or arguments.csv)
        return DONE
    study = attach(arguments.name)
    if arguments.json:
        print(json.dumps(study.to_json(), indent=1, allow_nan=False, ensure_ascii=False))
    elif not (arguments.html or arguments.csv):
        _print(study, arguments.top)
    for path, write in ((arguments.html, study.export_html), (arguments.csv, study.export_csv)):
        if path:
            _write(path, write)
    return DONE


def _write(path: str, write: object) -> None:
    assert callable(write)
    try:
        print(f"written: {write(Path(path))}")
    except OSError as error:
        raise InvalidInput(f"{path!r} cannot be written: {error.strerror or error}.") from None


def _list(*, as_json: bool, wants: str | None) -> None:
    if wants:
        raise InvalidInput("a report is of one study; give its name, as `hpo-widgets show NAME --html report.html`.")
    found = studies()
    if as_json:
        rows = [{"id": s.id, "name": s.name, "state": s.state, "created": s.record.created} for s in found]
        print(json.dumps(rows, indent=1))
        return
    if not found:
        print(f"there are no studies in {store_folder()}")
        return
    print(text_table(["study", "state", "trials", "best", "started", "base task"], [_row(each) for each in found]))


def _row(study: Study) -> list[str]:
    record, (trials, values) = study.record, study.glance()
    best = ", ".join(map(words.number, values)) or words.MISSING
    started = datetime.fromtimestamp(record.created).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ006 - people read local time
    return [record.name, study.state_of(record), str(trials), best, started, study.config.base_name]


def say(text: str) -> None:
    """Prints what may have names in it."""
    print(printable(text))


def _print(study: Study, most: int) -> None:
    record, config = study.record, study.config
    tasks, top = study.store.tasks(study.id), study.top(most)
    why = why_ended(record.reason, config.limits)
    counts = study.count_states(tasks)
    say(f"study      {record.name} ({record.id[:8]})")
    say(f"state      {study.state}{f' ({why})' if why else ''}")
    say(f"base task  {config.base_name or words.MISSING}")
    say(f"objective  {', '.join(f'{each.name} ({each.sign.value})' for each in config.objectives)}")
    if config.space.fixed:
        say(f"fixed      {fixed_text(config.space.fixed)}")
    say(f"trials     {', '.join(f'{n} {state}' for state, n in counts.items()) or 'none yet'}")
    usage = study.usage
    say(f"time       {words.duration(usage.time)}, {words.duration(usage.compute_time)} of computing")
    limits = ", ".join(f"{name} {value}" for name, value in config.limits.to_json().items())
    say(f"limits     {limits or 'none'}")
    say("")
    say(result_table(config.objectives, top) if top else study.why_no_result())
    for group in group_failures(tasks):
        say(f"\n{group.count} failed: {words.cut(group.title, 300)}")
        for each in group.shared:
            say(f"  all have {each.name} = {' to '.join(words.value(value) for value in each.values)}")
