#!/bin/sh
# The archive for Lambda: loader and what it needs, for the function's processor and Python
# (deploy/template.yaml), whatever machine this is. Built again it is the same, byte for byte.
# With an interpreter of that Python at hand the archive has bytecode, too: Lambda cannot save any,
# and without it compiles all modules at every cold start.
# `make rds-ca` first: the function trusts a database by those certificates.
# Usage: deploy/package.sh FILE.zip [PYTHON_VERSION [aarch64|x86_64]]
set -eu
archive=$(realpath "$1")
cd "$(dirname "$0")/.."
version=${2:-$(sed -n 's/^ *Runtime: python//p' deploy/template.yaml)}
processor=${3:-aarch64}
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
python3 -m pip install --quiet --require-hashes --requirement requirements-loader.txt \
    --target "$package" --only-binary :all: --no-compile \
    --implementation cp --python-version "$version" \
    --platform "manylinux2014_$processor" --platform "manylinux_2_28_$processor"
# Commands, which name the interpreter of this machine, and lists with their hashes
rm -rf "${package:?}/bin" "$package"/*.dist-info/RECORD
mkdir "$package/deploy"
cp deploy/__init__.py deploy/lambda_entry.py "$package/deploy"
cp -R common loader "$package"
cp deploy/rds-ca.pem "$package/deploy" 2>/dev/null ||
    echo "package.sh: no deploy/rds-ca.pem: the function will trust no database of RDS (make rds-ca)" >&2
find "$package" -name __pycache__ -prune -exec rm -r {} +
# Bytecode is for one minor version. It names the files as they are called in Lambda, and is
# checked against no source: the times of files in an archive tell nothing.
if python=$(command -v "python$version" || uv python find --no-project "$version" 2>/dev/null); then
    PYTHONHASHSEED=0 "$python" -m compileall -qq --invalidation-mode unchecked-hash \
        -s "$package" -p /var/task "$package"
else
    echo "package.sh: no python$version here: the archive has no bytecode, and the function" \
        "starts more slowly (uv python install $version)" >&2
fi
python3 deploy/archive.py "$package" "$archive"
du -h "$archive"
