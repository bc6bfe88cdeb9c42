#!/bin/bash
# Install pg_dump and pg_restore of the major version POSTGRES_MAJOR, from PostgreSQL's own packages for Debian and Ubuntu:
# a backup of one major version is restored into the same by its own programs. They are where the backup looks for them.
set -eu
: "${POSTGRES_MAJOR:?POSTGRES_MAJOR is not set: name the major version of the server, like 15.}"
[ -x "/usr/lib/postgresql/$POSTGRES_MAJOR/bin/pg_restore" ] && exit 0
root=()
((EUID)) && root=(sudo)
install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y)
"${root[@]}" apt-get update -qq
"${install[@]}" postgresql-common
"${root[@]}" /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y
"${install[@]}" "postgresql-client-$POSTGRES_MAJOR"
