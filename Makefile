# `make` prints what there is. Everything runs from .venv, which `make setup` fills from the hash-locked requirements.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
IMAGE := .venv/contracts.binpb
LAST_TAG = $(shell git describe --tags --abbrev=0 --match 'v*' 2>/dev/null)
PORT ?= 8080
STATEMENT ?=

.PHONY: help
help: ## Print this.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 32

.PHONY: setup
setup: $(STAMP) ## Make .venv with everything in it; quick when nothing changed.

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "CredPass needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.PHONY: run
run: setup ## Run the main job on a statement and go on serving it (STATEMENT=path, PORT=8080).
	@$(BIN)/credpass run --port $(PORT) $(if $(STATEMENT),--statement "$(STATEMENT)")

.PHONY: test
test: setup backends ## Every test.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: test-fast
test-fast: setup ## The tests that take milliseconds.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not redis" tests/unit

.PHONY: check
check: setup format-check lint types imports lint-protos breaking generated-diff test-fast ## What must be green before a commit lands.

.PHONY: format
format: setup ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

.PHONY: format-check
format-check: setup
	$(BIN)/ruff format --check .

.PHONY: lint
lint: setup ## Lint the code.
	$(BIN)/ruff check .

.PHONY: types
types: setup ## Check types, strictly.
	$(BIN)/mypy mesh services gateway analysis cli deploy tests protos

.PHONY: imports
imports: setup ## Check that imports point inward.
	$(BIN)/lint-imports

.PHONY: proto
proto: setup ## Make generated/ anew from the contracts.
	$(BIN)/python protos/build.py generate

.PHONY: lint-protos
lint-protos: setup ## Lint the contracts.
	$(BIN)/python protos/build.py image $(IMAGE)
	$(BIN)/buf lint $(IMAGE) --path credpass

.PHONY: breaking
breaking: setup ## Compare the contracts with those of the last tag v*.
	@if [ -z "$(LAST_TAG)" ]; then echo "no tag v* yet: nothing to compare with"; else \
		$(BIN)/python protos/build.py image $(IMAGE) && $(BIN)/python protos/build.py image $(IMAGE).last --at $(LAST_TAG) && \
		$(BIN)/buf breaking $(IMAGE) --against $(IMAGE).last; fi

.PHONY: generated-diff
generated-diff: proto
	@git diff --exit-code --stat -- generated && test -z "$$(git status --porcelain -- generated)" || \
		{ echo "generated/ is not what the contracts give: run 'make proto' and commit it"; exit 1; }

.PHONY: transcoding
transcoding: setup ## Run a folder of transcoding cases (CASES=dir).
	@$(BIN)/python -m tests.support.transcoding_cases "$(CASES)"

.PHONY: evaluate-statements
evaluate-statements: setup ## Read a folder of real statements and compare with its manifest (CASES=dir).
	@$(BIN)/python -m tests.support.statement_evaluation "$(or $(CASES),../shared/data/statements)"

.PHONY: fuzz
fuzz: setup ## Throw damaged statements at every parser for a while (SECONDS_EACH=60).
	@$(BIN)/python -m tests.support.statement_fuzz $(or $(SECONDS_EACH),60)

.PHONY: backends
backends: setup ## Install the servers that tests and the bench use, where this machine allows it.
	@tests/support/install-servers
	@$(BIN)/python -m tests.support.fetch_servers

.PHONY: cluster
cluster: setup backends ## Run the main job on real servers, every service a process of its own, and go on serving it (STATEMENT, PORT).
	@$(BIN)/python -m tests.support.run_cluster $(PORT) "$(STATEMENT)"

.PHONY: bench
bench: setup backends ## Measure the hot path; the last line is JSON.
	@$(BIN)/python -m tests.bench

.PHONY: compose-env
compose-env: ## Write .env with fresh secrets for compose.yaml; never over one that is there.
	@$(PYTHON) deploy/compose_env.py

.PHONY: lock
lock: setup ## Resolve the requirements anew; those of development first, so that both agree.
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements-dev.txt pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements-dev.txt --extra aws pyproject.toml -o requirements-image.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' | \
		$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements-dev.txt - -o requirements-build.txt

.PHONY: clean
clean: ## Remove the environment and caches, never data.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
