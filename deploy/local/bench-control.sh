#!/usr/bin/env bash
# `make bench-control`: the control plane with stubbed media, on its own PostgreSQL and RabbitMQ. What can be set stands at the head of
# bench/control.py. PROGRAM runs one that is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/local/install.sh
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
[ -n "${PROGRAM:-}" ] || SQLX_OFFLINE=true cargo build --release --locked -p runtime --example control-plane
exec python3 bench/control.py
