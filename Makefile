# The two commands to know: `make demo` and `make test`. Everything a target needs is installed
# into .venv on first use, and again only when pyproject.toml has changed.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-for-$(shell sha256sum pyproject.toml | cut -c1-16)
PYTEST := $(BIN)/python -m pytest -n 2

.PHONY: help venv demo test test-all check lint types floors format test-original bench bench-original bench-million schema pages clean

help:
	@echo "make demo            a real pipeline, run and shown (twice: the second run uses its cache)"
	@echo "make test            the tests, without the slow ones"
	@echo "make check           what CI runs: lint, types, floors, all tests"
	@echo "make test-all        all tests"
	@echo "make test-original   Prefect 3.9.1 as a client of our server, and its answers beside ours"
	@echo "make bench           the numbers of this interpreter"
	@echo "make bench-million   a map of a million items (minutes)"
	@echo "make bench-original  the same side by side with PREFECT_ORIGINAL_PYTHON"
	@echo "make schema          write the SQL schema anew from the tables"
	@echo "make pages           write docs/states.md and docs/settings.md anew from their tables"
	@echo "make format          let ruff put the code in order"

venv: $(READY)

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or give PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (only when pyproject.toml changes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -f $(VENV)/.ready-for-*
	@touch $@

demo: $(READY)
	@env -u PREFECT_API_URL PREFECT_HOME=$(CURDIR)/.demo $(BIN)/python examples/seattle_weather.py

test: $(READY)
	$(PYTEST) -m "not slow"

test-all: $(READY)
	$(PYTEST)

check: lint types floors test-all

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python benchmarks/run.py

bench-original: $(READY)
	@test -n "$$PREFECT_ORIGINAL_PYTHON" || { echo "Set PREFECT_ORIGINAL_PYTHON to a Python that has the original prefect installed."; exit 1; }
	$(BIN)/python benchmarks/run.py --original

bench-million: $(READY)
	$(BIN)/python benchmarks/run.py --million --only "1 000 000" --rounds 1

# The original, in an environment of its own: an override, since it forbids the certificates of this year.
.original/bin/prefect:
	$(PYTHON) -m venv .original
	.original/bin/pip install --quiet --disable-pip-version-check uv
	echo "certifi>=2026.1" > .original/overrides.txt
	.original/bin/uv pip install --quiet --python .original/bin/python --override .original/overrides.txt prefect==3.9.1

test-original: $(READY) .original/bin/prefect
	PREFECT_ORIGINAL_PYTHON=$(CURDIR)/.original/bin/python $(PYTEST) tests/acceptance -k "original or same_answers"

schema: $(READY)
	$(BIN)/python -m prefect.server.database.schema

pages: $(READY)
	$(BIN)/python docs/draw_states.py
	$(BIN)/python docs/list_settings.py

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
