#!/usr/bin/env bash
# `make reference`: builds the program and writes deploy/REFERENCE.md, its commands, options and variables, from its own definition.
# A test of `reelmill` compares the committed file with what the program prints.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. deploy/local/steps.sh
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
build_programs
written=$(mktemp)
trap 'rm -f "$written"' EXIT
"${CARGO_TARGET_DIR:-target}/release/reelmill" reference >"$written"
cat "$written" >deploy/REFERENCE.md
