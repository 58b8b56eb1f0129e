# The interpreter that makes .venv: Python 3.10 to 3.13.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test lint lock clean bench-dbt
help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

demo: .venv/installed  ## see sample messages go through the whole pipeline on this machine
	@$(BIN)/python -m sandbox -- sh sandbox/demo.sh

test: lint  ## run every check
	$(BIN)/pytest

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project loader/schema
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder loader/sql

# Without a pip of its own: Debian's python3 has venv's module, but not what puts pip into it.
.venv/installed: requirements-dev.txt
	@echo "installing into .venv (once, about a minute)"
	@$(PYTHON) -m venv --without-pip --clear .venv
	@$(PYTHON) -m pip --python $(BIN)/python install -qq --require-hashes -r requirements-dev.txt
	@touch $@

# All Pythons and platforms at once, which is uv's alone to do.
LOCK := uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-strip-extras
lock:  ## compile requirements*.txt anew (needs uv: pip install uv)
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) requirements.in --constraints requirements-dev.txt --output-file requirements.txt

bench-dbt: .venv/installed  ## measure what dbt costs, against SQL by hand
	$(BIN)/python -m benchmarks.bench_dbt

clean:  ## remove what was installed and built
	rm -rf .venv target logs
