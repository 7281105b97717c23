# Needs only python3 (3.11 or newer), make, git and a package index. Everything is installed into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
JOBS   ?= 2
# Where Debian keeps programs for root; ``su`` leaves it out.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: help demo test fast lint types coverage bench build notebooks pictures system clean
.DEFAULT_GOAL := help

help:  ## Show this.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.demo  ## Execute the quickstart into demo/, and print its runs.
	@$(BIN)/python notebooks/execute.py demo

test: system lint types coverage  ## Check everything: lint, types, all tests with coverage.

fast: $(VENV)/.dev  ## Run the fast tests, under two minutes.
	$(BIN)/python -m pytest -q -m "not slow"

lint: $(VENV)/.dev  ## Check style and formatting.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev  ## Check types, strictly.
	$(BIN)/mypy

coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(JOBS) --durations=15 --cov --cov-report=term

bench: $(VENV)/.dev  ## Measure; figures and how to read them are in benchmarks/README.md.
	$(BIN)/python benchmarks/figures.py

build: $(VENV)/.dev  ## Build the wheel, and try it in an environment of its own.
	@rm -rf dist build/wheel
	$(BIN)/python -m build --outdir dist
	@$(PYTHON) .ci/make_venv.py build/wheel
	@build/wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	@cd build/wheel && bin/python -W error -c "import nbtrack; print('the wheel works: nbtrack', nbtrack.__version__)" \
	  && bin/python -c "import nbtrack; nbtrack.connect('sqlite:///runs.db'); nbtrack.start_run().end(); assert len(nbtrack.runs()) == 1"

notebooks: $(VENV)/.demo  ## Execute the notebooks and keep their outputs in them.
	$(BIN)/python notebooks/execute.py commit

pictures: $(VENV)/.dev  ## Take the pictures in docs/ from the quickstart; needs chromium.
	$(BIN)/python docs/pictures.py

# Server programs that the tests start for themselves; where they cannot be installed, those tests are skipped.
system:
	@if [ -z "$$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null; command -v initdb)" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing PostgreSQL for the tests …"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null; \
	  else echo "PostgreSQL is not installed; its tests will be skipped (Debian: apt install postgresql)"; fi; fi

clean:  ## Remove what was built; .venv and demo/ stay.
	rm -rf build dist .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@echo "Making $(VENV) …"
	@$(PYTHON) .ci/make_venv.py $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing nbtrack and what the demo needs …"
	@$(PIP) -e ".[demo]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing nbtrack and what its development needs …"
	@$(PIP) -e ".[dev]"
	@touch $@ $(VENV)/.demo
