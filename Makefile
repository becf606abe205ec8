.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
NOTEBOOK := .venv/.notebook

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: a virtual environment with exactly the locked packages, checked by hash.
$(READY): deploy/lock/bootstrap.txt deploy/lock/requirements.txt pyproject.toml
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tereze needs Python 3.11 or newer; name one with: make PYTHON=python3.12 <target>")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/lock/bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r deploy/lock/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

setup: $(READY) ## Create the environment (the other targets do it themselves)

demo: $(READY) ## Play a fortnight of a centre, then show its deadlines and effectiveness
	@$(BIN)/tereze demo

run: $(READY) ## Start everything and stay (Ctrl-C stops it)
	@$(BIN)/tereze up

test: $(READY) $(NOTEBOOK) ## Run the tests against real NATS and PostgreSQL servers
	@$(BIN)/python -m pytest -m "not whole"

whole: $(READY) $(NOTEBOOK) ## The tests over the whole real data file (where the file is there)
	@$(BIN)/python -m pytest -m whole

check: $(READY) ## Format, lint, strict types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

$(NOTEBOOK): $(READY) deploy/lock/notebook.txt
	@echo "Adding marimo to .venv (once) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r deploy/lock/notebook.txt
	@touch $(NOTEBOOK)

notebook: $(NOTEBOOK) ## Open the running system's history in a notebook
	@$(BIN)/marimo --quiet edit --skip-update-check docs/notebooks/history.py

bench: $(READY) ## Measure, and say what was measured (figures: docs/benchmarks.md)
	@$(BIN)/python -m tests.bench

lock: ## Renew the lock files (versions and hashes, no addresses)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 deploy/lock/bootstrap.in -o deploy/lock/bootstrap.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group dev pyproject.toml -o deploy/lock/requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group notebook -c deploy/lock/requirements.txt -o deploy/lock/notebook.txt

.PHONY: help setup demo run test whole check notebook bench lock
