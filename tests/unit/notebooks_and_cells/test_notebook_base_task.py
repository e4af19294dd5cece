"""A notebook becomes a base task, or a message that says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.sdk.notebook import notebook_base_task
from hpo_widgets.store.memory import MemoryStore

KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}


def write(folder: Path, *cells: str, tagged: int | None = 0, metadata: Any = KERNEL, **more: Any) -> Path:
    made = [
        {
            "cell_type": "code",
            "id": f"cell-{i}",
            "source": text.splitlines(keepends=True),
            "metadata": {"tags": ["parameters"] if i == tagged else []},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}],
            "execution_count": 7,
        }
        for i, text in enumerate(cells)
    ]
    path = folder / "train.ipynb"
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5, **more}))
    return path


def refusal(path: Path, **options: Any) -> str:
    store = MemoryStore()
    with pytest.raises(InvalidInput) as caught:
        notebook_base_task(path, store=store, **options)
    return str(caught.value)


def test_the_tagged_cell_gives_the_parameters(tmp_path: Path) -> None:
    path = write(tmp_path, "lr: float = 1e-3  # how fast\nroot = find()\nlayers = 2\nlayers = 3", "import json\nlr")

    base = notebook_base_task(path, store=MemoryStore())

    assert (base.name, base.kind) == ("train", "notebook")
    assert base.parameters == (
        BaseParameter(name="lr", default=1e-3, type="float", help="how fast"),
        BaseParameter(name="root", default=None),
        BaseParameter(name="layers", default=3, type="int"),
    )
    assert base.about["modules"] == ["json", "hpo_widgets.agents.notebook_kind_shell"]


def test_old_outputs_do_not_make_another_base_task_and_edits_do(tmp_path: Path) -> None:
    store = MemoryStore()
    first = notebook_base_task(write(tmp_path, "lr = 1", "lr"), store=store)
    path = write(tmp_path, "lr = 1", "lr")
    path.write_text(path.read_text().replace('"old"', '"new"').replace('": 7', '": 8'))
    same = notebook_base_task(path, store=store)
    other = notebook_base_task(write(tmp_path, "lr = 1", "lr + 1"), store=store)

    assert first.code == same.code != other.code
    assert b'"stream"' not in store.code(first.code).body


def test_chosen_literals_are_the_parameters(tmp_path: Path) -> None:
    path = write(tmp_path, "%time 1\nlr = 1e-3", "layers = 2\ntotal = 0\ntotal += 1", tagged=None)
    store = MemoryStore()

    base = notebook_base_task(path, literals=["layers", "lr"], store=store)

    assert [(p.name, p.default) for p in base.parameters] == [("layers", 2), ("lr", 1e-3)]
    assert json.loads(store.code(base.code).body)["spans"] == {"layers": [1, 1, 9, 1, 10], "lr": [0, 2, 5, 2, 9]}


def test_without_a_parameters_cell_it_says_what_to_do(tmp_path: Path) -> None:
    said = refusal(write(tmp_path, "lr = 1e-3", "layers = 2", tagged=None))

    assert "'train.ipynb' has no cell tagged 'parameters'" in said
    assert "Tag the cell" in said and "literals=[...]: it has 'lr', 'layers'" in said


def test_unknown_literals_are_all_named_with_close_ones(tmp_path: Path) -> None:
    said = refusal(write(tmp_path, "lr = 1e-3\ntotal = 0\ntotal += 1"), literals=["lrr", "total"])

    assert "'lrr' is no literal" in said and "close ones are 'lr'" in said and "'total' is no literal" in said
    assert "literals is empty; name some of 'lr'" in refusal(tmp_path / "train.ipynb", literals=[])


def test_a_missing_file_is_named_with_close_ones(tmp_path: Path) -> None:
    write(tmp_path, "lr = 1")

    assert "did you mean 'train.ipynb'?" in refusal(tmp_path / "trian.ipynb")
    assert "there is no folder" in refusal(tmp_path / "nowhere" / "train.ipynb")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import x", "'a.ipynb' is not a notebook (Expecting value"),
        ("[1]", "is JSON but not a notebook"),
        ('{"nbformat": 3, "worksheets": []}', "format 3; format 4 can be run"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "a.ipynb").write_text(text)

    assert expected in refusal(tmp_path / "a.ipynb")
    assert "cannot be read as a notebook" in refusal(tmp_path)


def test_other_languages_and_missing_kernels_are_refused(tmp_path: Path) -> None:
    julia = {"kernelspec": {"name": "julia-1.9", "language": "julia", "display_name": "Julia"}}
    assert "is a notebook of 'julia'" in refusal(write(tmp_path, "x = 1", metadata=julia))
    gone = {"kernelspec": {"name": "no-such-env", "language": "python", "display_name": "x"}}
    said = refusal(write(tmp_path, "x = 1", metadata=gone))
    assert "names the kernel 'no-such-env', which is not installed here; installed are" in said
    assert "kernel is 'nope'" in refusal(tmp_path / "train.ipynb", kernel="nope")


def test_a_kernel_asked_for_is_used_and_preloads_nothing(tmp_path: Path) -> None:
    store = MemoryStore()
    base = notebook_base_task(write(tmp_path, "x = 1", "import json"), kernel="python3", store=store)

    assert json.loads(store.code(base.code).body)["kernel"] == "python3"
    assert base.about["modules"] == []
