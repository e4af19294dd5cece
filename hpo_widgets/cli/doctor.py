"""`hpo-widgets doctor`: says what works on this machine, and what to do about what does not."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from hpo_widgets.cli.main import DONE, FAILED
from hpo_widgets.cli.tables import printable
from hpo_widgets.model.health import Standing
from hpo_widgets.model.health_rules import examine, text_of
from hpo_widgets.sdk.health import gather
from hpo_widgets.store.location import configure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--store", default=None, help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")


def run(arguments: argparse.Namespace) -> int:
    """Prints the report; the exit code is 1 when something does not work until it is mended."""
    if arguments.store is not None:
        configure(store=arguments.store)
    findings = examine(gather())
    if arguments.json:
        print(json.dumps([asdict(each) for each in findings], indent=1, ensure_ascii=False))
    else:
        print(printable(text_of(findings)))
    return FAILED if any(each.standing is Standing.BAD for each in findings) else DONE
