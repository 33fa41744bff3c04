#!/usr/bin/env bash
# `make measure`: the figures of bench/RESULTS.md that need the whole binary: memory of the upload service under many uploads at once,
# and the processor time of an idle `serve`. UPLOADS (16) and MIB (256) can be set. Own servers, own data, all removed at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/deploy/local
. "$here/steps.sh"
dir=$PWD/.local/measure
uploads=${UPLOADS:-16} mib=${MIB:-256}
. "$here/ports.sh"

build_programs
reelmill=${CARGO_TARGET_DIR:-$PWD/target}/release/reelmill
rm -rf "$dir"
mkdir -p "$dir/s3" "$dir/scratch"
pids=()
stop() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    "$here/neighbours.sh" stop "$dir" || true
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

set -a
. <("$here/neighbours.sh" start "$dir")
S3_ENDPOINT=http://127.0.0.1:$(free_port) S3_ACCESS_KEY_ID=measure S3_SECRET_ACCESS_KEY=measure-secret
PERSONAL_DATA_KEYS=m:$(head -c 32 /dev/urandom | base64 -w 0) SCRATCH_DIR=$dir/scratch
DEMO_CONTEST=true LISTEN=127.0.0.1:$(free_port) ADMIN_LISTEN=127.0.0.1:$(free_port)
DESK_LISTEN=127.0.0.1:$(free_port) PUBLISH_LISTEN=127.0.0.1:$(free_port)
set +a

# Starts `reelmill serve $@`, waits until it is ready, and leaves its pid in $serve.
serve() {
    "$reelmill" serve "$@" >"$dir/serve.log" 2>&1 &
    serve=$!
    pids+=("$serve")
    for _ in $(seq 100); do
        curl -fs "http://$ADMIN_LISTEN/readyz" >/dev/null && return
        sleep 0.2
    done
    tail -n 20 "$dir/serve.log" >&2
    return 1
}

# Processor time that process $1 has used, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

"$reelmill" s3 --root "$dir/s3" --listen "${S3_ENDPOINT#http://}" >"$dir/s3.log" 2>&1 &
pids+=("$!")

serve
sleep 10
before=$(ticks "$serve")
sleep 60
after=$(ticks "$serve")
echo "idle serve, all roles, 60 s: $(awk "BEGIN { printf \"%.2f\", 100 * ($after - $before) / $(getconf CLK_TCK) / 60 }") % of a core"
kill "$serve"
wait "$serve" || true

head -c $((mib * 1024 * 1024)) /dev/urandom >"$dir/film"
sum=$(sha256sum "$dir/film" | cut -d' ' -f1)
serve --roles upload
api=http://$LISTEN
upload() {
    local entry token at id
    entry=$(curl -fsS "$api/api/v1/submissions" -H 'content-type: application/json' -d '{"contest":"demo","title":"measure","theme":"digital",
        "entrant":{"name":"m","contact":{"email":"m@example.com"}},"declarations":{"originality":true,"rights":true,"ai_use":"none"}}')
    token=$(jq -r .token <<<"$entry") id=$(jq -r .id <<<"$entry")
    at=$(curl -fsS -D - -o /dev/null -X POST "$api/files" -H 'tus-resumable: 1.0.0' -H "authorization: Bearer $token" \
        -H "upload-length: $((mib * 1024 * 1024))" | tr -d '\r' | awk 'tolower($1) == "location:" { print $2 }')
    curl -fsS -o /dev/null -X PATCH "$api$at" -H 'tus-resumable: 1.0.0' -H "authorization: Bearer $token" -H 'upload-offset: 0' \
        -H 'content-type: application/offset+octet-stream' -T "$dir/film"
    for _ in $(seq 600); do
        got=$(curl -fsS "$api/api/v1/submissions/$id" -H "authorization: Bearer $token" | jq -r '.upload.sha256 // ""')
        [ -z "$got" ] || break
        sleep 0.5
    done
    [ "$got" = "$sum" ] || { echo "an upload has digest '$got', not $sum" >&2; return 1; }
}
began=$(date +%s.%N)
jobs=()
for _ in $(seq "$uploads"); do
    upload &
    jobs+=("$!")
done
for job in "${jobs[@]}"; do wait "$job"; done
took=$(awk "BEGIN { print $(date +%s.%N) - $began }")
echo "$uploads uploads of $mib MiB at once: every digest right, $(awk "BEGIN { printf \"%.0f\", $uploads * $mib / $took }") MiB/s" \
    "until verified, peak memory of the service $(awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$serve/status") MiB"
