"""Styles of forms and of dashboards live on one page: neither may reach the other's elements."""

from __future__ import annotations

import re
from pathlib import Path

import hpo_widgets

WIDGETS = Path(hpo_widgets.__file__).parent / "widgets"
FORMS = ("form", "study_form", "space_form", "limits_form", "objective_form", "app", "doctor")
SCOPES = (".hpo-form", ":where(.hpo-form)", "[data-jp-theme-light", ".jp-OutputArea")


def selectors(css):
    """Yields every selector of a stylesheet by itself."""
    for head in re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        if not head.strip().startswith("@"):
            yield from (each.strip() for each in re.split(r",(?![^()]*\))", head))


def reaches(css, used):
    """Gives the selectors that no form contains and that begin with a class of the dashboard."""
    found = [(each, re.search(r"\.(hpo-[a-z-]+)", each)) for each in selectors(css) if not each.startswith(SCOPES)]
    return [each for each, first in found if first and first[1] in used]


def test_styles_of_forms_do_not_reach_into_a_dashboard():
    scripts = [*WIDGETS.glob("dashboard*.js"), *(WIDGETS / "panels").glob("*.js")]
    used = set(re.findall(r"hpo-[a-z-]+", "".join(path.read_text() for path in scripts)))

    reached = {name: reaches((WIDGETS / f"{name}.css").read_text(), used) for name in FORMS}

    assert "hpo-summary" in used
    assert {name: found for name, found in reached.items() if found} == {}


def test_style_that_reaches_would_be_found():
    css = "/* .hpo-b { } */ .hpo-a { color: red } .hpo-form .hpo-b, .hpo-b:is(p, ul) { } @media x { .hpo-b ul { } }"

    assert reaches(css, {"hpo-b"}) == [".hpo-b:is(p, ul)", ".hpo-b ul"]
