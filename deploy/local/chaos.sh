#!/usr/bin/env bash
# `make chaos`: real entries while workers, services, broker, database and object store are killed, stopped, cut off (network
# namespaces) and filled; then every acknowledgement is compared with what is true. See tests/chaos.rs. SEED, FAULTS (200) and
# ENTRIES (300) choose the plan: the same values give the same faults. Exit code 1 if anything was lost, doubled or stuck.
# Namespaces and small disks need root; without, it prints which faults it cannot make.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
. "$here/steps.sh"
tools=()
command -v ip >/dev/null || tools+=(iproute2)
"$here/install.sh" "${tools[@]}"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export SQLX_OFFLINE=true
# It uses servers of its own.
unset DATABASE_URL AMQP_URL S3_ENDPOINT

build_programs
export CHAOS_FAULTS=${FAULTS:-200} CHAOS_ENTRIES=${ENTRIES:-300}
[ -z "${SEED:-}" ] || export CHAOS_SEED=$SEED
cargo test "${cargo_selection[@]}" --test main -- --nocapture --exact \
    chaos::whatever_fails_every_acknowledgement_is_true_in_the_end || exit 1
