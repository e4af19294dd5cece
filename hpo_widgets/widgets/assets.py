"""Big scripts of a page: each travels to it once, gzipped, for any number of widgets."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import traitlets
from ipywidgets import Widget, register

from hpo_widgets.widgets.script import assemble

HERE = Path(__file__).parent
LEVEL = 5
"""Of gzip: plotly.js takes 0.2 s and 1.5 MB with it."""


@register
class Asset(Widget):
    """Holds one script for all widgets that refer to it; the page asks for it by the name of its model."""

    _view_name = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    hash = traitlets.Unicode().tag(sync=True)
    """Tells one version from another: what a page has loaded it does not load again."""
    data = traitlets.Bytes().tag(sync=True)
    """The script, gzipped."""


def dashboard_script() -> str:
    """Gives the script and the style of the dashboard and of all its panels as one module."""
    panels = sorted(HERE.glob("panels/*.js"))
    return assemble([HERE / "dashboard.js", *panels], HERE)


def plotly_script() -> str:
    """Gives plotly.js as the installed plotly ships it."""
    import plotly.offline

    source: str = plotly.offline.get_plotlyjs()
    return source


def hiplot_script() -> str:
    """Gives HiPlot as the installed hiplot ships it, without the web font that its dark style asks for.

    It lays its titles out 100 ms after a change of size, by which time the axes may have been replaced or be out of
    sight: then it does nothing, where the bundle would throw or divide by zero.
    """
    import hiplot

    source = (Path(hiplot.__file__).parent / "static/built/hiplot.bundle.js").read_text(encoding="utf-8")
    return _WEB_FONT.sub("", source).replace(_LAYING_OUT, _LAYING_OUT + _UNLESS_GONE)


_LAYING_OUT = "updateAxisTitlesAnglesAndFontSize=function(){"
_UNLESS_GONE = "if(!this.dimensions_dom?.node()?.parentElement?.parentElement?.getBoundingClientRect().width)return;"
_WEB_FONT = re.compile(r'@import\\?"https?://[^"\\]*\\?";?|@import url\([^)]*https?:[^)]*\);?')

SOURCES: dict[str, Callable[[], str]] = {
    "dashboard": dashboard_script,
    "hiplot": hiplot_script,
    "plotly": plotly_script,
}
_assets: dict[str, Asset] = {}


def asset(name: str) -> Asset:
    """Gives the asset of this kernel by name: `dashboard`, `hiplot`, `plotly`."""
    found = _assets.get(name)
    if found is None or found.comm is None:
        data = gzip.compress(SOURCES[name]().encode(), LEVEL, mtime=0)
        found = _assets[name] = Asset(hash=hashlib.sha256(data).hexdigest()[:16], data=data)
    return found
