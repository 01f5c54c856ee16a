# Two commands on a fresh machine: `make demo`, `make test`. Everything is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
URL ?=

.PHONY: demo test lint programs bench fuzz format vectors tamper clean

$(BIN)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("archiver needs Python 3.11 or newer; try make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test --group lint --editable .
	@touch $@

demo: $(BIN)/.ready  ## the main job on a site it serves itself, or on URL=https://…
	@$(BIN)/python -m demo $(if $(URL),"$(URL)")

test: $(BIN)/.ready  ## every test; what needs a program that is not there is skipped and named at the end
	@$(BIN)/python -m pytest -n $(WORKERS) --durations=20 $(TESTS)

lint: $(BIN)/.ready  ## formatting, rules, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(BIN)/.ready
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

programs:  ## what tests want from outside Python
	@PYTHON=$(PYTHON) bash tests/programs/install

bench: $(BIN)/.ready  ## measures against peers; writes benchmarks/results.json and the README's table
	@$(BIN)/python -m benchmarks

fuzz: $(BIN)/.ready  ## for SECONDS by chance, then led by coverage: INPUTS="1000000 100000" for parsers and for verify
	@$(BIN)/python -m tests.fuzz $(or $(SECONDS),300)
	@$(BIN)/python -m tests.guided $(INPUTS)

vectors: $(BIN)/.ready  ## the test vectors of manifests/v1, made anew; says what differs
	@$(BIN)/python -m tests.contract.making
	@$(BIN)/python -m tests.contract.examples

tamper: $(BIN)/.ready  ## who notices tampering, into the README
	@$(BIN)/python -m tests.tamper

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis demo-output
