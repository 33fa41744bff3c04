# Sourced by test.sh, check.sh and run.sh: prints which step runs, and records how long each took and how much of that was compiling.
# Records go to the file STEPS_FILE, a line each: step, seconds, seconds of compiling, separated by tabs. .ci/run prints them.
# The single package selection and profile of all builds are also here: another selection of packages changes the
# features of shared crates, and Cargo would compile the workspace a second time.

cargo_selection=(--release --locked --workspace)
step_name=

# Ends the running step and begins the one named $1.
step() {
    step_end
    step_name=$1 step_began=$SECONDS step_compiled=0
    printf '\n── %s\n' "$1"
}

step_end() {
    [ -z "$step_name" ] || [ -z "${STEPS_FILE:-}" ] ||
        printf '%s\t%d\t%d\n' "$step_name" $((SECONDS - step_began)) "$step_compiled" >>"$STEPS_FILE"
    step_name=
}

# Runs a command whose time counts as compiling.
compiling() {
    local began=$SECONDS status=0
    "$@" || status=$?
    step_compiled=$((${step_compiled:-0} + SECONDS - began))
    return $status
}

# Runs Cargo, and fails on any warning of the compiler or clippy. Cargo repeats the warnings of earlier compilations.
without_warnings() {
    local log status=0
    log=$(mktemp)
    "$@" 2>&1 | tee "$log" || status=$?
    if [ "$status" = 0 ] && grep -q '^warning' "$log"; then
        echo "warnings are failures here" >&2
        status=1
    fi
    rm -f "$log"
    return $status
}

# The only third-party script of the pages (tus-js-client), by npm, once for each required version. The build embeds it, and
# without it stops with an error.
fetch_scripts() {
    local pages=services/pages
    cmp -s "$pages/package-lock.json" "$pages/node_modules/.fetched" && return
    command -v npm >/dev/null || deploy/local/install.sh nodejs npm
    npm ci --prefix "$pages" --ignore-scripts --no-audit --no-fund --loglevel error
    cp "$pages/package-lock.json" "$pages/node_modules/.fetched"
}

# Every program of the workspace: `reelmill`, the emulators of partners' platforms, the media child of the tests.
build_programs() {
    fetch_scripts
    SQLX_OFFLINE=true compiling without_warnings cargo build "${cargo_selection[@]}" --bins "$@"
}
