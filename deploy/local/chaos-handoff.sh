#!/usr/bin/env bash
# `make chaos-handoff`: deliveries by every method while workers are killed, platforms time out after committing and every message
# is doubled; see tests/chaos_handoff.rs. DELIVERIES (1000) and SEED choose the plan: the same seed gives the same plan.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
. "$here/steps.sh"
dir=$PWD/.local/chaos
"$here/install.sh"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export SQLX_OFFLINE=true

trap '"$here/neighbours.sh" stop "$dir" || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$here/neighbours.sh" start "$dir" >/dev/null
while IFS='=' read -r name value; do export "TEST_$name=$value"; done <"$dir/env"
unset DATABASE_URL AMQP_URL S3_ENDPOINT

build_programs
export CHAOS_DELIVERIES=${DELIVERIES:-1000}
[ -z "${SEED:-}" ] || export CHAOS_SEED=$SEED
cargo test "${cargo_selection[@]}" --test main -- --nocapture --exact \
    chaos_handoff::despite_faults_each_work_is_at_each_partner_once_as_recorded
