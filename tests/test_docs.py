"""Documents tell the truth: commands exist, links resolve, code runs, public names are described."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hpo_widgets

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/benchmarks/README.md")]
TUTORIALS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_CELLS = 14
SET_UP = {"lab", "test"}
"""The commands that README promises to do all the set-up."""


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def make_commands(text: str) -> set[str]:
    """Returns the targets of every `make ...` in a document's code, its variables and options left out."""
    code = [*re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL), *re.findall(r"`(make [^`]*)`", text)]
    lines = [line.split("#")[0] for block in code for line in block.splitlines()]
    made = [re.sub(r'\w+=("[^"]*"|\S*)', "", line).split()[1:] for line in lines if line.startswith("make ")]
    return {word for words in made for word in words if not word.startswith("-")}


def broken_links(text: str, folder: Path) -> list[str]:
    """Returns the links and pictures of a document that lead to no file; addresses of the web are not tried."""
    found = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"<img[^>]* src=\"([^\"]+)\"", text)
    local = [link.split("#")[0] for link in found if "://" not in link and not link.startswith("#")]
    return [link for link in local if not (folder / link).exists()]


def tutorial_cells(path: Path, kind: str) -> list[str]:
    """Returns the texts of a tutorial's cells of one kind, `markdown` or `code`."""
    cells = json.loads(path.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def next_of(text: str) -> list[str]:
    """Returns where the last paragraph of a text leads as the next thing to read."""
    return re.findall(r"^Next: \[[^]]+\]\(([^)]+)\)\.", text.rsplit("\n\n", maxsplit=1)[-1])


def python_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_of_a_document_are_in_the_makefile(path: Path) -> None:
    assert make_commands(path.read_text()) - make_targets() == set()


def test_readme_promises_the_two_commands() -> None:
    assert make_commands((ROOT / "README.md").read_text()) >= SET_UP


def test_command_that_is_not_in_the_makefile_would_be_found() -> None:
    text = '`make absent X=1` and\n```sh\nmake lint types Y="a b"  # why\nmake bench BENCH_ARGS=--strict\n```'

    assert make_commands(text) == {"absent", "lint", "types", "bench"}
    assert make_commands(text) - make_targets() == {"absent"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_a_document_resolve(path: Path) -> None:
    assert broken_links(path.read_text(), path.parent) == []


def test_link_that_does_not_resolve_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("")

    text = "[a](there.md#part) [b](absent.md) [c](https://example.org) [d](#here) <img alt='' src=\"absent.png\">"

    assert broken_links(text, tmp_path) == ["absent.md", "absent.png"]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_links_of_a_tutorial_resolve(path: Path) -> None:
    assert broken_links("\n".join(tutorial_cells(path, "markdown")), path.parent) == []


def test_each_tutorial_leads_to_the_next_and_they_are_numbered_without_a_gap() -> None:
    numbers = [path.name[:2] for path in TUTORIALS]
    lead_to = [next_of(tutorial_cells(path, "markdown")[-1]) for path in TUTORIALS]

    assert numbers == [f"{number:02}" for number in range(1, 11)]
    assert lead_to == [*([path.name] for path in TUTORIALS[1:]), []]


def test_the_way_back_from_the_last_tutorial_is_the_first() -> None:
    assert f"]({TUTORIALS[0].name})" in tutorial_cells(TUTORIALS[-1], "markdown")[-1]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_short(path: Path) -> None:
    assert len(tutorial_cells(path, "markdown")) + len(tutorial_cells(path, "code")) <= MOST_CELLS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_paths_named_in_a_document_exist(path: Path) -> None:
    named = re.findall(r"`((?:hpo_widgets|tests|notebooks)/[\w./-]*[\w/])`", path.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_python_of_the_readme_runs(tmp_path: Path) -> None:
    blocks = python_blocks((ROOT / "README.md").read_text())
    script = tmp_path / "readme.py"
    told = "\nprint(len(table), study.state, best['kernel'], round(study.best.objective, 2))"
    top = "\nprint(len(top), top[0].get_last_scalar_metrics()['objective']['objective']['last'] > 0.9)"
    script.write_text(blocks[0] + told + "\n" + blocks[1] + top + "\n" + blocks[2])

    said = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )

    assert len(blocks) == 3
    assert said.returncode == 0, said.stderr
    first, second = said.stdout.splitlines()[:2]
    trials, state, kernel, score = first.split()
    assert second == "3 True"
    assert (trials, state) == ("20", "completed")
    assert kernel in {"rbf", "sigmoid"}
    assert 0.9 < float(score) <= 1


def test_names_of_the_package_that_the_readme_uses_exist() -> None:
    used = set(re.findall(r"\bhpo\.([a-z_]+)", (ROOT / "README.md").read_text()))

    assert {"tune", "attach", "studies"} <= used
    assert used - set(hpo_widgets.__all__) == set()


@pytest.mark.parametrize("name", hpo_widgets.__all__)
def test_public_name_is_described(name: str) -> None:
    assert (getattr(hpo_widgets, name).__doc__ or "").strip()


def test_every_folder_of_the_package_is_described() -> None:
    packages = sorted((ROOT / "hpo_widgets").rglob("__init__.py"))

    assert packages
    assert [str(path) for path in packages if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_changelog_begins_with_the_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)

    assert versions[0] == hpo_widgets.__version__
