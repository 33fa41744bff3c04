# Sourced by the scripts beside it: unused ports, remembered in a file so that addresses survive a restart.

# Prints a port without a listener, below those that the kernel assigns to outgoing connections, so that no connection of another
# process takes it while a server restarts.
free_port() {
    local end port
    read -r end _ </proc/sys/net/ipv4/ip_local_port_range || end=32768
    [ "$end" -gt 12000 ] || end=32768
    while port=$((10000 + (RANDOM << 15 | RANDOM) % (end - 10000))) && port_is_taken "$port"; do :; done
    echo "$port"
}

# Whether a process listens on port $1 of this machine, or of the address that neighbours.sh was given.
port_is_taken() {
    (exec 3<>"/dev/tcp/${NEIGHBOURS_LISTEN:-127.0.0.1}/$1") 2>/dev/null
}

# Prints the port remembered in file $1; if it is taken or missing, a new one is chosen, $2 first if that is free.
remembered_port() {
    local file=$1 wish=${2:-} port
    port=$(cat "$file" 2>/dev/null || true)
    [ -n "$port" ] || port=$wish
    if [ -z "$port" ] || port_is_taken "$port"; then port=$(free_port); fi
    echo "$port" >"$file"
    echo "$port"
}

# Whether process $1 lives and its command line contains $2. A pid alone may belong to another process after a restart.
is_ours() {
    [ -n "${1:-}" ] && [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2"
}

# Ends process $1 if its command line contains $2: with SIGTERM, and after $3 seconds with SIGKILL.
end_ours() {
    is_ours "$1" "$2" || return 0
    kill "$1" 2>/dev/null || return 0
    for _ in $(seq "$(($3 * 10))"); do
        is_ours "$1" "$2" || return 0
        sleep 0.1
    done
    kill -9 "$1" 2>/dev/null || true
}
