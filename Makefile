# The verbs of the project. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-local lock demo test test-fast check format bench serve neo4j clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := .tools/bin/uv
VIDEO ?=
# The one setting that says where test data outside the project lies (clips, weights, scoring scripts).
export SIGHTLINE_TEST_DATA ?= ../shared
# Compiled modules are kept, whatever the caller's habit: the tests start hundreds of processes that import the same.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(UV):
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt

$(VENV)/.run: requirements/run.txt pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) $(VENV)
	@$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements/run.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run | $(UV)
	@$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.local: requirements/local.txt $(VENV)/.dev | $(UV)
	@$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements/local.txt
	@touch $@

setup: $(VENV)/.run ## install what the product needs into .venv

setup-dev: $(VENV)/.dev ## install what developing needs into .venv

setup-local: $(VENV)/.local ## install what local models need into .venv (torch: 4 GB)

lock: $(UV) ## write the hash-locked requirements anew from pyproject.toml
	@$(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --override requirements/overrides.txt pyproject.toml -o requirements/run.txt
	@$(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --override requirements/overrides.txt --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	@$(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --override requirements/overrides-local.txt --group local pyproject.toml -c requirements/run.txt -c requirements/dev.txt -o requirements/local.txt
	@grep -hoE '^(celery|kombu|redis|neo4j|neo4j-rust-ext)==[^ ;]+' requirements/dev.txt | $(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --override requirements/overrides.txt --extra neo4j --extra scale pyproject.toml - -o requirements/image.txt
	@echo 'uv' | $(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links - -o requirements/uv.txt

demo: $(VENV)/.run ## the whole product on a rendered scene, or on VIDEO=path
	@$(BIN)/python -m bench.demo $(if $(VIDEO),"$(VIDEO)")

check: $(VENV)/.dev ## format, lint, types, import directions
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > .lint-imports.log 2>&1 || { cat .lint-imports.log; rm -f .lint-imports.log; exit 1; }
	@rm -f .lint-imports.log
	@echo "check: all good"

format: $(VENV)/.dev ## put the code in order
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix . || true

test-fast: $(VENV)/.dev ## the tests that need no server and little time
	@$(BIN)/python -m pytest -n 2 -m "not slow and not service" $(ARGS)

test: $(VENV)/.local ## everything a change must pass
	@$(BIN)/python -m pytest -n 2 $(ARGS)

bench: $(VENV)/.run ## every benchmark, short form
	@$(BIN)/python -m bench all --short

serve: $(VENV)/.run ## API, page and workers on one port of this machine
	@$(BIN)/sightline serve

neo4j: $(VENV)/.dev ## start a Neo4j of your own and say how to use it (NEO4J=stop stops it)
	@$(BIN)/python -m bench.neo4j_server $(or $(NEO4J),start)

clean: ## remove what was built
	@rm -rf $(VENV) .tools demo
