"""Makes `python -m hpo_widgets.cli` the same as `hpo-widgets`."""

from hpo_widgets.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
