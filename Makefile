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
	$(BIN)/python -m pip install --quiet $$(grep '^torch==' requirements.lock)
	grep -v '^torch==' requirements.lock | $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r /dev/stdin
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

# Pin everything that pyproject.toml asks for, as it is installed in a fresh environment, with the hashes of its files;
# torch without: what is offered for processors alone is another file of the same version.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet pip==$(PIP)
	.venv-lock/bin/python -m pip install --quiet torch==2.13.0
	.venv-lock/bin/python -m pip install --quiet '.[dev]'
	.venv-lock/bin/python -m pip freeze --exclude titlewise > .venv-lock/requirements.in
	.venv-lock/bin/python -m pip install --quiet pip-tools
	.venv-lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --output-file .venv-lock/requirements.txt .venv-lock/requirements.in
	{ echo '# Made by "make lock". torch is the CPU build where one is offered; see README.'; \
	  awk '/^torch==/ { sub(/[+ ].*/, ""); print; of_torch = 1; next } /^[^ ]/ { of_torch = 0 } !of_torch' \
	    .venv-lock/requirements.txt; } > requirements.lock
	rm -rf .venv-lock
