"""What a study looks like in a notebook: panels that show a delta, controls that write one request.

Promise: after a reload, and in a second tab, everything is there once; what the browser is sent is bounded, whatever
the size of the study; names and values are data (the browser gets them as text, static HTML gets them escaped);
nothing is fetched from a network. An error while showing is shown in the panel, it never reaches the search.

May import: `hpo_widgets.study`, `hpo_widgets.model`, `hpo_widgets.charts`, `hpo_widgets.errors`, IPython, ipywidgets,
anywidget. Never sqlite3, subprocess, optuna, the engine, agents or the store: a study is the way to all of them.
A `Form` gives a value: `form.value` is a validated record, or `None` while `form.errors` says what is to be mended. The
browser owns what is typed (the synced trait `draft`), Python owns the messages (the synced trait `answer`); neither
writes the other's, so nothing echoes. A form's module is text: `form.js`, which all forms share and which exports
nothing, in front of the form's own file (`form_assets.py`), since anywidget loads one module and there is no bundler.

Threads: starts none; the thread of `hpo_widgets.publisher` alone changes what a panel shows; a click may arrive on
any thread, its handler makes one call of the study and returns.
"""
