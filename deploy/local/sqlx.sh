#!/usr/bin/env bash
# `make sqlx`: rewrites .sqlx, the descriptions of all checked queries, from a fresh database with the current migrations.
# Needs no sqlx-cli: the macros write the files themselves into a given directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. deploy/local/steps.sh
fetch_scripts
dir=$PWD/.local/sqlx
trap 'deploy/local/neighbours.sh stop "$dir" postgres' EXIT
deploy/local/neighbours.sh start "$dir" postgres >/dev/null
. "$dir/env"
psql -q "$DATABASE_URL" -c 'drop schema public cascade' -c 'create schema public'
for migration in services/runtime/migrations/*.sql; do
    psql -q -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$migration"
done

rm -rf .sqlx
mkdir .sqlx
# A crate that is up to date is not compiled, and then its macros do not run.
grep -rlE 'query(_file)?(_as|_scalar)?!' --include='*.rs' services tests | xargs -r touch
DATABASE_URL=$DATABASE_URL SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$PWD/.sqlx cargo check --workspace --all-targets
echo "$(ls .sqlx | wc -l) queries described in .sqlx"
