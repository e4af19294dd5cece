"""The scripts and styles of forms: the shared part and a form's own, put together as text.

anywidget loads one module a widget and knows no folder beside it, so modules cannot import each other. What forms share
(`form.js`) has no `export` and stands in front of a form's own file, in one scope.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
SHARED = "form"


def form_script(*names: str) -> str:
    """Gives a form's module: `form.js`, then its own files, the last ending with `export default formWidget(View)`."""
    return _joined(f"{SHARED}.js", *names)


def form_style(*names: str) -> str:
    """Gives the styles of a form: `form.css`, then the form's own files if it has any."""
    return _joined(f"{SHARED}.css", *names)


def _joined(*names: str) -> str:
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
