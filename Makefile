# The interpreter that makes .venv: Python 3.10 to 3.13.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo docs site test lint bench-loader bench-dbt bench-cost bench-citus secrets rds-ca catalogue lock clean
help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

demo: .venv/installed  ## see sample messages go through the whole pipeline on this machine
	@$(BIN)/python -m sandbox -- sh sandbox/demo.sh

PORT := 8080
# Ctrl-C ends the server, which is not a failure.
docs: .venv/installed  ## see the docs site and the report of sample messages in a browser
	@$(BIN)/python -m sandbox -- sh -ec 'python -m loader; dbt build --quiet; $(MAKE) site'
	@echo "http://127.0.0.1:$(PORT) shows it, until Ctrl-C"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory site $(PORT) || [ $$? = 130 ] || \
		{ echo "the pages are in site/; to see them at another port: make docs PORT=8081"; exit 1; }

# In an activated virtual environment, of the database that PG* name. In a target directory of its
# own: the results of the build's tests are in the other one.
site:  ## build site/: index.html (the documentation of the data) and report.html
	dbt docs generate --quiet --static --target-path target/docs
	python -m report

test: lint  ## run every check
	$(BIN)/pytest

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project vault/citus vault/migrations vault/schema report/sql
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder common loader vault/*.sql benchmarks/insert.sql
	$(BIN)/yamllint --strict .
	$(BIN)/zizmor --offline --quiet --persona=auditor .github/workflows
	$(BIN)/cfn-lint deploy/template.yaml
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml common deploy loader report sandbox vault

# A commit to compare the loader with, such as AGAINST=HEAD~1.
AGAINST :=
bench-loader: .venv/installed  ## measure the loader beside its yardsticks, and beside a commit (AGAINST=)
	@$(BIN)/python -m benchmarks.bench_loader $(if $(AGAINST),--against $(AGAINST))

bench-dbt: .venv/installed  ## measure what dbt costs beside SQL by hand
	@$(BIN)/python -m benchmarks.bench_dbt

bench-cost: .venv/installed  ## measure what a million messages cost in CPU and bytes (3 minutes)
	@$(BIN)/python -m benchmarks.bench_cost

bench-citus: .venv/installed  ## measure a Citus cluster beside one server (needs CITUS_PG_BIN)
	@$(BIN)/python -m benchmarks.bench_citus

# Random, and made only once: Postgres keeps the first one. The directory keeps other users out; the
# files can be read by every user of a container.
secrets:  ## make the passwords that docker-compose.yml reads from files
	@mkdir -p -m 700 secrets
	@umask 022; for name in postgres_password loader_password dbt_password report_password; do \
		[ -s secrets/$$name ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets/$$name; \
	done
	@grep -qs '^LOGIN_SECRETS=' .env || echo 'LOGIN_SECRETS=./secrets' >> .env

# The certificate authorities of RDS, for PGSSLMODE=verify-full. AWS adds to them with every region.
rds-ca:  ## fetch the certificates that RDS proves itself by, for images and packages
	curl --fail --silent --show-error --output deploy/rds-ca.pem \
		https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem

# Without a pip of its own: Debian's python3 has the module venv, but not ensurepip.
.venv/installed: requirements-dev.txt
	@echo "installing 850 MB of tools into .venv (once)"
	@$(PYTHON) -m venv --without-pip --clear .venv
	@$(PYTHON) -m pip --python $(BIN)/python install -qq --require-hashes -r requirements-dev.txt
	@touch $@

catalogue: .venv/installed  ## write vault/catalogue.json, which doctor compares a database with
	@$(BIN)/python -m sandbox -- sh -ec 'python -m vault init; python -m vault.catalogue'

# All Pythons and platforms at once, which is uv's alone to do.
LOCK := uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-strip-extras
lock:  ## compile requirements*.txt (needs uv: pip install uv)
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) requirements.in --constraints requirements-dev.txt --output-file requirements.txt
	$(LOCK) requirements-sandbox.in --constraints requirements-dev.txt --output-file requirements-sandbox.txt
	$(LOCK) requirements-loader.in --constraints requirements.txt --output-file requirements-loader.txt

clean:  ## remove .venv and everything that was built
	rm -rf .venv target logs site
