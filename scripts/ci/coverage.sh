#!/bin/bash
# Run pytest with the options given under coverage, workers and subprocesses included; then report, and fail below the
# `fail_under` of pyproject.toml. What a whole page looks like: var/coverage/html.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
rm -rf var/coverage
mkdir -p var/coverage
result=0
"$python" -m coverage run -m pytest "$@" || result=$?
"$python" -m coverage combine --quiet
"$python" -m coverage html --quiet --fail-under=0
"$python" -m coverage report || result=$?
exit "$result"
