#!/bin/bash
# What an image holds besides the code: static files under hashed names, and byte code of everything, because a read-only
# file system keeps none: build.sh ENVIRONMENT STATIC_FOLDER.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
environment=${1:?name the folder of the virtual environment}
static=${2:?name the folder for the static files}

# Nothing of these settings stays: they let Django start.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
FUTURISYS_ENV=demo SECRET_KEY=none FUTURISYS_VAR=$folder STATIC_ROOT=$static \
    "$environment/bin/python" manage.py collectstatic --noinput --verbosity 0
# BYTE_CODE=no leaves it out, for a folder that will not last.
[[ ${BYTE_CODE:-yes} == no ]] || "$environment/bin/python" -m compileall -q -j 0 . "$environment/lib"
