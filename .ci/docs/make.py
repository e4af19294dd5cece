"""Writes the API reference into a folder: `python .ci/docs/make.py build/docs`. The pages need no network.

Besides the public names of each module there are pages for the command line (from its own help), the forms
(`forms.md`) and the strategies with their options (from the registry).
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import warnings
from pathlib import Path

import pdoc
import pdoc.doc
import pdoc.render

from hpo_widgets import __version__
from hpo_widgets.cli.main import COMMANDS
from hpo_widgets.strategies.methods import methods

HERE = Path(__file__).parent
MODULES = (
    "hpo_widgets",
    "hpo_widgets.automation",
    "hpo_widgets.automation.optuna",
    "hpo_widgets.comet",
    "hpo_widgets.errors",
    "hpo_widgets.integrations",
)
"""What user code imports; the rest of the package is its own business."""
NO_PICTURE = "data:,"
PACKAGE = "hpo_widgets"


def main(folder: Path) -> None:
    """Writes every page."""
    for name in MODULES:
        _load_public_names(name)
    # `Study` and the forms are put together from classes that have no page: what they bring is described in its place.
    pdoc.doc.Class.own_members = property(_members_of_the_package)  # type: ignore[assignment, misc]
    pdoc.render.configure(
        docformat="google", favicon=NO_PICTURE, show_source=False, footer_text=f"hpo_widgets {__version__}"
    )
    with tempfile.TemporaryDirectory() as made, warnings.catch_warnings():
        warnings.simplefilter("error")
        pages = {"command_line": command_line(), "forms": (HERE / "forms.md").read_text(), "strategies": strategies()}
        for name, text in pages.items():
            (Path(made) / f"{name}.py").write_text(f"r'''\n{text}\n'''\n", encoding="utf-8")
        pdoc.pdoc(*MODULES, *(str(Path(made) / f"{name}.py") for name in pages), output_directory=folder)


def _members_of_the_package(described: pdoc.doc.Class) -> list[pdoc.doc.Doc]:
    return [each for each in described.members.values() if each.taken_from[0].split(".")[0] == PACKAGE]


def _load_public_names(name: str) -> None:
    """Loads what a module gives at first use; names whose framework is not installed are left out, and told."""
    module = importlib.import_module(name)
    for each in list(getattr(module, "__all__", ())):
        try:
            vars(module)[each] = getattr(module, each)
        except ImportError as error:
            sys.stderr.write(f"{name}.{each} is left out: {error}\n")
            module.__all__ = [other for other in module.__all__ if other != each]


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Gives the parser of each sub-command."""
    found = {}
    for name, (module, about) in COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"hpo-widgets {name}", description=f"{about[0].upper()}{about[1:]}.")
        importlib.import_module(module).add_arguments(parser)
        found[name] = parser
    return found


def command_line() -> str:
    """Writes the page of the command line: each sub-command and its help."""
    helps = [f"## hpo-widgets {name}\n\n```text\n{each.format_help()}```" for name, each in parsers().items()]
    return "\n\n".join(["`hpo-widgets SUB-COMMAND`, also as `python -m hpo_widgets.cli SUB-COMMAND`.", *helps])


def strategies() -> str:
    """Writes the page of the strategies: what each does, and its options."""
    parts = ['The names that `strategy="..."` takes, and the options that go with them in a dict.']
    for each in methods():
        parts.append(f"## {each.name}\n\n{each.sentence}")
        rows = [f"| {o.name} | {o.default!r} | {o.note} {', '.join(o.choices)} |" for o in each.options]
        if rows:
            parts.append("\n".join(["| option | as usual | |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
