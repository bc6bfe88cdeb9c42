#!/bin/bash
# Run pytest with the options given under coverage, workers and subprocesses included; then report, and fail below the
# `fail_under` of pyproject.toml. What a whole page looks like: var/coverage/html.
set -euo pipefail
cd "$(dirname "$0")/../.."
rm -rf var/coverage
mkdir -p var/coverage
result=0
.venv/bin/python -m coverage run -m pytest "$@" || result=$?
.venv/bin/python -m coverage combine --quiet
.venv/bin/python -m coverage html --quiet --fail-under=0
.venv/bin/python -m coverage report || result=$?
exit "$result"
