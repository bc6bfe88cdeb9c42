#!/bin/bash
# Ask a running instance for a prediction: smoke.sh URL [MODEL]. Exit code 0 when it was answered and recorded, else 1
# with a sentence. TOKEN is an API token of somebody who may ask; without one the visitor's account of a demo is taken.
# SECONDS_TO_WAIT (default 300) is the patience until it is ready. docs/deployment.md
exec "$([[ -x .venv/bin/python ]] && echo .venv/bin/python || echo python3)" "$(dirname "${BASH_SOURCE[0]}")/smoke.py" "$@"
