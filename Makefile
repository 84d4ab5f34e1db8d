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

.PHONY: test
test: test-ready check pytest ## All checks and all tests; ARGS go to pytest

.PHONY: check
check: test-ready ## Format, lint, types, import contracts
	@echo "format:"    && $(BIN)/ruff format --check .
	@echo "lint:"      && $(BIN)/ruff check .
	@echo "types:"     && $(BIN)/basedpyright
	@echo "contracts:" && $(BIN)/lint-imports --no-cache

.PHONY: pytest
pytest: test-ready
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: bench-%
bench-%: test-ready ## Run benchmarks/%.py, with ARGS
	@$(BIN)/python -m benchmarks.$* $(ARGS)

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
