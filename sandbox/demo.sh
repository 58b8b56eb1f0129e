#!/bin/sh
# What `make demo` runs inside the sandbox: the pipeline, then a look at what came out.
set -e
python -m loader
dbt build
psql --quiet --file "$(dirname "$0")/demo.sql"
