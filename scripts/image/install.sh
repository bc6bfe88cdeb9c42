#!/bin/bash
# Install requirements/LOCK.txt into a new virtual environment, every file checked by its hash: install.sh LOCK FOLDER.
# Needs no compiler: what has no wheel for this Python fails. UV names a uv that is here; without one pip brings it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
lock=${1:?name a lock of requirements/, like base}
folder=${2:?name the folder of the environment}

[[ -f requirements/$lock.txt ]] || { echo "There is no requirements/$lock.txt." >&2; exit 1; }
[[ -v PYTHON ]] || PYTHON=python3
if [[ ! -v UV ]]; then
    tools=$(mktemp -d)
    trap 'rm -rf "$tools"' EXIT
    "$PYTHON" -m venv "$tools"
    "$tools/bin/pip" install --quiet --no-cache-dir --require-hashes -r requirements/bootstrap.txt
    UV=$tools/bin/uv
    export UV_NO_CACHE=1
fi
# No pip in it: what serves installs nothing into itself.
"$PYTHON" -m venv --without-pip "$folder"
"$UV" pip sync --quiet --require-hashes --only-binary :all: --python "$folder/bin/python" "requirements/$lock.txt"
