#!/bin/sh
# The archive for Lambda: loader and what it needs, for the function's Python and processor
# (deploy/template.yaml), whatever machine this is.  Usage: deploy/package.sh FILE.zip
set -eu
archive=$(realpath "$1")
cd "$(dirname "$0")/.."
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
python3 -m pip install --quiet --require-hashes --requirement requirements-loader.txt \
    --target "$package" --only-binary :all: --no-compile \
    --implementation cp --python-version 3.13 \
    --platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64
mkdir "$package/deploy"
cp deploy/__init__.py deploy/lambda_entry.py "$package/deploy"
cp -R loader "$package/loader"
rm -f "$archive"
(cd "$package" && python3 -m zipfile --create "$archive" ./*)
du -h "$archive"
