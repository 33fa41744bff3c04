#!/usr/bin/env bash
# A private single-node Garage (an S3 server unlike the embedded one): `garage.sh start|stop|env DIR`.
# Installs it with `cargo install garage` if it is missing (about six minutes). All files are under DIR; `env` has the address.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/ports.sh"

version=2.5.0
command=${1:?usage: garage.sh start|stop|env DIR}
dir=${2:?usage: garage.sh start|stop|env DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

running() { is_ours "$(cat "$dir/pid" 2>/dev/null || true)" "$dir/garage.toml"; }

write_config() {
    local s3 rpc
    s3=$(remembered_port "$dir/s3_port") rpc=$(remembered_port "$dir/rpc_port")
    # Garage requires keys of this form: GK and 24 hex digits, and 64 hex digits.
    [ -f "$dir/key" ] || (umask 077 && echo "GK$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n') $(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" >"$dir/key")
    cat >"$dir/garage.toml" <<TOML
metadata_dir = "$dir/meta"
data_dir = "$dir/data"
db_engine = "lmdb"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:$rpc"
rpc_public_addr = "127.0.0.1:$rpc"
rpc_secret = "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"

[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$s3"
root_domain = ".s3.localhost"
TOML
    chmod 600 "$dir/garage.toml"
    read -r access secret <"$dir/key"
    cat >"$dir/env" <<ENV
S3_ENDPOINT=http://127.0.0.1:$s3
S3_REGION=garage
S3_BUCKET=reelmill
S3_ACCESS_KEY_ID=$access
S3_SECRET_ACCESS_KEY=$secret
ENV
}

start() {
    running && return
    command -v garage >/dev/null || cargo install --locked "garage@$version" >&2
    write_config
    . "$dir/env"
    GARAGE_DEFAULT_BUCKET=$S3_BUCKET GARAGE_DEFAULT_ACCESS_KEY=$S3_ACCESS_KEY_ID GARAGE_DEFAULT_SECRET_KEY=$S3_SECRET_ACCESS_KEY \
        setsid garage -c "$dir/garage.toml" server --single-node --default-bucket </dev/null >"$dir/log" 2>&1 &
    local pid=$!
    echo $pid >"$dir/pid"
    # Not `running` here: until the child has become garage, its command line is still this script's.
    # The key and the bucket exist once the log says so; until then the port may already answer.
    for _ in $(seq 300); do
        if garage -c "$dir/garage.toml" bucket info "$S3_BUCKET" >/dev/null 2>&1; then
            # Each test makes a bucket of its own.
            garage -c "$dir/garage.toml" key allow --create-bucket "$S3_ACCESS_KEY_ID" >/dev/null 2>&1
            return
        fi
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    echo "garage did not start; the end of $dir/log:" >&2
    tail -n 20 "$dir/log" >&2
    return 1
}

case $command in
start) start && cat "$dir/env" ;;
stop) end_ours "$(cat "$dir/pid" 2>/dev/null || true)" "$dir/garage.toml" 10 ;;
env) cat "$dir/env" ;;
*) echo "usage: garage.sh start|stop|env DIR" >&2; exit 2 ;;
esac
