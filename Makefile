# Everything runs in .venv, which is created here: Python 3.11 or newer, make and the package registry are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: solve test quick fuzz lint check bench format build clean

solve: $(VENV)/installed
	$(BIN)/terrain solve configs/three_strips.yaml

test: $(VENV)/dev
	$(BIN)/python -m pytest -n auto

quick: $(VENV)/dev
	$(BIN)/python -m pytest -n auto -m quick

# TRIES=20000 SEED=7 make fuzz
fuzz: $(VENV)/dev
	$(BIN)/python -m tests.fuzz --tries $(or $(TRIES),4000) --seed $(or $(SEED),0)

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: $(VENV)/installed
	$(BIN)/terrain check configs/

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks

build: $(VENV)/dev
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) dist build

$(VENV)/made:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/dev: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/installed

$(VENV)/bench: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev,bench]'
	touch $@ $(VENV)/installed $(VENV)/dev
