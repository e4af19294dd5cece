"""Puts plain ES modules together into one, without a bundler.

The modules follow two rules: an import is one line, `import { a, b } from "./other.js";`, and an export stands before
a declaration, `export function a() {}`. Each becomes a function that returns its exports; files stay what they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

_IMPORT = re.compile(r'^import \{ ([\w$]+(?:, [\w$]+)*) \} from "(\.[\w./-]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) +([\w$]+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def assemble(entries: Sequence[Path], root: Path) -> str:
    """Gives one module that exports `modules`: the exports of each file, by its path below `root` without `.js`.

    Args:
        entries: Files to put in, with all that they import.
        root: Folder below which all of them lie.

    Raises:
        ValueError: When a file breaks the rules above, or files import each other in a circle.
    """
    done: dict[Path, str] = {}
    for entry in entries:
        _add(entry.resolve(), root.resolve(), done, ())
    styles = "\n".join(path.read_text(encoding="utf-8") for path in sorted(root.glob("dashboard*.css")))
    styles += "\n".join(path.read_text(encoding="utf-8") for path in sorted(root.glob("panels/*.css")))
    body = "".join(done.values())
    return f"const modules = {{}};\n{body}export {{ modules }};\nexport const css = {json.dumps(styles)};\n"


def _add(path: Path, root: Path, done: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        raise ValueError(f"scripts import each other in a circle: {' → '.join(p.name for p in (*above, path))}")
    if path in done:
        return
    text = path.read_text(encoding="utf-8")
    for found in _IMPORT.finditer(text):
        _add((path.parent / found[2]).resolve(), root, done, (*above, path))
    names = [found[1] for found in _EXPORT.finditer(text)]
    body = _IMPORT.sub(lambda found: f"const {{ {found[1]} }} = {_place(path.parent / found[2], root)};", text)
    body = _EXPORT.sub("", body)
    wrong = _OTHER.search(body)
    if wrong:
        raise ValueError(f"{path.name}: {wrong[0]!r} breaks the rules for scripts; see {__name__}")
    done[path] = f"{_place(path, root)} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();\n"


def _place(path: Path, root: Path) -> str:
    name = path.resolve().relative_to(root).with_suffix("").as_posix()
    return f"modules[{json.dumps(name)}]"
