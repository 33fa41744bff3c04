#!/usr/bin/env bash
# `make stop`: ends what run.sh started, by its pid files. Workers hand their parts back first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
local=$PWD/.local
. "$here/ports.sh"

for name in serve s3; do
    pid=$(cat "$local/run/$name.pid" 2>/dev/null || true)
    end_ours "$pid" "reelmill $name" 15
    rm -f "$local/run/$name.pid"
done
end_ours "$(cat "$local/run/emulators.pid" 2>/dev/null || true)" platform-emulators 5
rm -f "$local/run/emulators.pid"
[ ! -d "$local/sshd" ] || "$here/sshd.sh" stop "$local/sshd"
[ ! -d "$local/servers" ] || "$here/neighbours.sh" stop "$local/servers"
