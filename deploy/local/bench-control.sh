#!/usr/bin/env bash
# `make bench-control`: the control plane with stubbed media, on its own PostgreSQL and RabbitMQ. The settings are described at the head of
# bench/control.py. PROGRAM names a built program to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/local/install.sh
. deploy/local/steps.sh
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
[ -n "${PROGRAM:-}" ] || build_programs --example control-plane
exec python3 bench/control.py
