# Every target sets up what it needs; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# An environment of your own is used as it is: make smoke VENV="$VIRTUAL_ENV"
VENV ?= .venv
PORT ?= 5000
# Stages, or test files, that run side by side; on a GPU make it 1.
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
# Passed on to pytest: make test ARGS="-m 'not slow' tests/uxla"
ARGS ?=
# Lines that are measured, with commas between: make bench LINES=generation_fp32,memory
LINES ?= all

BIN := $(if $(filter /%,$(VENV)),$(VENV),$(CURDIR)/$(VENV))/bin
INSTALLED := .venv/.installed
# The first of these that runs and is new enough makes the environment.
PYTHONS := $(PYTHON) python3.11 python3.12 python3 python3.13

# Stages call `python`: it must be the environment's.
export PATH := $(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true

# `dvc repro $(1)` with what does not wait for each other side by side: same files, in less time. Of what
# DVC says, the commands it runs are shown; bars and errors are on stderr. Short stages share a process, three
# each: to read all that it must know takes DVC as long as some of them.
define reproduce
@set -euo pipefail; dvc() { "$(BIN)/dvc" "$$@"; }; commands() { sed -un '/^> /p'; }; \
if { dvc repro --dry $(1) 2>&1 || true; } | grep 'pipelines are up to date'; then exit; fi; \
for group in '3 prepare' '1 pretrain|tag|rival@.*-mbert' '3 generate' '1 rival|warmup@|supervise' \
    '1 warmup_rival|adapt|ablate' '3 evaluate|contrast|analyse' '3 aggregate|summarise'; do \
    dvc stage list --name-only $(1) | grep -E "(^|:)($${group#* })" | \
    xargs -P $(JOBS) -n "$${group%% *}" "$(BIN)/dvc" --wait-for-lock repro --single-item | commands; done; \
dvc repro $(1) | commands
endef

.PHONY: help setup smoke mini paper check test bench bench-gpu lint type ui clean-venv

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

ifeq ($(VENV),.venv)
setup: $(INSTALLED)  ## Make .venv and install into it, if anything to install has changed
else
setup:
	@test -x "$(BIN)/python" || { echo "VENV=$(VENV): expected an environment, found no $(BIN)/python" >&2; exit 1; }
endif

$(INSTALLED): pyproject.toml constraints.txt
	@for candidate in $(PYTHONS); do \
	    if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        python=$$candidate; break; fi; done; \
	if [ -z "$${python:-}" ]; then echo "Python 3.11 or later is needed; name it: make PYTHON=..." >&2; exit 1; fi; \
	.venv/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv
	@echo "Installing into .venv: some minutes, once"
	@.venv/bin/python -m pip install --disable-pip-version-check --no-input $(if $(MAKE_TERMOUT),,-qq) \
	    -c constraints.txt -e '.[benchmark,bench,dev]'
	@touch $@

smoke: export HF_HUB_OFFLINE := 1
smoke: setup  ## Run UXLA on the toy languages and print the table
	$(call reproduce,)
	@"$(BIN)/python" -m benchmark show smoke
	@"$(BIN)/python" -m benchmark register smoke >/dev/null
	@"$(BIN)/python" -m benchmark report smoke

mini: setup  ## Run UXLA from English to other real languages (see README: Profiles)
	$(call reproduce,pipelines/mini/dvc.yaml)
	@"$(BIN)/python" -m benchmark show mini
	@"$(BIN)/python" -m benchmark register mini >/dev/null
	@"$(BIN)/python" -m benchmark report mini

paper: setup  ## Run UXLA with XLM-R large on one large GPU (see README: With a GPU)
	@"$(BIN)/dvc" repro pipelines/paper/dvc.yaml
	@"$(BIN)/python" -m benchmark show paper
	@"$(BIN)/python" -m benchmark register paper >/dev/null
	@"$(BIN)/python" -m benchmark report paper

check: setup  ## Say what moved; fail if a smoke score left its recorded range
	@"$(BIN)/python" -m benchmark check smoke

test: setup  ## Run the tests
	@env -u HF_HUB_OFFLINE "$(BIN)/python" -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: setup  ## Measure on the CPU how fast it is, beside its peers (LINES=... for some lines)
	@mkdir -p results/bench
	@"$(BIN)/python" -m pytest -q -p no:xdist tests/speed --benchmark-enable --benchmark-json=results/bench/small.json
	@"$(BIN)/python" -m benchmark bench --device cpu --lines $(LINES)

bench-gpu: setup  ## The same on one GPU, with XLM-R large in place of base
	@"$(BIN)/python" -m benchmark bench --device cuda --lines $(LINES)

lint: setup  ## Check the style
	@"$(BIN)/ruff" check .

type: setup  ## Check the types
	@"$(BIN)/mypy"

ui: export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
ui: setup  ## Show all runs in the browser
	@echo "The table cells as they stand, of what was run first (others: Views, at the top right):"
	@echo "  http://127.0.0.1:$(PORT)/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=table"
	@"$(BIN)/mlflow" ui --backend-store-uri sqlite:///mlruns/mlflow.db --host 127.0.0.1 --port $(PORT)

clean-venv:  ## Remove .venv
	rm -rf .venv
