#!/usr/bin/env bash
# `make bench-fingerprint`: copies found, unrelated films mistaken for copies, and searches among 100,000 entries, in a private
# PostgreSQL. ORIGINALS, SECONDS, ENTRIES, JOBS and OUT are described at the head of tests/bench-fingerprint.rs. PROGRAM names a built program to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
. "$here/steps.sh"
dir=$PWD/.local/bench-fingerprint
"$here/install.sh"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
if [ -z "${PROGRAM:-}" ]; then
    build_programs --example bench-fingerprint
    PROGRAM=${CARGO_TARGET_DIR:-$PWD/target}/release/examples/bench-fingerprint
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
