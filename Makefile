# Everything from nothing but Python 3.11 or newer: `make test` sets up its own virtual environment first.
# PyPI's torch for Linux brings CUDA (gigabytes). Without a GPU, take the CPU build:
#   PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make venv

PYTHON ?= python3
VENV   := .venv
OLDEST := .venv-oldest
READY  := $(VENV)/.ready
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help venv test check demo page test-oldest test-litert test-executorch clean

PAGE := src/hodu/exporting/page

help:
	@echo "make venv         a virtual environment in $(VENV) with the pinned versions of constraints.txt"
	@echo "make test         the test suite (sets up the environment itself)"
	@echo "make check        ruff, mypy, import rule, exported names"
	@echo "make demo         the built-in world: train, distil, measure, ask, export"
	@echo "make page         the phone page (web/) into $(PAGE), from where hodu export takes it; Node comes from PyPI"
	@echo "make test-oldest  the test suite on the oldest transformers that pyproject.toml admits"
	@echo "make test-litert, make test-executorch"
	@echo "                  what these extras add, each in an environment of its own (CPU build of torch: see above)"
	@echo "make clean        remove environments, caches and build folders"

venv: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "hodu needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	@touch $@

test: $(READY)
	$(VENV)/bin/python -m pytest --numprocesses $(JOBS) --dist loadgroup

check: $(READY)
	VENV=$(VENV) scripts/check

demo: $(READY)
	-$(MAKE) --no-print-directory page
	$(VENV)/bin/hodu demo

page: $(PAGE)/sw.js

# sw.js is written last, with the sums of all other files. Packages run no scripts of theirs.
$(PAGE)/sw.js: $(READY) $(shell find web -name node_modules -prune -o -type f -print)
	cd web && PATH="$(abspath $(VENV))/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd web && PATH="$(abspath $(VENV))/bin:$$PATH" npm run --silent build

$(OLDEST)/.ready: pyproject.toml constraints.txt constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	sed -E 's/^([A-Za-z0-9_-]+)==.*/^\1==/; /^\^/!d' constraints-oldest.txt | \
		grep --invert-match --file - constraints.txt | cat - constraints-oldest.txt > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install --quiet --constraint $(OLDEST)/constraints.txt --editable '.[all,dev]'
	@touch $@

test-oldest: $(OLDEST)/.ready
	$(OLDEST)/bin/python -m pytest --numprocesses $(JOBS) --dist loadgroup

.venv-litert/.ready: pyproject.toml constraints.txt constraints-litert.txt
	$(PYTHON) -m venv .venv-litert
	sed -E 's/^([A-Za-z0-9_.-]+)==.*/^\1==/; /^\^/!d' constraints-litert.txt | \
		grep --invert-match --file - constraints.txt | cat - constraints-litert.txt > .venv-litert/constraints.txt
	.venv-litert/bin/python -m pip install --quiet --constraint .venv-litert/constraints.txt --editable '.[all,dev,litert]'
	@touch $@

.venv-executorch/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-executorch
	.venv-executorch/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev,executorch]'
	@touch $@

test-litert test-executorch: test-%: .venv-%/.ready
	.venv-$*/bin/python -m pytest tests/exporting/test_native.py tests/exporting/test_$*.py

clean:
	rm -rf $(VENV) $(OLDEST) .venv-litert .venv-executorch $(PAGE) web/node_modules build dist .mypy_cache .pytest_cache .ruff_cache src/hodu.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
