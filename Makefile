# Needs only python3 (3.11 or newer), make, git and a package index. Everything is installed into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
JOBS   ?= 2
JS     := nbtrack/widgets/js
EXTRAS := azure,gcs,images,mlflow,mysql,parquet,postgresql,s3,server,sftp
# Where Debian keeps programs for root; ``su`` leaves it out.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: help demo test fast lint lint-js types coverage oldest faults bench build docs notebooks pictures js system clean
.DEFAULT_GOAL := help

help:  ## Show this.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.demo  ## Execute the quickstart into demo/, and print its runs.
	@$(BIN)/python notebooks/execute.py demo

test: system lint types coverage  ## Check everything: lint, types, all tests with coverage.

fast: $(VENV)/.dev  ## Run the fast tests, under two minutes.
	$(BIN)/python -m pytest -q -m "not slow"

lint: $(VENV)/.dev lint-js  ## Check style and formatting.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# The browser's code, with its types; Debian has Node.js as nodejs and npm.
lint-js:
	@if command -v npm >/dev/null; then \
	  $(MAKE) --no-print-directory $(JS)/node_modules && npm --prefix $(JS) run --silent lint && npm --prefix $(JS) run --silent check; \
	elif [ "$$NBTRACK_REQUIRE_ALL" = 1 ]; then \
	  echo "npm is not installed, and NBTRACK_REQUIRE_ALL is set (Debian: apt install nodejs npm)" >&2; exit 1; \
	else \
	  echo "The browser's code is not checked: npm is not installed (Debian: apt install nodejs npm)"; \
	fi

types: $(VENV)/.dev  ## Check types, strictly.
	$(BIN)/mypy

# A file's tests in one process, for they share servers; those in a browser by themselves, for they share a browser and watch the clock.
# A test that fails among so many processes runs once more; the summary has it as RERUN, and it is to be mended.
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -q -raR -n $(JOBS) --dist loadfile --reruns 1 --ignore tests/browser --durations=25 --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m pytest -q -raR --reruns 1 --maxfail 10 tests/browser --durations=10 --cov --cov-append --cov-report=term

# First what users need, at its oldest, then the tests' own tools, which raise a few of these versions. Old libraries use what newer
# ones deprecate (matplotlib 3.8 of pyparsing), which is no mistake of ours.
oldest:  ## Run the fast tests with the oldest dependencies that pyproject.toml admits.
	@$(PYTHON) .ci/make_venv.py build/oldest
	@$(PYTHON) .ci/oldest.py > build/oldest/constraints.txt
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$(EXTRAS)]" -c build/oldest/constraints.txt
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@build/oldest/bin/python .ci/oldest.py raised
	build/oldest/bin/python -m pytest -q -p no:cacheprovider -W default::DeprecationWarning -m "not slow"

faults: $(VENV)/.dev  ## Try faults and loads for long, some twenty minutes; docs/faults.md has the results.
	NBTRACK_FAULT_ROUNDS=$${NBTRACK_FAULT_ROUNDS:-120} $(BIN)/python -m pytest -q tests/faults --durations=25

bench: $(VENV)/.dev  ## Measure; figures and how to read them are in benchmarks/README.md.
	$(BIN)/python benchmarks/figures.py

build: $(VENV)/.dev  ## Build the wheel, and try it in an environment of its own.
	@rm -rf dist build/wheel
	$(BIN)/python -m build --outdir dist
	@$(PYTHON) .ci/make_venv.py build/wheel
	@build/wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	@cd build/wheel && bin/python -W error -c "import nbtrack; print('the wheel works: nbtrack', nbtrack.__version__)" \
	  && bin/python -c "import nbtrack; nbtrack.connect('sqlite:///runs.db'); nbtrack.start_run().end(); assert len(nbtrack.runs()) == 1"

# All pages anew each time (-E): what is generated in them comes from files that Sphinx does not watch.
docs: $(VENV)/.docs  ## Build the documentation site into build/docs; warnings are errors.
	$(BIN)/python -m sphinx -W --keep-going -E -q -b html docs build/docs
	@echo "The site is at build/docs/index.html"

notebooks: $(VENV)/.demo  ## Execute the notebooks and keep their outputs in them.
	$(BIN)/python notebooks/execute.py commit

pictures: $(VENV)/.dev  ## Take the pictures in docs/ of real runs in a browser; needs chromium.
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/movie.py

js: $(JS)/node_modules  ## Format the browser's code and build its two bundles; commit them.
	npm --prefix $(JS) run --silent format
	npm --prefix $(JS) run --silent build

# Programs that the tests use; where they cannot be installed, those tests are skipped.
system:
	@bash .ci/install_programs.sh

clean:  ## Remove what was built; .venv and demo/ stay.
	rm -rf build dist .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@echo "Making $(VENV) …"
	@$(PYTHON) .ci/make_venv.py $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing nbtrack and what the demo needs …"
	@$(PIP) -e ".[demo]"
	@touch $@

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	@echo "Installing nbtrack and what its documentation needs …"
	@$(PIP) -e ".[docs]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing nbtrack and what its development needs …"
	@$(PIP) -e ".[dev]"
	@touch $@ $(VENV)/.demo $(VENV)/.docs

$(JS)/node_modules: $(JS)/package-lock.json
	npm --prefix $(JS) ci --no-audit --no-fund
	@touch $@
