"""The panels of the dashboard, each a pair: a producer here and a view beside it, `<name>.js`.

The producer (`base.Panel`) takes what is new from the study's one feed and tells it as JSON and binary buffers; `whole`
tells the same to a page that comes later. A panel that needs nothing but the trials is a `BrowserPanel`.

The script is an ES module under the rules of `widgets.script`. It exports

- `create(root, ctx) → view`, called once for every place in which the panel is shown. A view has `update()` (something
  changed: draw from the data; called at most as often as drawing is affordable, and never while nobody can see it) and
  may have `resize()`, `theme()`, `select()` (selection, hover or shown panels changed; default `update`), `dispose()`,
  `describe()` → one sentence with the current best, `table()` → `{columns, rows}` (the table behind the chart, and its
  CSV, unless `csv()` gives another), `image()` → promise of a PNG's data URL;
- optionally `data(ctx) → {take(content, buffers, whole)}`, made once a page: what the producer told, kept for views
  that come later. Without it `ctx.data.value` is the last content, later ones laid over it key by key.

`ctx` has `data`, `trials` (the rows of all tasks, `dashboard_trials.js`), `shared` (`selected`, `hovered`, `opened`;
`dashboard_shared.js`), `head()` (what `StudyPicture.head` gives), `ask(message)` → promise of what `Panel.hear`
returned, rejected with its error's text; `plotly()` and `hiplot()` → promise of the library; `colors()`; `update()`
(draw again soon); `open(key)` shows the drawer for a task. Names and values are data: text nodes only, never HTML;
Plotly reads some HTML, so names go through `plain` of `dashboard_kit.js`.

Promise: a view tells nothing twice and draws nothing that nobody sees; a producer costs what is new.
May import: `hpo_widgets.study`, `hpo_widgets.model`, `hpo_widgets.charts`, the feed and the words of `widgets`.
Threads: none; the publisher's thread calls producers, `hear` may be called from any.
"""

from __future__ import annotations

from functools import cache

from hpo_widgets.widgets.panels.base import Panel


@cache
def panels() -> dict[str, type[Panel]]:
    """Gives the panels there are, by name, in the order in which a dashboard shows them."""
    from hpo_widgets.widgets.panels.budget import Budget
    from hpo_widgets.widgets.panels.control import Control
    from hpo_widgets.widgets.panels.failures import Failures
    from hpo_widgets.widgets.panels.insight import InsightPanel
    from hpo_widgets.widgets.panels.objective_time import ObjectiveTime
    from hpo_widgets.widgets.panels.objective_trials import ObjectiveTrials
    from hpo_widgets.widgets.panels.parallel import Parallel
    from hpo_widgets.widgets.panels.resources import Resources
    from hpo_widgets.widgets.panels.scalars import Scalars
    from hpo_widgets.widgets.panels.summary import SummaryTable
    from hpo_widgets.widgets.panels.task import TaskView

    found: list[type[Panel]] = [Control, ObjectiveTime, ObjectiveTrials, Scalars, Parallel, SummaryTable]
    found += [Budget, Resources, InsightPanel, Failures, TaskView]
    return {panel.name: panel for panel in found}
