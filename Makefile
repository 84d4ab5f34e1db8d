# citygrid: two commands on a fresh machine, `make demo` and `make test`; `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: demo
demo: run-ready ## A simulated day in a generated city, with a live map; ARGS="--for 60 --json" ends by itself
	@$(BIN)/citygrid demo $(ARGS)

# Each check runs even when one before it failed, so that one run shows everything.
.PHONY: test
test: test-ready ## All checks and all tests but the long ones; ARGS go to pytest
	@$(MAKE) --keep-going format lint types contracts pytest

.PHONY: check
check: test-ready ## Format, lint, types and import contracts, without the tests
	@$(MAKE) --keep-going format lint types contracts

.PHONY: format lint types contracts pytest
format: ; @echo "== format" && $(BIN)/ruff format --check .
lint: ; @echo "== lint" && $(BIN)/ruff check .
types: ; @echo "== types" && $(BIN)/basedpyright
contracts: ; @echo "== import contracts" && $(BIN)/lint-imports --no-cache --no-logo
# Much of a test run is waiting, for servers and processes; two at a time wait side by side.
pytest: ; @echo "== tests" && $(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-long
test-long: test-ready ## The tests that take minutes: upgrade, deadlines, planted bugs, three brokers
	@$(BIN)/python -m pytest -m long $(ARGS)

.PHONY: bench-%
bench-%: test-ready ## Run benchmarks/%.py, with ARGS
	@$(BIN)/python -m benchmarks.$* $(ARGS)

FAULTS := 200
SEED := 1
ENGINE := pglog

.PHONY: chaos
chaos: test-ready ## A city under random faults: FAULTS=200 SEED=1 ENGINE=pglog|kafka; ARGS
	@$(BIN)/python -m tests.chaos run --engine $(ENGINE) --faults $(FAULTS) --seed $(SEED) $(ARGS)

.PHONY: chaos-recovery
chaos-recovery: test-ready ## How soon the city recovered from each kind of fault in the runs so far
	@$(BIN)/python -m tests.chaos recovery

.PHONY: chaos-power
chaos-power: test-ready ## Plant every bug of tests/chaos/bugs and see that it is caught; ARGS name some
	@$(BIN)/python -m tests.chaos.power $(ARGS)

.PHONY: chaos-submissions
chaos-submissions: test-ready ## 100,000 reports sent one to five times each, by senders that hang up; ARGS
	@$(BIN)/python -m tests.chaos.submissions $(ARGS)

.PHONY: chaos-deadlines
chaos-deadlines: test-ready ## 10,000 deadlines through kills, crashes and jumps of the clock; ARGS="--at-once"
	@$(BIN)/python -m tests.chaos.deadlines $(ARGS)

.PHONY: chaos-samples
chaos-samples: test-ready ## A replay of samples while workers are killed 50 times, on Kafka; ARGS
	@$(BIN)/python -m tests.chaos.samples $(ARGS)

.PHONY: chaos-upgrade
chaos-upgrade: test-ready ## Upgrade from the last tag while phones report; ARGS="--from REVISION"
	@$(BIN)/python -m tests.chaos.upgrade $(ARGS)

.PHONY: setup
setup: test-ready ## Install everything that demo and test need, and nothing else

# Making ready is quick when everything is there: packages and vendored files are looked at each
# time, the virtual environment is made again only when its lock or pyproject.toml changes.
.PHONY: run-ready
run-ready:
	@setup/packages.sh run
	@$(MAKE) -s .venv/run-ready
	@setup/vendor.py

.PHONY: test-ready
test-ready:
	@setup/packages.sh test
	@$(MAKE) -s .venv/test-ready
	@setup/vendor.py

.venv/run-ready: requirements-run.lock pyproject.toml setup/venv.sh
	@setup/venv.sh requirements-run.lock
	@touch $@

.venv/test-ready: requirements.lock pyproject.toml setup/venv.sh
	@setup/venv.sh requirements.lock
	@touch .venv/run-ready $@

.PHONY: lock
lock: ## Write requirements.lock anew from pyproject.toml: newest versions, hashes, no index address
	@setup/lock.sh

.PHONY: down
down: ## Stop the private servers that were left running
	@$(BIN)/python -m app.services down

.PHONY: clean
clean: ## Stop the private servers and remove everything that was made here
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m app.services down; $(BIN)/python -m app.services down --home .city/test; fi
	@rm -rf .venv .city maps/static/vendor maps/web/node_modules build dist *.egg-info
	@rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
