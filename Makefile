# Every target prepares the environment first; `make setup` does nothing when it is up to date.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
STAMP := .venv/.ready
BUILD := build

# The first interpreter on the path that is new enough; override with `make setup PYTHON=...`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Without a reader the installer keeps quiet; with one it shows its progress.
PIP := $(BIN)/python -m pip install $(if $(CI),-qq)
# The version the tests run against; the range in pyproject.toml stays open.
TORCH ?= torch==2.13.0

# Threads that wait for work spin for a tenth of a millisecond and then sleep.  Where other work shares the cores,
# spinning on makes the many small matrix products of a network thirty times slower; sleeping at once, two and a half.
export OMP_WAIT_POLICY ?= passive
export GOMP_SPINCOUNT ?= 10000

# Compiling the packages takes seconds: once for all the processes that a target starts, not in each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup check test lint format types imports notebooks gpu clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP) ## create .venv with everything needed to check, test and work

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo 'maskproof needs Python 3.11 or newer on the path' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) '$(TORCH)'
	$(PIP) --editable '.[dev,notebooks,hf]'
	@touch $@

check: setup ## check every claim and analyse the default corpus; results under build/
	@mkdir -p $(BUILD)
	$(BIN)/maskproof check | tee $(BUILD)/check.txt
	$(BIN)/maskproof report --output $(BUILD)/report.html
	$(BIN)/maskproof analyse --plot $(BUILD)/analysis.png | tee $(BUILD)/analysis.txt

test: setup ## run the tests
	$(BIN)/pytest -n auto --maxprocesses 4

lint: setup ## ruff: lint and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: setup ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: setup ## pyright, standard mode
	$(BIN)/pyright

imports: setup ## the import contracts
	$(BIN)/lint-imports

notebooks: setup ## execute every notebook into build/notebooks
	@rm -rf $(BUILD)/notebooks && mkdir -p $(BUILD)/notebooks
	for source in notebooks/*.py; do \
		target="$(BUILD)/notebooks/$$(basename "$$source" .py).ipynb"; \
		$(BIN)/jupytext --quiet --to ipynb --output "$$target" "$$source"; \
		$(BIN)/jupyter-execute --inplace "$$target"; \
	done

gpu: setup ## on a machine with a GPU: the tests there, then what is measured there, into benchmarks/results
	$(BIN)/pytest -n0 tests/test_devices.py tests/test_gpu_benchmarks.py tests/oracles/test_device_kernels.py \
		tests/oracles/test_conformance.py tests/theory/laws/test_gap_substitution.py \
		tests/theory/learning/test_devices.py tests/theory/neural/test_adapters_on_devices.py
	@mkdir -p $(BUILD)
	$(BIN)/python benchmarks/gpu_kernels.py > $(BUILD)/gpu_kernels.md
	$(BIN)/python benchmarks/gpu_conditionals.py --prepare
	timeout 480 $(BIN)/python benchmarks/gpu_conditionals.py

clean: ## remove the environment, build output and caches
	rm -rf .venv $(BUILD) .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
