"""The reference that `make docs` writes: names, commands, flags, fields and strategies; no broken link, no network."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

import hpo_widgets
from hpo_widgets.strategies.methods import methods
from hpo_widgets.widgets.limit_fields import limit_fields

ROOT = Path(__file__).parents[1]
MAKE = ROOT / ".ci" / "docs" / "make.py"
LOADS = {"src", "srcset", "poster", "data"}
"""Attributes by which a page loads something; a link does so for `<link>` only."""


class Html(HTMLParser):
    """Collects what a page names, links to and loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name in LOADS or (tag == "link" and name == "href"):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, MAKE, folder], cwd=ROOT, check=True, capture_output=True, timeout=100)
    return folder


@pytest.fixture(scope="module")
def pages(made: Path) -> dict[Path, Html]:
    return {path: Html(path.read_text(encoding="utf-8")) for path in made.rglob("*.html")}


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", MAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broken(pages: dict[Path, Html]) -> Iterator[str]:
    """Yields the links that lead to no page, or to no place in it."""
    for path, page in pages.items():
        for link in page.links:
            file, _, place = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            if not re.match(r"\w+:", link) and (target not in pages or (place and place not in pages[target].ids)):
                yield f"{path.name}: {link}"


def undescribed(parser: argparse.ArgumentParser) -> list[str]:
    return [str(each.option_strings or each.dest) for each in parser._actions if not each.help]


def form_labels(folder: Path) -> set[str]:
    """Finds the labels of all fields in the scripts of the forms, and of the limits, which Python names."""
    scripts = [(folder / f"{name}_form.js").read_text(encoding="utf-8") for name in ("study", "space", "objective")]
    found = {label for text in scripts for label in re.findall(r'\blabel: "([^"]+)"', text)}
    return found | {field.label for field in limit_fields()}


def documented_fields(text: str) -> set[str]:
    """Finds the fields in the first column of the tables; one cell may name two."""
    first = re.findall(r"^\| ([^|]+) \|", text, flags=re.MULTILINE)
    labels = {each for each in first if each != "field"}
    return labels | {part for each in labels for part in each.split(", ")}


def test_links_lead_somewhere(pages: dict[Path, Html]) -> None:
    assert sum(len(page.links) for page in pages.values()) > 100
    assert list(broken(pages)) == []


def test_pages_load_nothing_from_elsewhere(pages: dict[Path, Html], made: Path) -> None:
    loads = [each for page in pages.values() for each in page.loads]
    styles = "".join(path.read_text(encoding="utf-8") for path in made.rglob("*.html"))

    assert [each for each in loads if re.match(r"(https?:)?//", each)] == []
    assert re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//\S*", styles) == []


@pytest.mark.parametrize("name", hpo_widgets.__all__)
def test_public_name_has_its_place(pages: dict[Path, Html], made: Path, name: str) -> None:
    assert name in pages[made / "hpo_widgets.html"].ids


@pytest.mark.parametrize("module", ["automation", "automation/optuna", "comet"])
def test_names_of_a_door_have_their_place(pages: dict[Path, Html], made: Path, module: str) -> None:
    names = importlib.import_module(f"hpo_widgets.{module.replace('/', '.')}").__all__

    assert set(names) - pages[made / "hpo_widgets" / f"{module}.html"].ids == set()


def test_methods_that_a_class_takes_from_others_have_their_place(pages: dict[Path, Html], made: Path) -> None:
    wanted = {f"Study.{name}" for name in ("pause", "set_limits", "set_space", "tasks", "export_html", "optuna_study")}

    assert wanted - pages[made / "hpo_widgets.html"].ids == set()


def test_commands_and_flags_are_described(maker: ModuleType, made: Path) -> None:
    page = (made / "command_line.html").read_text(encoding="utf-8")

    for name, parser in maker.parsers().items():
        assert f"hpo-widgets {name}" in page
        assert undescribed(parser) == []
        assert [flag for each in parser._actions for flag in each.option_strings if flag not in page] == []


def test_fields_of_the_forms_are_described_and_no_others(made: Path) -> None:
    labels, text = form_labels(ROOT / "hpo_widgets" / "widgets"), (MAKE.parent / "forms.md").read_text(encoding="utf-8")
    described = documented_fields(text)

    assert len(labels) > 30
    assert labels - described == set()
    whole = {each for each in re.findall(r"^\| ([^|]+) \|", text, flags=re.MULTILINE) if each != "field"}
    assert {each for each in whole if each not in labels and set(each.split(", ")) - labels} == set()
    assert "Maximum concurrent trials" in (made / "forms.html").read_text(encoding="utf-8")


def test_strategies_are_described(made: Path, pages: dict[Path, Html]) -> None:
    page = (made / "strategies.html").read_text(encoding="utf-8")

    assert [each.name for each in methods() if f">{each.name}</h2>" not in page] == []


def test_what_is_broken_would_be_found() -> None:
    here, parser = Path("/a/here.html"), argparse.ArgumentParser()
    parser.add_argument("--silent")
    page = Html('<p id="a"></p><a href="#a"></a><a href="#b"></a><a href="absent.html"></a><img src="//cdn/x.png">')

    assert list(broken({here: page})) == ["here.html: #b", "here.html: absent.html"]
    assert page.loads == ["//cdn/x.png"]
    assert undescribed(parser) == ["['--silent']"]
    assert documented_fields("| field | x |\n|---|---|\n| Low, High | y |") >= {"Low", "High"}
