"""`hpo-widgets optimize`: runs a script in Comet's style in several processes, with the flags of `comet optimize`."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpo_widgets.cli.main import DONE
from hpo_widgets.cli.optimize_run import Plan, run_plan
from hpo_widgets.comet import Optimizer
from hpo_widgets.comet.begin import closest_file
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.store.location import configure, open_store, store_folder

VARIABLES = ("HPO_WIDGETS_OPTIMIZER_ID", "COMET_OPTIMIZER_ID")
"""Environment variables that name an optimizer to go on with; the first one that is set counts."""
USAGE = "hpo-widgets optimize [-j N] [-t N] [-e CMD] [-d FILE] [--store FOLDER] [SCRIPT] OPTIMIZER [-- ARGS ...]"
EPILOG = """\
A script asks for its parameter sets, trains, and logs the metric that the config names:

    import sys
    from hpo_widgets.comet import Optimizer

    for experiment in Optimizer(sys.argv[1]).get_experiments():
        loss = train(experiment.get_parameter("x"))
        experiment.log_metric("loss", loss)

A config is a file with a Python literal, JSON or YAML:

    {"algorithm": "bayes",  # or "random", "grid"
     "spec": {"metric": "loss", "objective": "minimize", "maxCombo": 20},
     "parameters": {"x": {"type": "float", "min": 0.0, "max": 1.0}}}

examples:
    hpo-widgets optimize -j 4 train.py search.config
    hpo-widgets optimize -j 4 train.py search.config -- --epochs 20
    hpo-widgets optimize train.py 366dcb4f38bf42aea6d2d87cd9601a60   # go on with it
    export COMET_OPTIMIZER_ID=$(hpo-widgets optimize search.config)  # begin it, run it later

Each process gets `SCRIPT ARGS OPTIMIZER`, and `--trials N` after them when -t is given. The id is in
COMET_OPTIMIZER_ID and HPO_WIDGETS_OPTIMIZER_ID; when one of them is set before, that search goes on. What the
processes print is on stdout, with the number of the process before it, and kept in the store's folder `logs`; the
progress is on stderr.

A process that dies is reported and gives its set back: it is issued again if the process was killed (once at least) or
if the config's retryAssignLimit says so. Another process takes its place, unless the script has failed before it
completed anything, or 6 have died one after the other. Ctrl-C asks the processes to end (after a minute they are
killed) and gives their sets back; a second Ctrl-C kills them at once. Go on with the id, which is the first line.

Exit code: 0 when all went well, 1 when a process failed or nothing has a result, 2 for bad input, 130 after Ctrl-C.
"""


class _Parser(argparse.ArgumentParser):
    """Keeps what follows `--` for the script, and takes options between the positionals too."""

    _is_within = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parses what stands before `--` only."""
        words = list(args or ())
        if self._is_within:  # argparse's own, which parses options first and then positionals, comes back here
            return super().parse_known_args(words, namespace)
        at = words.index("--") if "--" in words else len(words)
        self._is_within = True
        try:
            found, extra = super().parse_known_intermixed_args(words[:at], namespace)
        finally:
            self._is_within = False
        found.extra = words[at + 1 :]
        return found, extra


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes."""
    parser.__class__ = _Parser
    parser.usage, parser.epilog, parser.formatter_class = USAGE, EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("-j", "--parallel", type=int, default=1, metavar="N", help="processes at one time (default: 1)")
    parser.add_argument(
        "-t", "--trials", type=int, metavar="N", help="runs of each parameter set; overrides the config"
    )
    parser.add_argument("-e", "--executable", metavar="CMD", help="runs SCRIPT instead of this Python, as 'python -O'")
    parser.add_argument("-d", "--dump", metavar="FILE", help="write the status to a file (a Python literal) before it")
    parser.add_argument("--store", metavar="FOLDER", help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")
    parser.add_argument("script", nargs="?", metavar="SCRIPT", help="absent: begins the search and prints just its id")
    parser.add_argument("optimizer", metavar="OPTIMIZER", help="config file, or the id of a search to go on with")


def run(arguments: argparse.Namespace) -> int:
    """Begins or finds the search, runs the script on it, and gives the exit code.

    Raises:
        InvalidInput: With every problem found; nothing is recorded then.
    """
    if arguments.store is not None:
        configure(store=arguments.store)
    problems = [*_numbers(arguments), *_script(arguments), *_optimizer(arguments.optimizer), *_dump(arguments.dump)]
    executable, trouble = _executable(arguments.executable)
    if problems or trouble:
        raise InvalidInput([*problems, *trouble])
    optimizer = _open(arguments)
    if arguments.dump is not None:
        Path(arguments.dump).write_text(f"{optimizer.status()!r}\n", encoding="utf-8")
    if arguments.script is None:
        print(optimizer.get_id())
        return DONE
    trials = () if arguments.trials is None else ("--trials", str(arguments.trials))
    words = (*executable, arguments.script, *arguments.extra, arguments.optimizer, *trials)
    again = _again(arguments, optimizer.get_id())
    return run_plan(Plan(optimizer=optimizer, words=words, processes=arguments.parallel, again=again))


# -- what is given -----------------------------------------------------------------------------------------------------
def _numbers(arguments: argparse.Namespace) -> list[str]:
    given = {"-j": arguments.parallel, "-t": arguments.trials}
    return [f"{flag} is {n}; give a number of at least 1." for flag, n in given.items() if n is not None and n < 1]


def _script(arguments: argparse.Namespace) -> list[str]:
    script, optimizer = arguments.script, arguments.optimizer
    if script is None:
        if arguments.extra:
            return [f"arguments after -- are given, and no script; write hpo-widgets optimize SCRIPT {optimizer} -- …"]
        if Path(optimizer).suffix in (".py", ".ipynb"):
            return [f"{optimizer} is a script; give its config too: hpo-widgets optimize {optimizer} OPTIMIZER"]
        return []
    path = Path(script)
    if path.suffix != ".py" and Path(optimizer).suffix == ".py":
        return [f"the script comes first: hpo-widgets optimize {optimizer} {script}"]
    if not path.is_file():
        return [f"there is no script {script!r}{closest_file(path)}."]
    if path.suffix == ".ipynb":
        return [f"{script} is a notebook; run its loop in it, or search it with hpo-widgets param-search --script."]
    text = path.read_text(encoding="utf-8", errors="replace")
    if re.search(r"^\s*(import|from)\s+comet_ml\b", text, re.MULTILINE) and "hpo_widgets" not in text:
        return [f"{script} imports comet_ml, whose searches need Comet's servers; import hpo_widgets.comet instead."]
    return []


def _optimizer(given: str) -> list[str]:
    path = Path(given)
    if path.is_dir():
        return [f"{given!r} is a folder; give a config file or an id."]
    if known_id() or path.is_file():
        return []
    try:
        open_store().study(given)
    except NotFound:
        where = f"in the store {store_folder()}"
        return [f"{given!r} is neither a config file{closest_file(path)} nor the id of a search {where}."]
    return []


def _dump(file: str | None) -> list[str]:
    if file is None or (Path(file).parent.is_dir() and not Path(file).is_dir()):
        return []
    return [f"-d is {file!r}; give a file in a folder that is there."]


def _executable(command: str | None) -> tuple[Sequence[str], list[str]]:
    if command is None:
        return (sys.executable,), []
    try:
        words = shlex.split(command)
    except ValueError as error:
        return (), [f"-e is {command!r}, which is no command ({error})."]
    if not words or shutil.which(words[0]) is None:
        return (), [f"-e is {command!r}; there is no program {words[0] if words else ''!r} on the PATH."]
    return words, []


def known_id() -> str | None:
    """Gives the id of the search that the environment names; `None` for none."""
    return next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None)


def _open(arguments: argparse.Namespace) -> Optimizer:
    """Begins the search, or finds it; what the config is warned of is said without where in our code."""
    known, given = known_id(), arguments.optimizer
    names = " and ".join(name for name in VARIABLES if os.environ.get(name))
    if known is not None and given != known:
        print(f"going on with the search {known} of {names}; {given} is not read", file=sys.stderr)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            optimizer = Optimizer(given, trials=arguments.trials, verbose=0)
    except NotFound as error:
        name = next((name for name in VARIABLES if os.environ.get(name)), "OPTIMIZER")
        raise InvalidInput(f"{name}: {error}") from None
    for each in caught:
        print(f"{given}: {each.message}", file=sys.stderr)
    begun = optimizer.status()["trials"]
    if arguments.trials not in (None, begun):
        raise InvalidInput(f"-t is {arguments.trials}, but the search was begun with {begun} trials; leave -t out.")
    return optimizer


def _again(arguments: argparse.Namespace, id: str) -> str:
    """Gives the command that goes on with the search."""
    words = ["hpo-widgets", "optimize"]
    for flag, value, usual in (("-j", arguments.parallel, 1), ("-e", arguments.executable, None)):
        words += [] if value == usual else [flag, str(value)]
    words += [] if arguments.store is None else ["--store", arguments.store]
    return shlex.join([*words, arguments.script, id, *(["--", *arguments.extra] if arguments.extra else [])])
