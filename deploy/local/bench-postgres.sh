#!/usr/bin/env bash
# bench-postgres.sh NAME: builds the example NAME, runs it with a private PostgreSQL and deletes that afterwards. What the program measures, and its
# settings, are described at its head. POSTGRES_SETTINGS are the server's; PROGRAM names a built program to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
. "$here/steps.sh"
name=$1
dir=$PWD/.local/$name
"$here/install.sh"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
if [ -z "${PROGRAM:-}" ]; then
    build_programs --example "$name"
    PROGRAM=${CARGO_TARGET_DIR:-$PWD/target}/release/examples/$name
fi
rm -rf "$dir"
stop() {
    trap - EXIT INT TERM
    "$here/neighbours.sh" stop "$dir" postgres || true
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
set -a
. <("$here/neighbours.sh" start "$dir" postgres)
# The program reads the services' configuration, but uses only the database.
AMQP_URL=amqp://none.invalid S3_ENDPOINT=http://none.invalid
set +a
"$PROGRAM"
