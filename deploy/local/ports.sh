# Sourced by the scripts beside it: ports that nobody else uses, remembered in a file so that addresses survive a restart.

# Prints a port of 127.0.0.1 that nobody listens on now.
free_port() {
    if command -v python3 >/dev/null; then
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
    else
        perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
    fi
}

# Whether somebody listens on port $1 of this machine, or of the address that neighbours.sh was given.
port_is_taken() {
    (exec 3<>"/dev/tcp/${NEIGHBOURS_LISTEN:-127.0.0.1}/$1") 2>/dev/null
}

# Prints the port remembered in file $1; one that is taken or was never chosen is chosen anew, $2 first if that is free.
remembered_port() {
    local file=$1 wish=${2:-} port
    port=$(cat "$file" 2>/dev/null || true)
    [ -n "$port" ] || port=$wish
    if [ -z "$port" ] || port_is_taken "$port"; then port=$(free_port); fi
    echo "$port" >"$file"
    echo "$port"
}

# Whether process $1 lives and its command line contains $2. A pid alone may belong to somebody else after a restart.
is_ours() {
    [ -n "${1:-}" ] && [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2"
}

# Ends process $1 if its command line contains $2: politely, and after $3 seconds by force.
end_ours() {
    is_ours "$1" "$2" || return 0
    kill "$1" 2>/dev/null || return 0
    for _ in $(seq "$(($3 * 10))"); do
        is_ours "$1" "$2" || return 0
        sleep 0.1
    done
    kill -9 "$1" 2>/dev/null || true
}
