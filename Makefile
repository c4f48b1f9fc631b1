# Everything starts here: `make demo` and `make test` set up what they need.
PYTHON ?= python3
BIN := .venv/bin
PIP := 26.3
# A file of tests on each core; four at most, for each may load a model.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

.PHONY: setup demo ui test test-fast check bench package docs lock

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Titlewise needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet pip==$(PIP)
	$(BIN)/python -m pip install --quiet -r requirements.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

demo: setup
	$(BIN)/titlewise demo

ui: setup
	$(BIN)/titlewise ui

test: setup
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# What needs no model, no browser and no seconds.
test-fast: setup
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m 'not model and not browser and not slow'

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/prepare.py
	$(BIN)/python benchmarks/answers.py
	$(BIN)/python benchmarks/judge.py
	$(BIN)/python benchmarks/resolver.py
	$(BIN)/python benchmarks/ablation.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/page.py

# Build the last commit's wheel and sdist into dist/, twice, and try the wheel where nothing else is installed.
package: setup
	.ci/package $(CURDIR)/$(BIN)/python

# Write the help texts into docs/commands.md and the manual page, and the tree of modules into docs/architecture.md.
docs: setup
	$(BIN)/python docs/make_commands.py
	$(BIN)/python docs/make_manual.py
	$(BIN)/python docs/make_tree.py

# Pin everything that pyproject.toml asks for, as it is installed in a fresh environment.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet pip==$(PIP)
	.venv-lock/bin/python -m pip install --quiet torch==2.13.0
	.venv-lock/bin/python -m pip install --quiet '.[dev]'
	{ echo '# Made by "make lock". torch 2.13.0 is the CPU build where one is offered; see README.'; \
	  .venv-lock/bin/python -m pip freeze --exclude titlewise | sed 's/+cpu//'; } > requirements.lock
	rm -rf .venv-lock
