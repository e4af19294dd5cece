"""The scripts and styles of forms: the shared part and a form's own, put together as text.

anywidget loads one module a widget and knows no folder beside it, so modules cannot import each other. What forms share
(`form.js`) has no `export` and stands in front of a form's own file, in one scope.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
SHARED = "form"


def form_script(name: str) -> str:
    """Gives a form's module: `form.js`, then its own file, which ends with `export default formWidget(View)`."""
    return _joined(f"{SHARED}.js", name)


def form_style(name: str = "") -> str:
    """Gives the styles of a form: `form.css`, then the form's own file if it has one."""
    return _joined(f"{SHARED}.css", name)


def _joined(*names: str) -> str:
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names if name)
