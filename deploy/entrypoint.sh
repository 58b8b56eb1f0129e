#!/bin/sh
# PGPASSWORD from the file that PGPASSWORD_FILE names, for loader and dbt alike, then the command.
# (libpq's own PGPASSFILE must belong to who reads it, which a file from outside a container does
# not.)
set -eu
if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$PGPASSWORD_FILE")
    export PGPASSWORD
fi
exec "$@"
