#!/usr/bin/env bash
# `make clean`: removes .local/ and the databases that are outside of it because their user may not enter it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for dir in .local/servers .local/test .local/dev .local/sqlx; do
    [ -d "$dir" ] || continue
    deploy/local/neighbours.sh stop "$dir"
    data=$(cat "$dir/pg_data_path" 2>/dev/null || true)
    case $data in /var/tmp/reelmill-pg.*) rm -rf "$data" ;; esac
done
for dir in .local/garage .local/test/garage; do
    [ ! -d "$dir" ] || deploy/local/garage.sh stop "$dir"
done
[ ! -d .local/sshd ] || deploy/local/sshd.sh stop .local/sshd
rm -rf .local
