#!/usr/bin/env bash
# `make check`: the quick loop. Format, licences, lints, and the tests of the crates that changed since origin/main and of those that
# depend on them, unless they need servers other than PostgreSQL and RabbitMQ. The stories of the whole system (tests/main.rs) are left to
# `make test`. Uses the build of `make test`, and servers that keep running: `make servers-stop` stops them.
# BASE names another commit to compare with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
dir=$PWD/.local/dev
. "$here/steps.sh"
trap step_end EXIT
"$here/install.sh"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export SQLX_OFFLINE=true
cargo nextest --version >/dev/null 2>&1 || { echo "make check needs cargo-nextest: cargo install --locked cargo-nextest" >&2; exit 1; }

step "format, licences and sources"
cargo fmt --all --check
python3 -m unittest discover -q -s tests/licences
python3 "$here/licences.py"

# What changed: commits since the branches diverged, uncommitted changes, and new files. Without origin/main everything counts as changed.
filter='not binary_id(tests::main)'
if base=$(git merge-base HEAD "${BASE:-origin/main}" 2>/dev/null); then
    changed=$( (git diff --name-only "$base"; git ls-files --others --exclude-standard) | sort -u)
    # A crate is a folder with a manifest. Files outside of all crates may affect any: the lock file, .sqlx, the toolchain's settings.
    crates=() everything=
    while IFS= read -r file; do
        case $file in
        '') ;;
        services/*/*) crates+=("$(cut -d/ -f2 <<<"$file")") ;;
        proto/*) crates+=(proto) ;;
        # Tests of `reelmill` read the documents and the list of targets.
        *.md | Makefile) crates+=(reelmill) ;;
        tests/* | bench/* | helm/* | deploy/local/* | .ci/* | .dockerignore | .gitignore) ;;
        *) everything=$file ;;
        esac
    done <<<"$changed"
    if [ -n "$everything" ]; then
        echo "every crate is checked, since $everything changed"
    elif [ ${#crates[@]} = 0 ]; then
        filter='none()'
    else
        mapfile -t crates < <(printf '%s\n' "${crates[@]}" | sort -u)
        filter="($(printf 'rdeps(=%s) or ' "${crates[@]}")none()) and not binary_id(tests::main)"
        # Of the targets of `tests`, the stories of runtime do not depend on the crates that use it.
        [[ " ${crates[*]} " =~ \ (proto|pipeline|runtime)\  ]] || filter+=' and not binary_id(tests::runtime-stories)'
        echo "changed: ${crates[*]}; checked with what depends on them"
    fi
fi

step "build and lints"
build_programs --tests
step "tests"
"$here/neighbours.sh" start "$dir" >/dev/null
while IFS='=' read -r name value; do export "TEST_$name=$value"; done <"$dir/env"
unset DATABASE_URL AMQP_URL S3_ENDPOINT
[ ! -d .local/footage ] || export TEST_FOOTAGE=$PWD/.local/footage
cargo nextest run "${cargo_selection[@]}" --tests --no-tests=pass -E "$filter" "$@"
