"""Scripts are read up to where they read their command line, in a process of their own, and no further."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from hpo_widgets.agents.script_kind import Script
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.sdk import script as script_module
from hpo_widgets.sdk.capture_main import environment, git
from hpo_widgets.sdk.script import capture_script, script_base_task
from hpo_widgets.sdk.script_process import run_bounded
from hpo_widgets.store.memory import MemoryStore

TRAINS = '\nopen("trained", "w").close()\n'
"""What no capture may reach."""


PARSES = "\nargparse.ArgumentParser().parse_args()"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str, name: str = "train.py") -> Path:
    path = Path(name)
    path.write_text(textwrap.dedent(text) + TRAINS)
    return path


def captured(text: str, *args: str) -> dict[str, BaseParameter]:
    found = capture_script(written(text), args=args).script.parameters
    assert not Path("trained").exists()
    return {each.name: each for each in found}


def refusal(text: str, *args: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        capture_script(written(text), args=args)
    assert not Path("trained").exists()
    return str(caught.value)


ARGPARSE = """
    import argparse, atexit, pathlib
    atexit.register(lambda: open("trained", "w").close())
    def train():
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", "-l", type=float, default=1e-3, help="learning rate, %(default)s by default")
        parser.add_argument("--layers", type=int, choices=range(1, 4), required=True)
        parser.add_argument("--kind", default="a", choices=["a", "b"])
        parser.add_argument("--fast", action="store_true")
        parser.add_argument("--no-cache", dest="cache", action="store_false")
        parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2])
        parser.add_argument("--where", type=pathlib.Path, default=pathlib.Path("x"))
        parser.add_argument("--as-text", type=int, default="5")
        parser.add_argument("-v", action="count", default=0)
        parser.add_argument("--hidden-default", default=argparse.SUPPRESS)
        parser.add_argument("data")
        parser.set_defaults(kind="b")
        try:
            return parser.parse_args()
        finally:
            open("trained", "w").close()
    if __name__ == "__main__":
        train()
"""


def test_argparse_is_captured_with_types_choices_defaults_and_help() -> None:
    found = captured(ARGPARSE, "folder", "--sizes", "3")

    assert found == {
        each.name: each
        for each in (
            BaseParameter(name="Args/lr", default=1e-3, type="float", help="learning rate, 0.001 by default"),
            BaseParameter(name="Args/layers", type="int", choices=(1, 2, 3), required=True),
            BaseParameter(name="Args/kind", default="b", type="str", choices=("a", "b")),
            BaseParameter(name="Args/fast", default=False, type="bool"),
            BaseParameter(name="Args/cache", default=True, type="bool"),
            BaseParameter(name="Args/sizes", default=[3], type="list[int]"),
            BaseParameter(name="Args/where", default="x", type="Path"),
            BaseParameter(name="Args/as_text", default=5, type="int"),
            BaseParameter(name="Args/v", default=0, type="int"),
            BaseParameter(name="Args/hidden_default"),
            BaseParameter(name="Args/data", default="folder", type="str"),
        )
    }


def test_a_parser_that_looks_ahead_is_followed_to_the_last_one() -> None:
    found = captured(
        """
        import argparse
        first = argparse.ArgumentParser(add_help=False)
        first.add_argument("--config", default="c")
        early, rest = first.parse_known_args()
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=len(early.config))
        parser.parse_args(rest)
        """,
        "--config",
        "long",
    )

    assert {name: each.default for name, each in found.items()} == {"Args/config": "long", "Args/lr": 4}


def test_known_arguments_alone_do_not_train() -> None:
    text = """
        import argparse
        parser = argparse.ArgumentParser(add_help=False)
        parser.add_argument("--lr", type=float, default=1.0)
        parser.parse_known_args()
    """

    assert list(captured(text, "--other")) == ["Args/lr"]


def test_the_sub_command_on_the_command_line_is_captured() -> None:
    text = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=0)
        commands = parser.add_subparsers(dest="command", required=True)
        train, test = commands.add_parser("train"), commands.add_parser("test")
        train.add_argument("--lr", type=float, required=True)
        test.add_argument("--n", type=int)
        parser.parse_args()
    """

    assert list(captured(text, "train")) == ["Args/seed", "Args/lr"]


def test_a_parser_in_a_module_beside_the_script_is_captured() -> None:
    Path("options.py").write_text(
        "import argparse\ndef read():\n    p = argparse.ArgumentParser()\n    p.add_argument('--lr', type=float)\n"
        "    return p.parse_args()\n"
    )

    assert list(captured("from options import read\nread()")) == ["Args/lr"]


CLICK = """
    import {module} as click
    @click.group()
    @click.option("--seed", default=3)
    def main(seed): pass
    @main.command()
    @click.option("--lr", type=float, default=0.1, show_default=True, help="rate")
    @click.option("--layers", type=click.IntRange(1, 5), required=True)
    @click.option("--kind", type=click.Choice(["a", "b"]), default="a")
    @click.option("--fast/--slow", default=False)
    @click.option("--size", type=int, multiple=True)
    @click.argument("data")
    def train(**_): open("trained", "w").close()
    main()
"""


def test_click_is_captured_with_the_group_of_the_command() -> None:
    pytest.importorskip("click")
    found = captured(CLICK.format(module="click"), "train", "folder")

    assert {name: (each.type, each.default, each.choices, each.required) for name, each in found.items()} == {
        "Args/seed": ("int", 3, None, False),
        "Args/lr": ("float", 0.1, None, False),
        "Args/layers": ("int", None, None, True),
        "Args/kind": ("str", "a", ("a", "b"), False),
        "Args/fast": ("bool", False, None, False),
        "Args/size": ("list[int]", None, None, False),
        "Args/data": ("str", None, None, False),
    }
    assert found["Args/lr"].help == "rate"


def test_typer_is_captured() -> None:
    pytest.importorskip("typer")
    text = """
        import typer
        import enum
        class Kind(str, enum.Enum):
            a = "a"
            b = "b"
        def train(data: str, lr: float = 0.1, layers: int = 2, fast: bool = False, kind: Kind = Kind.a):
            open("trained", "w").close()
        typer.run(train)
    """

    found = captured(text)

    assert {name: (each.type, each.default, each.required) for name, each in found.items()} == {
        "Args/data": ("str", None, True),
        "Args/lr": ("float", 0.1, False),
        "Args/layers": ("int", 2, False),
        "Args/fast": ("bool", False, False),
        "Args/kind": (found["Args/kind"].type, "a", False),
    }
    assert found["Args/kind"].choices == ("a", "b")


def test_hydra_is_captured() -> None:
    pytest.importorskip("hydra")
    Path("config.yaml").write_text("lr: 0.1\noptim:\n  name: sgd\n  steps: 3\nsizes: [1, 2]\ndata: ???\n")
    text = """
        import hydra
        @hydra.main(version_base=None, config_path=".", config_name="config")
        def train(config): open("trained", "w").close()
        if __name__ == "__main__":
            train()
            raise SystemExit
    """

    found = captured(text)

    assert {name: (each.type, each.default, each.required) for name, each in found.items()} == {
        "Hydra/lr": ("float", 0.1, False),
        "Hydra/optim.name": ("str", "sgd", False),
        "Hydra/optim.steps": ("int", 3, False),
        "Hydra/sizes": (None, [1, 2], False),
        "Hydra/data": (None, None, True),
    }


def test_a_script_without_a_command_line_is_not_run() -> None:
    found = captured("lr = 0.1\nkind = 'a'\nimport sys\nsys.exit(3)\n")

    assert {name: (each.type, each.default) for name, each in found.items()} == {
        "General/lr": ("float", 0.1),
        "General/kind": ("str", "a"),
    }


def test_a_script_that_hangs_before_its_command_line_is_read_from_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(script_module, "PROBE_S", 1.0)
    text = """
        import argparse, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open("child", "w").write(str(child.pid))
        while True: time.sleep(0.1)
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        parser.parse_args()
    """

    found = captured(text)

    assert found == {"Args/lr": BaseParameter(name="Args/lr", default=0.1, type="float")}
    if Path("child").exists():  # a machine too busy to start it within the time has nothing to end
        with contextlib.suppress(psutil.NoSuchProcess):
            child = psutil.Process(int(Path("child").read_text()))
            assert child.status() == psutil.STATUS_ZOMBIE or child.wait(10) is None


def test_a_script_that_ends_without_its_command_line_is_read_from_its_text() -> None:
    text = """
        import argparse, sys
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        sys.exit()
        parser.parse_args()
    """

    assert list(captured(text)) == ["Args/lr"]


@pytest.mark.parametrize(
    ("text", "args", "said"),
    [
        (
            "import argparse, sys\nprint('no data here')\nsys.exit(3)" + PARSES,
            (),
            ["exited with code 3", "no data here"],
        ),
        ("import argparse, sys\nsys.exit('give me data')" + PARSES, (), ["exited with code 1", "give me data"]),
        ("import argparse\nimport absent_module" + PARSES, (), ["raised", "No module named 'absent_module'"]),
        ("import argparse, os\nos.kill(os.getpid(), 11)" + PARSES, (), ["ended by signal 11"]),
        ("import argparse, sys\nif len(sys.argv) > 9: argparse.parse_args()\nsys.exit()", (), ["ended without it"]),
        ("import argparse, click", (), ["has no parameters to search"]),
        ("print('x')", (), ["has no parameters to search"]),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=int)\np.parse_args()",
            ("--n", "x"),
            ["does not take these arguments", "argument --n: invalid int value: 'x'", "--n x"],
        ),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=int)\np.parse_args()",
            ("--m=1",),
            ["unrecognized arguments: --m=1"],
        ),
    ],
)
def test_what_cannot_be_captured_is_told_with_what_the_script_said(
    text: str, args: tuple[str, ...], said: list[str]
) -> None:
    told = refusal(text, *args)

    assert [part for part in said if part not in told] == []


def test_words_that_are_no_list_and_unknown_metrics_are_refused() -> None:
    path = written("x = 1")

    with pytest.raises(InvalidInput, match="give the words of the command line as a list"):
        capture_script(path, args="--lr 1")
    with pytest.raises(InvalidInput, match="metrics='stderr' is unknown; use 'stdout'"):
        capture_script(path, metrics="stderr")


def test_a_base_task_keeps_the_text_it_was_made_of(here: Path) -> None:
    store = MemoryStore()
    path = written("lr = 0.1\nimport json")

    base = script_base_task(path, args=["--x"], store=store)
    path.write_text("changed")

    kept = store.code(base.code)
    script = Script.from_bytes(kept.body)
    assert isinstance(base, BaseTask)
    assert (base.name, base.kind, kept.kind) == ("train.py", "script", "script")
    assert script.source.startswith("lr = 0.1")
    assert script.parameters == base.parameters == (BaseParameter(name="General/lr", default=0.1, type="float"),)
    assert kept.about["command"] == [sys.executable, str(here / "train.py"), "--x"]
    assert kept.about["modules"][-1] == "json"


def test_a_program_that_takes_too_long_is_ended_with_its_last_words() -> None:
    program = "import time; print('hello', flush=True); time.sleep(600)"

    code, said = run_bounded([sys.executable, "-S", "-c", program], 3.0)

    assert (code, said) == (None, "hello")


# -- what surrounds the code ----------------------------------------------------------------------------------------
def test_a_repository_is_described_without_being_touched(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "a@b.c")
    assert git(here) is None
    for command in ("git init -q -b main .", "git add train.py", "git commit -q -m first"):
        written("x = 1")
        assert os.system(command) == 0
    written("x = 2")
    Path("new.txt").write_text("")
    before = Path(".git/index").read_bytes()

    found = git(here)

    assert found is not None
    assert (found["branch"], found["untracked"], found["diff_was_cut"]) == ("main", ["new.txt"], False)
    assert len(found["commit"]) == 40
    assert "-x = 1\n+x = 2\n" in found["diff"]
    assert Path(".git/index").read_bytes() == before


def test_a_repository_without_a_commit_has_no_diff(here: Path) -> None:
    assert os.system("git init -q .") == 0

    found = git(here)

    assert found is not None
    assert (found["commit"], found["diff"]) == (None, None)


def test_the_environment_names_each_package_once_with_its_version() -> None:
    found = environment()

    assert any(line.startswith("pytest==") for line in found)
    names = [line.split("==")[0].lower().replace("_", "-") for line in found]
    assert names == sorted(set(names))
