# Everything below needs Linux, make and Python 3.11 or newer with its venv module, nothing else.
# The virtual environment is made once, and filled again when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-containers test test-all deps-debian check bench race crash redteam screens docs report-picture clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

demo: $(VENV)/installed ## the whole story in a temporary project: no Docker, no network, a few seconds
	@$(VENV)/bin/todo_manager demo

demo-containers: $(VENV)/installed ## a container roll-out on a real Docker engine; ARGS="--registry localhost:5000"
	@$(VENV)/bin/todo_manager demo --containers $(ARGS)

# Test files side by side, since most of them wait; ARGS="-n0 --pdb" runs them one after another.
PYTEST := $(RUN) -m pytest -q -n4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/installed ## the tests; ARGS="-k gate" and the like go to pytest
	@$(RUN) -m compileall -q todo_manager tui
	$(PYTEST) $(ARGS)

# Where one of these is absent, a test that needs it fails instead of being skipped.
test-all: REQUIRE := engine,ssh,terminal,root,curl,docker-compose,openssl,syft,bash,fish,zsh,browser,git,gpg,ssh-keygen
test-all: deps-debian $(VENV)/installed ## all tests, with real engines, as root; at most 20 minutes
	@$(RUN) -m compileall -q todo_manager tui
	REQUIRE=$(REQUIRE) timeout --kill-after=60 22m $(PYTEST) $(ARGS)

# What tests use beside Python; a service among these is started by Debian, and none of them is used.
DEBIAN := docker.io docker-registry busybox-static tini docker-compose openssh-server openssh-client iproute2 \
  curl git gnupg openssl tmux bash fish zsh chromium

# Another installation that is under way is waited for; nothing is asked.
APT := DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3

deps-debian: ## the packages of Debian and Ubuntu that test-all needs; as root
	@dpkg-query -W -f '$${db:Status-Status}\n' $(DEBIAN) 2>&1 | grep -qv '^installed$$' || exit 0; \
	  command -v apt-get > /dev/null || { \
	    echo 'there is no apt-get here: install these in another way, or type make test: $(DEBIAN)' >&2; exit 1; }; \
	  [ "$$(id -u)" = 0 ] || { \
	    echo 'packages are missing, and only root may install them: sudo make deps-debian; without them: make test' >&2; exit 1; }; \
	  $(APT) update; $(APT) install --yes --no-install-recommends $(DEBIAN)

check: $(VENV)/checkers ## what a change must pass: lint, format, types, import contracts, tests
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(VENV)/installed ## how long reads take, and the command center, as ratios to what is bare
	$(RUN) tests/bench/cold_start.py $(ARGS)
	$(RUN) tests/bench/first_byte.py
	$(RUN) tests/bench/tui.py

race: $(VENV)/installed ## 32 processes on one phase, and on 32 phases
	$(RUN) tests/race.py $(ARGS)

crash: $(VENV)/installed ## 500 kills at seeded moments
	$(RUN) tests/crash.py $(ARGS)

screens: $(VENV)/installed ## pictures of every screen of the command center, measured, from the real program
	$(RUN) tests/screens/make.py

report-picture: $(VENV)/installed ## the pictures of a report, as a browser shows it (needs Chromium)
	$(RUN) tests/screens/report.py

redteam: $(VENV)/installed ## every known way to a false "done", tried; prints the table and keeps it (as root, with the engine)
	$(RUN) tests/redteam/page.py $(ARGS)

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
