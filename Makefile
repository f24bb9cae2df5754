# make lab         set up once, then open the workbook in JupyterLab (ARGS=--no-browser, ARGS="--port 9999")
# make test        set up once, then prove: style, types, unit tests, every notebook, each explorer
# make test-all    ... and all that takes long: every control, kills, accessibility, the web site, Colab
# make colab       the part of it that runs the chapters and explorers with the packages of Colab
# make run         run the whole workbook headless into runs/<time>/ (ARGS="06 -p shots 5")
# make notebooks   rebuild the notebooks from notebooks/source (CHAPTERS="01 06" for some of them)
# make bench       time our training step beside other libraries' (WORKLOAD="W1 W2" for some by name)
# make bench-explorers  time the explorers, in the kernel and in the browser (CHAPTERS="01 06" for some)
# make constraints pin the newest versions that work together in constraints.txt
# make facts       run chapters with five seeds, and keep which facts hold (CHAPTERS="03 05")
# make release     build sdist and wheel, and prove the wheel in an empty environment
# make mutations   plant faults in copies of the package, one by one, and show which tests see each
# make clean       remove the set-up and every cache

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
# The set-up is done when this file exists and is newer than what it was made from. Another
# Python has another file, so `make test PYTHON=python3.12` sets up again.
READY   := $(VENV)/ready-$(VERSION)

SHELL := /bin/bash
# make 3.81, which macOS has, ignores this: a recipe whose pipe may fail sets it by itself.
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: facts release lab test test-all run notebooks bench bench-explorers constraints clean setup chromium \
  supported-python colab mutations
.DEFAULT_GOAL := lab

lab: setup
	@$(BIN)/metalearn-lab lab $(ARGS)

run: setup
	@$(BIN)/metalearn-lab run $(ARGS)

notebooks: setup
	@$(BIN)/python -m metalearn_lab.workbook.build $(CHAPTERS)

# ---------------------------------------------------------------------------------- set-up
# By uv, with what pip's settings say; by pip where uv cannot be had. Begins with an environment.
INSTALL := python .ci/install.py

setup: $(READY)

$(READY): pyproject.toml constraints.txt | supported-python
	@echo "setting up $(VENV) with Python $(VERSION): a few minutes, once" >&2
	@rm -f $(VENV)/ready-*
	@made_with="$$($(BIN)/python -c 'import pip, platform; print(platform.python_version())' 2>/dev/null || true)"; \
	  [ "$$made_with" = "$(VERSION)" ] || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/$(INSTALL) -c constraints.txt -e '.[test,book]' >&2
	@touch $@

supported-python:
	@if [ -z "$(VERSION)" ]; then \
	  echo "'$(PYTHON)' does not run. Install Python 3.11, 3.12 or 3.13, or name one: make $(or $(MAKECMDGOALS),lab) PYTHON=python3.12" >&2; exit 2; fi
	@case "$(VERSION)" in 3.11.*|3.12.*|3.13.*) ;; *) \
	  echo "'$(PYTHON)' is Python $(VERSION); this project needs 3.11, 3.12 or 3.13: make $(or $(MAKECMDGOALS),lab) PYTHON=python3.12" >&2; exit 2;; esac

# ---------------------------------------------------------------------------------- proof
# $(call stage,NAME,COMMAND): says what runs, how long it took, and which stage it was that failed.
stage = @printf '\n== %s\n' '$(1)' && { $(2) ; } && echo "== took $$SECONDS s: $(1)" || \
  { status=$$?; echo "$(COMMAND): failed in: $(1)" >&2; exit $$status; }
COMMAND = make $(if $(WHOLE),test-all,test)
CHECKED := metalearn_lab tests .ci notebooks benchmarks
# Two files of tests, or two notebooks, at a time, in the order in which they are given.
SHARED_OUT := -n 2 --dist loadfile --no-loadscope-reorder

# The committed notebooks were executed from the first to the last; nbval compares them in the
# reverse order, so none has needed what another left behind. Two at a time have a core each, and one
# thread: threads that wait for a core of the other's make a chapter take several times as long.
test:
	$(call stage,set-up and a browser,$(MAKE) --no-print-directory -j 2 setup chromium)
	$(call stage,lint (ruff check),$(BIN)/ruff check $(CHECKED))
	$(call stage,format (ruff format),$(BIN)/ruff format --check $(CHECKED))
	$(call stage,types (mypy),$(BIN)/mypy)
	$(call stage,order of the folders (import-linter),$(BIN)/lint-imports --no-logo --no-cache)
	$(call stage,spelling (codespell),$(BIN)/codespell)
	$(call stage,unit tests and explorers$(if $(WHOLE), with all that takes long),\
	  $(BIN)/python -m pytest -q $(SHARED_OUT) $(if $(WHOLE),-m ''))
	$(call stage,notebooks (nbval),\
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q $(SHARED_OUT) -p no:cacheprovider \
	  -p tests.own_cache --nbval-lax --nbval-current-env --nbval-cell-timeout=300 \
	  --nbval-sanitize-with=tests/notebooks/sanitize.cfg $$(ls -r notebooks/*.ipynb))
	$(if $(WHOLE),$(call stage,chapters and explorers with the packages of Colab,\
	  $(MAKE) --no-print-directory colab))
	@if $(HAS_BROWSER); then echo '$(COMMAND): everything passed'; \
	  else echo '$(COMMAND): passed, but WITHOUT the browser tests: there is no Chromium'; fi

test-all: WHOLE := yes
test-all: test

# The browser tests drive Chromium or Chrome. Debian's is installed where that needs no questions:
# as root on Debian, tried anew each time. Elsewhere they use the one that is there. Without one
# they are skipped, which is said here and at the end; where CI is set they fail.
HAS_BROWSER := { command -v chromium || command -v google-chrome; } >/dev/null
OS_RELEASE  := /etc/os-release
chromium:
	@if $(HAS_BROWSER); then echo 'the browser for the browser tests is here'; exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian' $(OS_RELEASE); then \
	  log="$$(mktemp)"; \
	  if { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-noto-cjk; } >"$$log" 2>&1; \
	  then rm -f "$$log"; echo 'installed chromium'; exit 0; fi; \
	  tail -n 5 "$$log" >&2; rm -f "$$log"; \
	  echo 'chromium could not be installed: see above' >&2; \
	fi; \
	echo "no browser: the browser tests will be skipped (with CI set, they fail). Install your system's chromium" >&2

# The packages of one of Colab's runtimes, by exact version, are in an environment of their own.
# Nothing is resolved: Colab breaks some requirements. torch then gets its libraries, if any.
COLAB       := .venv-colab
COLAB_PINS  := tests/colab/runtime.txt
COLAB_READY := $(COLAB)/ready-$(VERSION)

COLAB_TESTS := -m pytest -q -c tests/colab/warnings.ini --rootdir . -p no:cacheprovider
colab: $(COLAB_READY)
	@$(COLAB)/bin/python $(COLAB_TESTS) tests/colab/check_first_cell.py
	@$(COLAB)/bin/python -m tests.without_network $(COLAB_TESTS) tests/colab/check_chapters.py tests/explorers

$(COLAB_READY): $(COLAB_PINS) | supported-python
	@echo "setting up $(COLAB) with Python $(VERSION): some minutes, once" >&2
	@rm -f $(COLAB)/ready-* && $(PYTHON) -m venv --clear $(COLAB)
	@$(COLAB)/bin/$(INSTALL) -q --no-deps -r $(COLAB_PINS) >&2
	@$(COLAB)/bin/$(INSTALL) -q -c $(COLAB_PINS) torch >&2
	@touch $@

# ---------------------------------------------------------------------------------- speed
# The peers have an environment of their own; nothing else needs it, and `make test` never runs it.
BENCH       := benchmarks/.venv
BENCH_READY := $(BENCH)/ready-$(VERSION)

bench: $(BENCH_READY)
	@$(BENCH)/bin/python -m benchmarks $(WORKLOAD)

# The explorers are timed as the workbook runs them, in its own environment.
bench-explorers: setup chromium
	@$(BIN)/python -m benchmarks.explorers $(CHAPTERS)

$(BENCH_READY): benchmarks/requirements.txt benchmarks/unpack_learn2learn.py | supported-python
	@echo "setting up $(BENCH) with Python $(VERSION): some minutes, once" >&2
	@rm -f $(BENCH)/ready-* && $(PYTHON) -m venv --clear $(BENCH)
	@$(BENCH)/bin/$(INSTALL) -r benchmarks/requirements.txt >&2
	@$(BENCH)/bin/$(INSTALL) --no-deps -e . >&2
	@$(BENCH)/bin/python benchmarks/unpack_learn2learn.py
	@touch $@

# ---------------------------------------------------------------------------------- upkeep
# Half an hour. FAULTS="3 7" for some of them, by their numbers.
mutations: setup
	@$(BIN)/python -m tests.mutations $(FAULTS)

# A source distribution and a wheel in dist/, and the proof: the wheel alone, in an environment of its
# own, runs the chapters from a folder with nothing of the clone in reach. CHAPTERS="00 01" for some.
RELEASE := build/release
release: supported-python
	@rm -rf $(RELEASE) dist && mkdir -p $(RELEASE)/empty/notebooks && $(PYTHON) -m venv $(RELEASE)/tools
	@$(RELEASE)/tools/bin/$(INSTALL) -q build >&2
	@$(RELEASE)/tools/bin/python -m build -o dist . >$(RELEASE)/log
	@$(PYTHON) -m venv $(RELEASE)/venv && $(RELEASE)/venv/bin/$(INSTALL) -q -c constraints.txt dist/*.whl >&2
	@cp notebooks/*.ipynb $(RELEASE)/empty/notebooks/
	@cd $(RELEASE)/empty && env -u PYTHONPATH ../venv/bin/metalearn-lab run $(CHAPTERS) --out ../run --strict
	@cd $(RELEASE)/empty && ../venv/bin/python -c 'import metalearn_lab, sys; sys.exit(sys.prefix not in metalearn_lab.__file__)'
	@ls -l dist

# What of the chapters survives another seed: about 40 minutes on two cores.
facts: setup
	@$(BIN)/metalearn-lab facts $(CHAPTERS) --seeds 5 --out runs/facts --keep $(ARGS)

# torch keeps its pin: change it by hand. aiohttp is what papermill adds on Python 3.12 only.
constraints: supported-python
	@rm -rf build/pins && $(PYTHON) -m venv build/pins
	@build/pins/bin/$(INSTALL) "$$(grep '^torch==' constraints.txt)" setuptools aiohttp -e '.[test,book]' >&2
	@set -eu -o pipefail; \
	{ echo '# Every version that the tests run with. Written by `make constraints`; do not edit, except torch.'; \
	   build/pins/bin/python -m pip freeze --all --exclude-editable --exclude pip \
	   | sed -E -e '/ @ /d' -e '/^(nvidia-|cuda-|triton==)/d' -e 's/\+[A-Za-z0-9.]+$$//'; } > build/pins/constraints.txt
	@mv build/pins/constraints.txt constraints.txt && rm -rf build/pins

clean:
	rm -rf $(VENV) $(COLAB) $(BENCH) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
