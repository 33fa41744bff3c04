#!/usr/bin/env bash
# Checks the two OpenAPI documents as `reelmill openapi` prints them: redocly and spectral must find nothing, and the types that
# openapi-typescript generates from them must compile. REELMILL names the binary. The story `contract` tests the services with schemathesis.
#
# `contract.sh fetch` only installs the tools of both under .local/contract and prints that directory, once for each version of the
# requirements. Exits 3, with the reason on stderr, where there is no pip or npm or no registry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tests=$PWD/tests/contract
dir=$PWD/.local/contract
REELMILL=${REELMILL:-${CARGO_TARGET_DIR:-$PWD/target}/release/reelmill}
mkdir -p "$dir"

missing() {
    echo "WITHOUT CHECKS OF THE CONTRACT: $1" >&2
    exit 3
}

fetch() {
    local wanted pip status=0
    wanted=$( (python3 -VV; cat "$tests/requirements.txt" "$tests/package-lock.json") | sha256sum | cut -d" " -f1)
    if [ "$(cat "$dir/fetched" 2>/dev/null || true)" = "$wanted" ] && [ -d "$tests/node_modules" ]; then
        return
    fi
    command -v npm >/dev/null || missing "there is no npm (Debian's package is npm)"
    python3 -m pip --version >/dev/null 2>&1 || missing "python3 has no pip (Debian's package is python3-pip)"
    rm -rf "$dir/python"
    # Both in parallel: each mostly waits for its registry. Python's packages go into a directory of their own.
    timeout 300 python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --only-binary :all: --no-deps \
        --no-compile --target "$dir/python" -r "$tests/requirements.txt" >"$dir/pip.log" 2>&1 &
    pip=$!
    timeout 300 npm ci --prefix "$tests" --ignore-scripts --no-audit --no-fund --loglevel error >"$dir/npm.log" 2>&1 || status=$?
    wait "$pip" || missing "Python's packages cannot be installed ($(tail -n 1 "$dir/pip.log"))"
    [ "$status" = 0 ] || missing "npm's packages cannot be installed ($(tail -n 1 "$dir/npm.log"))"
    echo "$wanted" >"$dir/fetched"
}

fetch
if [ "${1:-}" = fetch ]; then
    echo "$dir"
    exit
fi
for api in public desk; do "$REELMILL" openapi "$api" >"$dir/$api.json"; done
exec node "$tests/check.mjs" "$dir/public.json" "$dir/desk.json"
