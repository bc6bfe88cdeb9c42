#!/bin/bash
# Install what the tests need of the system and is not there yet: a browser, wrk, PgBouncer, Redis, ip, make, and
# Python's venv on Debian.
set -eu
wanted=() browser=''
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null ||
    command -v google-chrome >/dev/null || browser=chromium
command -v wrk >/dev/null || wanted+=(wrk)
[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || wanted+=(pgbouncer)
# Where a broker is named there may be one on its port already.
[ -n "${CELERY_BROKER_URL:-}" ] || command -v redis-server >/dev/null || wanted+=(redis-server)
command -v ip >/dev/null || [ -x /usr/sbin/ip ] || wanted+=(iproute2)
command -v make >/dev/null || wanted+=(make)
python3 -c 'import ensurepip' 2>/dev/null || wanted+=(python3-venv)
[ -n "$browser${wanted[*]}" ] || exit 0
root=()
((EUID)) && root=(sudo)
"${root[@]}" apt-get update -qq
# Where there is one without windows it draws the same pages in a sixth less time.
[ -z "$browser" ] || ! apt-cache show chromium-headless-shell >/dev/null 2>&1 || browser=chromium-headless-shell
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $browser "${wanted[@]}"
