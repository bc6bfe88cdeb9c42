#!/bin/bash
# Start an image as the demo and ask it: smoke_image.sh IMAGE. DOCKER names another program than docker, PORT another
# port on this machine than 8000.
set -euo pipefail
cd "$(dirname "$0")/../.."
image=${1:?name the image}
docker=${DOCKER:-docker}
port=${PORT:-8000}
name=futurisys-smoke-$$
trap '"$docker" rm --force --volumes "$name" >/dev/null' EXIT
"$docker" run --detach --init --name "$name" --publish "127.0.0.1:$port:8000" "$image" demo >/dev/null
if ! scripts/image/smoke.sh "http://127.0.0.1:$port"; then
    "$docker" logs "$name" >&2
    exit 1
fi
