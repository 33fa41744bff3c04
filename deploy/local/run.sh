#!/usr/bin/env bash
# `make run`: everything on this machine, from nothing to delivered videos, and then keeps serving until Ctrl-C.
# ONCE=1 ends after the table; exit 0 only if the two valid entries are live at all nine partners and the two invalid ones were refused.
# State is kept under .local/. DATABASE_URL, AMQP_URL and S3_ENDPOINT, where set, are used instead of private servers. On the private
# PostgreSQL services log in as a role that cannot alter tables; on yours they use DATABASE_URL, and DATABASE_OWNER_URL may name the
# login that migrates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
local=$PWD/.local
. "$here/ports.sh"
. "$here/steps.sh"

started=$SECONDS
mkdir -p "$local/run" "$local/log"

step "run: 1/7 what is missing on this machine"
"$here/install.sh"
command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"

step "run: 2/7 build (release)"
# Emulators of the partner platforms that have an API are built with it, but are no part of it.
build_programs
binary=${CARGO_TARGET_DIR:-$PWD/target}/release/reelmill
built=$SECONDS

if is_ours "$(cat "$local/run/serve.pid" 2>/dev/null || true)" "$binary serve"; then
    echo "already running (pid $(cat "$local/run/serve.pid")); end it with: make stop" >&2
    exit 1
fi

stop() {
    trap - EXIT INT TERM
    step_end
    "$here/stop.sh" || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Starts `reelmill $2…` as a process of its own session (Ctrl-C goes to this script, which stops it in order); $1 names log and pid.
start() {
    local name=$1
    shift
    (set -a && . "$local/env" && exec setsid "$binary" "$@") </dev/null >>"$local/log/$name.log" 2>&1 &
    echo $! >"$local/run/$name.pid"
}

# Waits until `$2…` succeeds; gives up when process $1 has ended or after 120 s.
await_up() {
    local name=$1 pid deadline=$((SECONDS + 120))
    pid=$(cat "$local/run/$name.pid")
    shift
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "$pid" 2>/dev/null || [ $SECONDS -gt $deadline ]; then
            echo "$name did not come up; the end of $local/log/$name.log:" >&2
            tail -n 20 "$local/log/$name.log" >&2
            exit 1
        fi
        sleep 0.2
    done
}

step "run: 3/7 PostgreSQL, RabbitMQ and S3"
wanted=()
private_database=
[ -n "${DATABASE_URL:-}" ] || { wanted+=(postgres); private_database=1; }
[ -n "${AMQP_URL:-}" ] || wanted+=(rabbitmq)
if [ ${#wanted[@]} -gt 0 ]; then
    "$here/neighbours.sh" start "$local/servers" "${wanted[@]}" >/dev/null
    . "$local/servers/env"
fi
if [ -n "$private_database" ]; then
    # As compose does; the private server requires no password.
    REELMILL_OWNER_PASSWORD=local REELMILL_APP_PASSWORD=local psql -q "$DATABASE_URL" -f deploy/postgres/roles.sql
    DATABASE_OWNER_URL=$DATABASE_URL
    DATABASE_URL=postgres://reelmill_app@${DATABASE_URL#*@}
fi
[ -z "${DATABASE_OWNER_URL:-}" ] || DATABASE_OWNER_URL=$DATABASE_OWNER_URL "$binary" migrate
unset DATABASE_OWNER_URL

# Chosen once, so that stored personal data stays readable.
[ -f "$local/personal_data_key" ] || (umask 077 && echo "local:$(head -c 32 /dev/urandom | base64 -w0)" >"$local/personal_data_key")
s3_private=
if [ -z "${S3_ENDPOINT:-}" ]; then
    s3_private=$(remembered_port "$local/run/s3.port")
    S3_ENDPOINT=http://127.0.0.1:$s3_private
    S3_ACCESS_KEY_ID=local S3_SECRET_ACCESS_KEY=local-secret
fi
# The partner's drop is a bucket of its own if it can be created, else the configured bucket.
partner_bucket=${S3_BUCKET:-reelmill}
[ -z "$s3_private" ] || partner_bucket=tiangong
. "$here/partners.sh"
http_port=$(remembered_port "$local/run/http.port" 8080)
publish_port=$(remembered_port "$local/run/publish.port" 8081)
desk_port=$(remembered_port "$local/run/desk.port" 8082)
admin_port=$(remembered_port "$local/run/admin.port" 9090)
(umask 077 && cat >"$local/env") <<ENV
DATABASE_URL='$DATABASE_URL'
AMQP_URL='$AMQP_URL'
${ALLOW_PLAINTEXT:+ALLOW_PLAINTEXT='$ALLOW_PLAINTEXT'}
S3_ENDPOINT='$S3_ENDPOINT'
S3_BUCKET='${S3_BUCKET:-reelmill}'
S3_REGION='${S3_REGION:-us-east-1}'
S3_ACCESS_KEY_ID='${S3_ACCESS_KEY_ID:-}'
S3_SECRET_ACCESS_KEY='${S3_SECRET_ACCESS_KEY:-}'
DEMO_CONTEST=true
PERSONAL_DATA_KEYS='${PERSONAL_DATA_KEYS:-$(cat "$local/personal_data_key")}'
LISTEN='127.0.0.1:$http_port'
DESK_LISTEN='127.0.0.1:$desk_port'
DESK_URL='http://127.0.0.1:$desk_port'
ADMIN_LISTEN='127.0.0.1:$admin_port'
PUBLIC_URL='http://127.0.0.1:$http_port'
REELMILL_SERVER='http://127.0.0.1:$http_port'
SCRATCH_DIR='$local/scratch'
XDG_STATE_HOME='$local/state'
PARTNER_TIANGONG_S3_ENDPOINT='${PARTNER_TIANGONG_S3_ENDPOINT:-$S3_ENDPOINT}'
PARTNER_TIANGONG_S3_REGION='${PARTNER_TIANGONG_S3_REGION:-${S3_REGION:-us-east-1}}'
PARTNER_TIANGONG_S3_BUCKET='${PARTNER_TIANGONG_S3_BUCKET:-$partner_bucket}'
PARTNER_TIANGONG_S3_ACCESS_KEY_ID='${PARTNER_TIANGONG_S3_ACCESS_KEY_ID:-${S3_ACCESS_KEY_ID:-}}'
PARTNER_TIANGONG_S3_SECRET_ACCESS_KEY='${PARTNER_TIANGONG_S3_SECRET_ACCESS_KEY:-${S3_SECRET_ACCESS_KEY:-}}'
PUBLISH_LISTEN='127.0.0.1:$publish_port'
PUBLISH_URL='http://127.0.0.1:$publish_port'
# Receivers of webhooks may be on this machine, by http.
ALLOW_PRIVATE_NETWORKS='${ALLOW_PRIVATE_NETWORKS:-127.0.0.0/8,::1/128}'
POLL_BASE_S=2
ENV
cat >"$local/reelmill" <<WRAPPER
#!/bin/sh
# The binary with this machine's addresses; written by deploy/local/run.sh.
set -a
. '$local/env'
set +a
exec '$binary' "\$@"
WRAPPER
chmod +x "$local/reelmill"
reelmill=$local/reelmill
mkdir -p "$local/scratch" "$local/s3"
[ -z "$s3_private" ] || mkdir -p "$local/s3/$partner_bucket"

if [ -n "$s3_private" ]; then
    start s3 s3 --root "$local/s3" --listen "127.0.0.1:$s3_private"
    await_up s3 port_is_taken "$s3_private"
fi

step "run: 4/7 the partners' side: emulators of two platforms, an SFTP server for three partners (nothing leaves this machine)"
partners_start "$publish_port"

step "run: 5/7 serve all roles (log: .local/log/serve.log)"
start serve serve
await_up serve curl -fsS "http://127.0.0.1:$admin_port/readyz"
await_up serve curl -fsS "http://127.0.0.1:$desk_port/api/v1/openapi.json"
partners_authorise
addresses() {
    printf '  %-9s %s\n' \
        entrants "http://127.0.0.1:$http_port/" \
        staff "http://127.0.0.1:$desk_port/" \
        partners "http://127.0.0.1:$publish_port/" \
        watching "http://127.0.0.1:$admin_port/"
}
addresses
# A person with all roles in the console. The link works once, within 72 hours; a further run makes a new one, which replaces the
# former password and codes.
"$reelmill" person add '演示管理员' --login demo --role admin organiser screener operator auditor >/dev/null 2>&1 || true
invitation=$("$reelmill" person invite demo 2>/dev/null || "$reelmill" person reset demo)
echo "  sign-in   login demo; set password and second factor by this link, once: $invitation"

step "run: 6/7 four entries: two that keep the rules, one of 20 s, one of 720 lines"
"$here/samples.sh" "$local/samples"
serving=$SECONDS
status=0
. "$here/demo.sh"

step "run: 7/7 entries, reasons, renditions, deliveries"
demo_table
printf '\nbuild %d s, start and samples %d s, entries to delivery %d s\n' \
    $((built - started)) $((serving - built)) $((SECONDS - serving))
if demo_verdict; then
    echo "as expected: two entries live at all nine partners, two refused"
else
    echo "not as expected, see above and .local/log/serve.log" >&2
    status=1
fi
[ -z "${ONCE:-}" ] || exit $status

cat <<NEXT

Serving until Ctrl-C:
$(addresses)
  sign-in   login demo, by this link, once: $invitation
In another terminal:
  .local/reelmill status
  .local/reelmill person add NAME --login LOGIN --role organiser
  .local/reelmill webhook add http://127.0.0.1:PORT/
  .local/reelmill submit my.mp4 --contest demo --title '…' --theme 绿色低碳 --name '…' --phone '…' --original --rights --ai none
NEXT
wait "$(cat "$local/run/serve.pid")"
