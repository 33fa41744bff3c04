#!/usr/bin/env bash
# `make bench-growth`: the time of each hot query with 100, 10,000, 100,000 … works, the pace of claims and of the removal, in a private
# PostgreSQL, which is deleted afterwards. ENTRIES and OUT stand at the head of the program. A million works take 25 GB. PROGRAM runs one that
# is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
. "$here/steps.sh"
dir=$PWD/.local/bench-growth
"$here/install.sh"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
if [ -z "${PROGRAM:-}" ]; then
    build_programs --example growth
    PROGRAM=${CARGO_TARGET_DIR:-$PWD/target}/release/examples/growth
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
. <(POSTGRES_SETTINGS="-c shared_buffers=1GB -c max_wal_size=8GB" "$here/neighbours.sh" start "$dir" postgres)
# The program reads the services' configuration, of which it uses the database alone.
AMQP_URL=amqp://none.invalid S3_ENDPOINT=http://none.invalid
set +a
"$PROGRAM"
