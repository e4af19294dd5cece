"""What is read from the source of cells."""

from __future__ import annotations

import pytest

from hpo_widgets.sdk.notebook_literals import assignments, count_stored, imported, literals, parse


def names(source: str) -> list[str]:
    return [each.name for each in literals(source)]


def test_names_types_and_comments_are_read_as_papermill_reads_them() -> None:
    source = """
lr = 1e-3  # how fast
layers: int = 2
path = None  # type: str where it lies
rate: "float" = 1
root = compute()
"""
    found = {each.name: (each.value, each.type, each.comment, each.is_literal) for each in assignments(source)}

    assert found == {
        "lr": (1e-3, "float", "how fast", True),
        "layers": (2, "int", "", True),
        "path": (None, "str", "where it lies", True),
        "rate": (1, "float", "", True),
        "root": (None, None, "", False),
    }


@pytest.mark.parametrize(
    "source",
    [
        "total = 0\nfor x in y:\n    total += x",
        "i = 0\nwhile i < 3:\n    i = i + 1",
        "n = 1\nn = 2",
        "n = 1\nimport numpy as n",
        "n = 1\ndef n(): pass",
        "n = 1\ndef f():\n    global n\n    n = 2",
        "n = 1\nif (n := 2): pass",
        "n = 1\ndel n",
        "n, m = 1, 2",
        "n.x = 1",
        "def f():\n    n = 1",
        "if True:\n    n = 1",
        "n = m",
    ],
)
def test_what_changes_or_is_no_literal_is_no_parameter(source: str) -> None:
    assert "n" not in names(source) and "i" not in names(source) and "total" not in names(source)


def test_local_names_do_not_count() -> None:
    assert names("n = 1\ndef f(n):\n    n = 2\nx = [n for n in range(3)]") == ["n"]


def test_other_cells_count() -> None:
    first, second = "n = 1\nm = 2", "n = 3"

    assert [each.name for each in literals(first, count_stored([first, second]))] == ["m"]


def test_literals_of_every_kind() -> None:
    source = "a = -1\nb = (1, 'x')\nc = [True, None]\nd = {'k': 1.5}\ne = 'text'"

    assert [each.value for each in literals(source)] == [-1, (1, "x"), [True, None], {"k": 1.5}, "text"]


def test_lines_of_ipython_do_not_hide_the_rest() -> None:
    source = "%matplotlib inline\nlr = 0.1\n!pip list\nfiles = !ls\nif lr:\n    %time 1\nlr?\nn = 3"

    assert names(source) == ["lr", "n"]
    assert [each.line for each in assignments(source) if each.name == "n"] == [8]


def test_a_text_that_looks_like_a_magic_stays() -> None:
    assert literals('form = """\n%d items\n"""')[0].value == "\n%d items\n"


def test_cell_magics_and_errors_are_no_python() -> None:
    assert parse("%%bash\nfor x in a b; do echo $x; done") is None
    assert parse("lr = = 1") is None
    assert assignments("lr = = 1") == []


def test_imports_are_found_everywhere() -> None:
    source = "import a.b, c as d\nfrom e.f import g\nfrom . import h\n%time 1\ndef f():\n    import i"

    assert imported(source) == {"a.b", "c", "e.f", "i"}
