# Everything creates what it needs: the virtual environment first of all.
# Another Python: make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# What running and scoring needs, and with the rest: reports, reviews, tests, checks.
BASE := $(VENV)/.base
READY := $(VENV)/.ready

.PHONY: demo test suites fuzz check bench clean docs samples

# Run all scripted agents and compare the verdicts with the truth. No key needed.
demo: $(BASE)
	$(BIN)/proctor demo

test: $(READY)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# Hundreds of honest sessions and evasion techniques, each in a real container.
suites: $(READY)
	$(BIN)/pytest -m suite -n 3

# A million lines for the parser: whole ones read exactly, broken ones refused.
fuzz: $(READY)
	$(BIN)/python -m tests.fuzz --lines 1000000 --seed 1

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/inspect-evals-lint --output-format github proctor

# Writes the table of the rules from the code.
docs: $(READY)
	$(BIN)/python -m proctor.tools.rules_document docs/rules.md

# The reviewed run of scripted agents that a fresh clone has in both log folders.
samples: $(READY)
	$(BIN)/python -m tests.sample_logs

bench: $(READY)
	$(BIN)/python -m benchmarks

$(BASE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	touch $(BASE) $@

clean:
	rm -rf $(VENV) test-artefacts .mypy_cache .pytest_cache .ruff_cache
