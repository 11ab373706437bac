# Everything a newcomer types. Works with GNU make 3.81 (macOS) and later; bash does the work.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export COUNTENANCE_HOME ?= $(CURDIR)/var

VENV := .venv
PYTHON := $(VENV)/bin/python
ARGS ?=

.PHONY: help run test check audit format lock upgrade bench clean env dev-env

help: ## Say what there is to type
	@echo "Countenance: make TARGET"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make run keeps its data in ./var; COUNTENANCE_HOME names another place."
	@echo "  make test ARGS='-k ceremony' passes words on to pytest."

run: env ## Install what is missing and start the door at http://localhost:8000
	@exec $(VENV)/bin/countenance run $(ARGS)

test: dev-env ## Install what tests need and run all of them
	@if [ -x tools/ensure-test-tools ]; then tools/ensure-test-tools; fi
	@tools/run-tests $(ARGS)

check: dev-env ## Lint, formatting, types, import layers, security findings, documentation
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PYTHON) -m tools.audit code
	@$(PYTHON) -m pytest -q tests/unit/test_docs.py

audit: dev-env ## Ask bandit about the code and PyPI's advisories about every pinned package
	@$(PYTHON) -m tools.audit

format: dev-env ## Let ruff format and repair what it can
	@$(VENV)/bin/ruff format
	@$(VENV)/bin/ruff check --fix

lock: dev-env ## Resolve pyproject.toml again, keeping the pins that still fit
	@tools/lock

upgrade: dev-env ## Renew both locks with the newest versions allowed
	@tools/lock --upgrade

bench: dev-env ## Measure the engine beside other software
	@$(VENV)/bin/countenance bench engine $(ARGS)

clean: ## Remove the environment and caches; the data in ./var stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

env:
	@tools/bootstrap base

dev-env:
	@tools/bootstrap dev
