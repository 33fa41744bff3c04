#!/usr/bin/env bash
# The neighbours, PostgreSQL and RabbitMQ, privately on one machine: `neighbours.sh start|stop|env|status DIR [postgres] [rabbitmq]`, both by default.
# All files are under DIR: data, logs, sockets, ports, pids and `env`, the addresses as shell assignments.
# They listen at NEIGHBOURS_LISTEN (127.0.0.1 by default): tests that disconnect servers run each in a network namespace of its own.
# POSTGRES_SETTINGS are more arguments of PostgreSQL, such as `-c fsync=off` for data that may be lost in a power cut.
# Needs only Debian's packages; works as root too (PostgreSQL then runs as the user postgres). Touches no system service.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/ports.sh"

usage="usage: neighbours.sh start|stop|env|status DIR [postgres] [rabbitmq]"
command=${1:?$usage}
dir=${2:?$usage}
shift 2
wanted=" ${*:-postgres rabbitmq} "
listen=${NEIGHBOURS_LISTEN:-127.0.0.1}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
rabbit_bin=/usr/lib/rabbitmq/bin

wants() { [[ $wanted == *" $1 "* ]]; }

# PostgreSQL refuses root: run its tools as the user of its package, from a directory that this user may enter.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- env -u HOME "$@")
    else
        "$@"
    fi
}

# The directory of the data, chosen once: under DIR, unless we are root and the user postgres may not enter it (a root-only home).
pg_data() {
    local data
    if [ -f "$dir/pg_data_path" ]; then
        cat "$dir/pg_data_path"
        return
    fi
    if [ "$(id -u)" != 0 ] || as_postgres test -x "$dir"; then
        data=$dir/postgres
        mkdir -p "$data"
    else
        data=$(mktemp -d /var/tmp/reelmill-pg.XXXXXX)
    fi
    [ "$(id -u)" != 0 ] || chown postgres: "$data"
    echo "$data" | tee "$dir/pg_data_path"
}

pg_runs() { as_postgres "$pg_bin/pg_ctl" -D "$1/data" status >/dev/null 2>&1; }

start_postgres() {
    [ -n "$pg_bin" ] || { echo "neighbours.sh: PostgreSQL is not installed (deploy/local/install.sh)" >&2; return 1; }
    local data port
    data=$(pg_data)
    if [ ! -f "$data/data/PG_VERSION" ]; then
        as_postgres "$pg_bin/initdb" -D "$data/data" -U reelmill -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 ||
            { cat "$dir/initdb.log" >&2; return 1; }
        [ "$listen" = 127.0.0.1 ] || echo 'host all all samenet trust' >>"$data/data/pg_hba.conf"
    fi
    if ! pg_runs "$data"; then
        port=$(remembered_port "$dir/pg_port")
        # No Unix socket: its path may have 107 bytes at most, and DIR may be deep.
        as_postgres "$pg_bin/pg_ctl" -D "$data/data" -l "$data/log" -w -t 60 \
            -o "-p $port -c listen_addresses=$listen -c unix_socket_directories= -c max_connections=400 -c shared_buffers=128MB ${POSTGRES_SETTINGS:-}" \
            start >/dev/null || { as_postgres tail -n 20 "$data/log" >&2; return 1; }
    fi
    port=$(cat "$dir/pg_port")
    "$pg_bin/psql" -qAt -h "$listen" -p "$port" -U reelmill -d postgres -c "select 1 from pg_database where datname = 'reelmill'" | grep -q 1 ||
        "$pg_bin/psql" -q -h "$listen" -p "$port" -U reelmill -d postgres -c 'create database reelmill'
}

rabbit_pid() { cat "$dir/rabbitmq.pid" 2>/dev/null || true; }
rabbit_runs() { is_ours "$(rabbit_pid)" "$dir/rabbitmq"; }

# The environment that keeps the server's scripts away from /etc, /var and the machine's own node.
rabbit_env() {
    local port dist epmd
    if ! rabbit_runs; then
        remembered_port "$dir/amqp_port" >/dev/null
        remembered_port "$dir/dist_port" >/dev/null
        port_is_taken "$(cat "$dir/epmd_port" 2>/dev/null || echo 0)" || remembered_port "$dir/epmd_port" >/dev/null
    fi
    port=$(cat "$dir/amqp_port") dist=$(cat "$dir/dist_port") epmd=$(cat "$dir/epmd_port")
    # The node's data carries the node's name, so the name stays when the port changes.
    [ -f "$dir/node_name" ] || echo "reelmill-$port@localhost" >"$dir/node_name"
    mkdir -p "$dir/rabbitmq/mnesia" "$dir/rabbitmq/log"
    [ -f "$dir/rabbitmq/enabled_plugins" ] || echo '[].' >"$dir/rabbitmq/enabled_plugins"
    # Extra broker settings from the owner of this directory, such as a test's short consumer_timeout.
    [ -f "$dir/rabbitmq/extra.conf" ] || : >"$dir/rabbitmq/extra.conf"
    # And settings that rabbitmq.conf does not have, as arguments of Erlang.
    [ -f "$dir/rabbitmq/extra.args" ] || : >"$dir/rabbitmq/extra.args"
    {
        echo "listeners.tcp.default = $listen:$port"
        echo "loopback_users = none"
        echo "log.console = false"
        cat "$dir/rabbitmq/extra.conf"
    } >"$dir/rabbitmq/rabbitmq.conf"
    export RABBITMQ_NODENAME RABBITMQ_NODE_PORT="$port" RABBITMQ_DIST_PORT="$dist" \
        RABBITMQ_MNESIA_BASE="$dir/rabbitmq/mnesia" RABBITMQ_LOG_BASE="$dir/rabbitmq/log" \
        RABBITMQ_PID_FILE="$dir/rabbitmq.pid" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/rabbitmq/enabled_plugins" \
        RABBITMQ_CONFIG_FILE="$dir/rabbitmq/rabbitmq" RABBITMQ_CONF_ENV_FILE=/dev/null \
        HOME="$dir/rabbitmq" ERL_EPMD_PORT="$epmd" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none $(cat "$dir/rabbitmq/extra.args")"
    RABBITMQ_NODENAME=$(cat "$dir/node_name")
}

start_rabbitmq() {
    [ -x "$rabbit_bin/rabbitmq-server" ] || { echo "neighbours.sh: RabbitMQ is not installed (deploy/local/install.sh)" >&2; return 1; }
    rabbit_env
    if ! rabbit_runs; then
        rm -f "$dir/rabbitmq.pid"
        # From its own directory, where it would write a dump.
        (cd "$dir/rabbitmq" && "$rabbit_bin/rabbitmq-server" -detached </dev/null >"$dir/rabbitmq/start.log" 2>&1)
    fi
    if ! { "$rabbit_bin/rabbitmqctl" -q --timeout 90 wait --timeout 90 "$dir/rabbitmq.pid" &&
        "$rabbit_bin/rabbitmqctl" -q await_startup --timeout 90; } </dev/null >>"$dir/rabbitmq/start.log" 2>&1; then
        echo "neighbours.sh: RabbitMQ did not start; the end of its logs:" >&2
        tail -n 20 "$dir/rabbitmq/start.log" "$dir"/rabbitmq/log/*.log >&2 || true
        return 1
    fi
}

write_env() {
    : >"$dir/env"
    ! wants postgres || echo "DATABASE_URL=postgres://reelmill@$listen:$(cat "$dir/pg_port")/reelmill" >>"$dir/env"
    ! wants rabbitmq || echo "AMQP_URL=amqp://guest:guest@$listen:$(cat "$dir/amqp_port")/%2f" >>"$dir/env"
}

stop_postgres() {
    [ -f "$dir/pg_data_path" ] || return 0
    local data
    data=$(pg_data)
    ! pg_runs "$data" || as_postgres "$pg_bin/pg_ctl" -D "$data/data" -m fast -w -t 30 stop >/dev/null
}

stop_rabbitmq() {
    end_ours "$(rabbit_pid)" "$dir/rabbitmq" 20
    # The port mapper is this directory's own, on a port of its own; it refuses while a node is registered.
    [ ! -f "$dir/epmd_port" ] || ERL_EPMD_PORT=$(cat "$dir/epmd_port") epmd -kill >/dev/null 2>&1 || true
}

case $command in
start)
    # Both in parallel: RabbitMQ takes ten seconds, PostgreSQL two.
    pids=()
    if wants postgres; then start_postgres & pids+=($!); fi
    if wants rabbitmq; then start_rabbitmq & pids+=($!); fi
    for pid in "${pids[@]}"; do wait "$pid"; done
    write_env
    cat "$dir/env"
    ;;
stop)
    ! wants postgres || stop_postgres
    ! wants rabbitmq || stop_rabbitmq
    ;;
env) cat "$dir/env" ;;
status)
    ! wants postgres || { [ -f "$dir/pg_data_path" ] && pg_runs "$(pg_data)" && echo "postgres runs"; } || echo "postgres is stopped"
    ! wants rabbitmq || { rabbit_runs && echo "rabbitmq runs"; } || echo "rabbitmq is stopped"
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
