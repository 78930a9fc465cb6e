# `make` lists what there is. Needs Python 3.11+ and make; the rest goes into .venv.

PYTHON ?= python3
VENV   ?= .venv
BENCH  ?= .venv-bench
ARGS   ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# pyright's --verifytypes takes the `python` on PATH, and does not see editable installs.
VERIFYTYPES := PATH="$$(cd $(BIN) && pwd):$$PATH" PYTHONPATH="$(CURDIR)" PYRIGHT_PYTHON_IGNORE_WARNINGS=1 \
	pyright --ignoreexternal --verifytypes
# A change here means: install again.
METADATA := setup.cfg aiomatatika/_version.py

# Protocol and policy without I/O: every branch of these is tested. `make test` also fails where one of them is missing.
FULLY_COVERED := $(shell cat tests/without_io.txt)
# Two workers for each core would wait for each other: many tests keep a core busy.
WORKERS ?= auto
# Development mode without its checks of C's memory: there is no C here, and they take an eighth of the time. Bytecode is
# written whatever the environment says: without it each program that a test starts compiles the package anew.
DEVELOPMENT := PYTHONMALLOC=pymalloc PYTHONDONTWRITEBYTECODE= $(BIN)/python -X dev

comma := ,
empty :=
space := $(empty) $(empty)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test docs check check-types format mutants simulate peers vendor fuzz soak fleet bench bench-quick profile dist clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## run examples/quickstart.py against the embedded server
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.installed-test $(FULLY_COVERED)  ## run the whole suite, with coverage (ARGS="-k name" adds options)
	@rm -f .coverage .coverage.*
	$(DEVELOPMENT) -m coverage run -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage report --fail-under=100 --include=$(subst $(space),$(comma),$(strip $(FULLY_COVERED)))
endif

docs: $(VENV)/.installed-test  ## build the site, with warnings as errors, and look at it in Chromium: docs/_build/html
	$(BIN)/python -m sphinx --fail-on-warning --quiet docs docs/_build/html
	$(DEVELOPMENT) -m pytest tests/site $(ARGS)

check: $(VENV)/.installed-dev  ## format, lint and types, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(VERIFYTYPES) aiomatatika

check-types: $(VENV)/.installed-dev
	$(VERIFYTYPES) aiomatatika

format: $(VENV)/.installed-dev  ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

mutants: $(VENV)/.installed-dev  ## break call, retry, tokens, walk, creation, urls and readers; see who notices (ARGS="--sample 0": all)
	$(BIN)/python -m tests.mutants $(ARGS)

simulate: $(VENV)/.installed-test  ## 10,000 simulated lives of a program (ARGS="--seeds N --first N"); prints the shortest failure
	$(BIN)/python -m tests.simulation $(ARGS)

peers: $(VENV)/.installed-test  ## the library with nginx, oidc-provider and tinyproxy, in real time; installs what is missing
	$(BIN)/python -m tests.peers.parts
	$(DEVELOPMENT) -m pytest tests/peers --numprocesses $(WORKERS) $(ARGS)

vendor: $(VENV)/.installed-vendor  ## library and embedded server with the vendor's OpenAPI document, where that is at hand
	$(BIN)/python -m tests.vendor.parts
	$(BIN)/python -m pytest tests/vendor --numprocesses $(WORKERS) $(ARGS)

fuzz: $(VENV)/.installed-test  ## 10,000 hostile links, bodies and pages for each property: some minutes
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest tests/fuzz -o faulthandler_timeout=0 $(ARGS)

soak: $(VENV)/.installed  ## 100,000 calls against a server full of faults (ARGS="--calls 1000000" for a million)
	$(BIN)/python -m benchmarks.soak --calls 100000 $(ARGS)

fleet: $(VENV)/.installed-test  ## 8 processes share one token, by a file and by a Redis: counts token requests (ARGS="--calls 100")
	$(BIN)/python -m benchmarks.fleet $(ARGS)

bench: $(BENCH)/.installed  ## measure next to every peer, on a quiet machine; writes benchmarks/RESULTS.md
	$(BENCH)/bin/python -m compileall -q aiomatatika
	$(BENCH)/bin/python -m benchmarks $(ARGS)

bench-quick: $(BENCH)/.installed  ## the first five ratios; fails beyond 1.25 times a goal
	$(BENCH)/bin/python -m benchmarks --quick $(ARGS)

profile: $(BENCH)/.installed  ## where the library's own microseconds go
	$(BENCH)/bin/python -m benchmarks.profiling

dist: $(VENV)/.installed-dev  ## build sdist and wheel into dist/, reproducibly, and check what is inside
	rm -rf dist
	$(BIN)/python .ci/distributions.py dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

clean:  ## remove the environment and everything that was built
	rm -rf $(VENV) $(BENCH) mutants docs/_build docs/reference/groups build dist *.egg-info htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created $(BENCH)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is not a Python 3.11 or newer; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	@touch $@

$(VENV)/.installed: $(VENV)/.created $(METADATA)
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.created $(METADATA)
	$(PIP) --editable '.[test-examples]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-vendor: $(VENV)/.created $(METADATA)
	$(PIP) --editable '.[test-vendor]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: $(VENV)/.created $(METADATA)
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed $(VENV)/.installed-test $(VENV)/.installed-vendor

$(BENCH)/.installed: $(BENCH)/.created $(METADATA) benchmarks/requirements.txt
	$(BENCH)/bin/python -m pip --disable-pip-version-check install --quiet --requirement benchmarks/requirements.txt --editable .
	@touch $@
