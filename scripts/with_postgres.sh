#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own, which is gone afterwards:
#
#   scripts/with_postgres.sh COMMAND [ARGUMENT...]
#
# A new cluster in a temporary folder, listening on a Unix socket there and on nothing else; every commit is synced. The command finds the
# connection string of an empty database in ABATE_TEST_POSTGRES. Exit status: the command's; 70 where no server could be started.
set -euo pipefail

no_server() {
    printf 'with_postgres.sh: error: %s\n' "$1" >&2
    exit 70
}
[ $# -gt 0 ] || no_server "no command. Try: scripts/with_postgres.sh ctest --test-dir build/dev"

# Debian keeps the programs of each version in a folder of their own; the newest counts.
programs="$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)"
if [ -n "$programs" ]; then
    programs="$(dirname "$programs")"
elif command -v initdb >/dev/null; then
    programs="$(dirname "$(command -v initdb)")"
else
    no_server "no initdb. Install the package postgresql"
fi

# The server refuses to run as root. It ends with this script, even when that is killed.
as_user=(setpriv --pdeathsig=QUIT --)
user="$(id -un)"
if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || no_server "no user 'postgres' to run the server as"
    as_user=(setpriv --pdeathsig=QUIT --reuid="$user" --regid="$(id -g "$user")" --clear-groups --)
fi

# A socket's path may have 107 characters, so the folder stands in /tmp whatever TMPDIR says.
folder="$(mktemp -d /tmp/abate-pg-XXXXXX)"
chmod 711 "$folder"
mkdir "$folder/data"
chown "$user" "$folder" "$folder/data"
server=""
# shellcheck disable=SC2317  # the trap calls it
clean_up() {
    trap '' INT TERM HUP
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        kill -QUIT "$server" 2>/dev/null || true # nothing in it is to be kept
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

cd "$folder"
"${as_user[@]}" "$programs/initdb" -D "$folder/data" -U abate --auth=trust --encoding=UTF8 --locale=C --no-sync \
    >"$folder/log" 2>&1 || { cat "$folder/log" >&2; no_server "initdb failed"; }
"${as_user[@]}" "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c unix_socket_permissions=0777 \
    -c max_connections=60 -c shared_buffers=64MB -c max_wal_size=1GB >>"$folder/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    if "$programs/pg_isready" -q -h "$folder" -U abate -d postgres; then break; fi
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; no_server "the server did not start"; }
    sleep 0.1
done
"$programs/createdb" -h "$folder" -U abate abate || { cat "$folder/log" >&2; no_server "the server does not answer"; }

export ABATE_TEST_POSTGRES="host=$folder user=abate dbname=abate"
cd "$OLDPWD"
status=0
"$@" || status=$?
exit "$status"
