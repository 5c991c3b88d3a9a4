# Everything below needs Linux, make and Python 3.11 or newer with its venv module, nothing else.
# The virtual environment is made once, and filled again when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench race crash screens docs report-picture clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

demo: $(VENV)/installed ## the whole story in a temporary project: no Docker, no network, a few seconds
	@$(VENV)/bin/todo_manager demo

test: $(VENV)/installed ## the tests; ARGS="-k gate" and the like go to pytest
	@$(RUN) -m compileall -q todo_manager tui
	$(RUN) -m pytest -q $(ARGS)

check: $(VENV)/checkers ## what a change must pass: lint, format, types, import contracts, tests
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(VENV)/installed ## how long reads take, as a ratio to bare Python with sqlite3
	$(RUN) tests/bench/cold_start.py $(ARGS)
	$(RUN) tests/bench/first_byte.py

race: $(VENV)/installed ## 32 processes on one phase, and on 32 phases
	$(RUN) tests/race.py $(ARGS)

crash: $(VENV)/installed ## 500 kills at seeded moments
	$(RUN) tests/crash.py $(ARGS)

screens: $(VENV)/installed ## the pictures of the command center, from the real program
	$(RUN) tests/screens/make.py

report-picture: $(VENV)/installed ## the pictures of a report, as a browser shows it (needs Chromium)
	$(RUN) tests/screens/report.py

docs: $(VENV)/installed ## the tables of the README that are made from the program
	$(RUN) tests/document_tables.py

clean: ## remove everything the targets above have made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each of these files says that a step went through to its end.

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo '$(PYTHON) is missing or older than Python 3.11; name another: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo '$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@$(RUN) -m compileall -q todo_manager tui
	@touch $@

$(VENV)/checkers: $(VENV)/installed
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[check]'
	@touch $@
