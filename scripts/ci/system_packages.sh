#!/bin/bash
# Install what the tests need of the system and is not there yet: a browser, wrk, PgBouncer, ip, make, and
# Python's venv on Debian.
set -eu
wanted=()
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null ||
    command -v google-chrome >/dev/null || wanted+=(chromium)
command -v wrk >/dev/null || wanted+=(wrk)
[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || wanted+=(pgbouncer)
command -v ip >/dev/null || [ -x /usr/sbin/ip ] || wanted+=(iproute2)
command -v make >/dev/null || wanted+=(make)
python3 -c 'import ensurepip' 2>/dev/null || wanted+=(python3-venv)
((${#wanted[@]})) || exit 0
root=()
((EUID)) && root=(sudo)
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${wanted[@]}"
