# Every task of this repository. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The Python that makes the environment: PYTHON=… picks one, else the first that runs and is new enough.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of processes: each of them would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# One more than cores: a test that kills and restarts processes mostly waits. So there are two at least, and tests which
# share something by mistake meet even on one core. Two more gained nothing: what runs side by side slows down.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); echo $$((n + 1)))
# More arguments for pytest: make test ARGS="-k merkle"
ARGS ?=

CODE := schemas streams services tests benchmarks deploy examples scripts

# Generated things that are committed: one command each that fails when its file is not current.
CHECKS := \
	'python requirements/lock.py check' \
	'python -m scripts.generate_schemas --check' \
	'python -m scripts.generate_reference --check' \
	'python -m scripts.generate_formats_reference --check' \
	'python -m scripts.generate_cli_reference --check' \
	'ashiato rules lock --check' \
	'ashiato rules test' \
	'python -m scripts.generate_interpretations_reference --check' \
	'python -m scripts.generate_metrics_reference --check' \
	'python -m scripts.generate_settings_reference --check'

##@ Start here
.PHONY: help setup demo
help: ## List the tasks
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.project ## Make .venv with exactly what requirements/dev.lock holds; fast when nothing changed

$(VENV)/.python:
	@python=''; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "setup: no Python 3.11 or newer among: $(PYTHON) python3 python3.13 python3.12 python3.11;" \
			"install one, or name it: make setup PYTHON=/path/to/python" >&2; exit 1; \
	fi; \
	"$$python" -m venv --clear $(VENV) || { \
		echo "setup: $$python cannot make an environment; on Debian and Ubuntu install python3-venv" >&2; exit 1; \
	}
	@touch $@

# Wheels only: installing runs no code of the packages. The lock is complete, so pip resolves nothing. What is imported
# is compiled then; to compile all of it here would take a third of the time, on one core.
$(VENV)/.packages: requirements/dev.lock $(VENV)/.python
	@python -m pip install --quiet --no-deps --no-compile --require-hashes --only-binary :all: \
		--requirement requirements/dev.lock
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.packages
	@python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@python -m pip check
	@touch $@

demo: setup ## Play a day of the small carrier in examples/ and tell what was found
	@ashiato demo

# The tests run a real Apache Kafka: Java, and jars that are compared with their digests in tests/support/kafka/.
.PHONY: setup-kafka
setup-kafka: $(VENV)/.python ## Get the Apache Kafka that tests run: .cache/kafka, and by apt Java and Maven if root
	@python -m tests.support.kafka.jars
	@python -m tests.support.kafka.archive

# Alerts are judged by promtool, out of Debian's package of Prometheus. After the above where both are asked for: apt
# lets nobody in beside itself.
.PHONY: setup-promtool
setup-promtool: $(VENV)/.python $(filter setup-kafka,$(MAKECMDGOALS)) ## Get the promtool that tests run: .cache/promtool, by apt
	@python -m tests.support.promtool

# Neither needs a package, and both mostly wait for the network: they are got beside the packages, which are unpacked.
# Of several tasks that are asked for, others may need the packages too: then they come first, and once.
.PHONY: setup-tests
setup-tests: $(if $(word 2,$(MAKECMDGOALS)),setup) ## Make and get all that `make test` needs
	@$(MAKE) --jobs 2 setup setup-kafka setup-promtool

##@ Work
.PHONY: test lint check format faults fuzz
test: setup-tests ## Run all tests: random order, all cores, warnings are errors
	@pytest --numprocesses $(WORKERS) $(ARGS)

lint: setup ## Style, types, import directions
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports --no-logo

check: setup ## Check that what is generated and committed is current
	@for command in $(CHECKS); do echo "$$command"; $$command; done

format: setup ## Put the code into the one format, and mend what can be mended safely
	@ruff check --fix --exit-zero --quiet .
	@ruff format .

# Results are collected beside the jars, then written into the page.
FAULTS ?= 200
faults: setup setup-kafka ## Break everything in full numbers, count, write docs/guarantees.md (FAULTS=20: fewer)
	@rm -f .cache/faults.ndjson
	@FAULTS=$(FAULTS) FAULTS_REPORT=$(CURDIR)/.cache/faults.ndjson \
		pytest --numprocesses $(WORKERS) tests/faults tests/integration/test_serve.py \
		tests/integration/test_gateway_crash.py tests/integration/test_gateway_kafka.py $(ARGS)
	@python -m scripts.write_guarantees .cache/faults.ndjson

fuzz: setup ## Run the property tests with many more examples
	@pytest --numprocesses $(WORKERS) --hypothesis-profile fuzz --timeout 3600 tests/property $(ARGS)

##@ Measure
.PHONY: bench-pipeline bench-ingest bench-kafka bench-rules
bench-pipeline: setup ## Bytes to records, findings and hashes, against a per-event pipeline
	@python -m benchmarks.pipeline $(ARGS)

bench-ingest: setup ## The same into the embedded store, with peak memory
	@python -m benchmarks.ingest $(ARGS)

bench-kafka: setup setup-kafka ## The distributed shape, broker included: speed against Faust, memory, lag, gateway
	@python -m benchmarks.kafka $(ARGS)

bench-rules: setup ## Rules alone, against rsigma (cargo install rsigma --version 0.23.0 --locked)
	@python -m benchmarks.rules_vs_rsigma $(ARGS)

##@ Care
.PHONY: lock audit wheel clean
lock: $(VENV)/.packages ## Resolve requirements/*.lock again from pyproject.toml (ARGS=--upgrade moves every pin)
	@python requirements/lock.py write $(ARGS)

# Strict: a package that the advisory service does not know counts as a failure, not as safe.
audit: setup ## Ask for known vulnerabilities of what is locked
	@pip-audit --strict --require-hashes --disable-pip --requirement requirements/dev.lock

wheel: setup ## Build dist/*.whl
	@uv build --wheel --no-build-isolation --quiet --out-dir dist

clean: ## Remove the environment, builds and caches
	@rm -rf $(VENV) build dist .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find $(wildcard $(CODE)) -name __pycache__ -type d -prune -exec rm -rf {} +
