#!/usr/bin/env bash
# A partner's SFTP server on this machine: `sshd.sh start|stop|env DIR` runs openssh's own sshd on a loopback port, with its own keys.
# All files are under DIR: keys, configuration, log, pid, `drop/` (what the partner sees) and `env`, the addresses as shell assignments
# named as after PARTNER_<ID>_. Only the user who starts it, root or not, may log in, and only for files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/ports.sh"

usage="usage: sshd.sh start|stop|env DIR"
command=${1:?$usage}
dir=${2:?$usage}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
sshd=$(command -v sshd || echo /usr/sbin/sshd)

pid() { cat "$dir/sshd.pid" 2>/dev/null || true; }
runs() { is_ours "$(pid)" "$dir/sshd_config"; }

make_keys() {
    local name
    for name in host_key user_key; do
        [ -f "$dir/$name" ] || ssh-keygen -q -t ed25519 -N '' -C reelmill -f "$dir/$name"
    done
}

configure() {
    local port=$1 pam=no
    # Debian's containers lock root's password, which sshd without PAM takes for a locked account.
    if [ "$(id -u)" = 0 ] && grep -q '^root:!' /etc/shadow 2>/dev/null; then pam=yes; fi
    cat >"$dir/sshd_config" <<CONFIG
ListenAddress 127.0.0.1
Port $port
PidFile $dir/sshd.pid
HostKey $dir/host_key
AuthorizedKeysFile $dir/authorized_keys
AllowUsers $(id -un)
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM $pam
StrictModes no
PerSourcePenalties no
MaxStartups 100
MaxSessions 100
AllowTcpForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTTY no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
CONFIG
    # Newer versions penalise an address with many failures, which all clients share here; older ones do not have the option.
    "$sshd" -t -f "$dir/sshd_config" 2>/dev/null || sed -i '/^PerSourcePenalties/d' "$dir/sshd_config"
    "$sshd" -t -f "$dir/sshd_config"
}

start() {
    [ -x "$sshd" ] || { echo "sshd.sh: openssh-server is not installed (deploy/local/install.sh)" >&2; return 1; }
    mkdir -p "$dir/drop"
    make_keys
    cp "$dir/user_key.pub" "$dir/authorized_keys"
    # The privilege separation directory of root's sshd; a package that never started its server did not create it.
    [ "$(id -u)" != 0 ] || mkdir -p -m 755 /run/sshd
    if ! runs; then
        rm -f "$dir/sshd.pid"
        local port
        port=$(remembered_port "$dir/port")
        configure "$port"
        # By its absolute path, as sshd requires, and in a session of its own: Ctrl-C is for the caller.
        setsid "$sshd" -D -e -f "$dir/sshd_config" </dev/null >/dev/null 2>>"$dir/sshd.log" &
        for _ in $(seq 100); do
            ! { runs && port_is_taken "$port"; } || break
            sleep 0.1
        done
        if ! runs; then
            echo "sshd.sh: sshd did not start; the end of its log:" >&2
            tail -n 20 "$dir/sshd.log" >&2
            return 1
        fi
    fi
    cat >"$dir/env" <<ENV
SFTP_HOST=127.0.0.1
SFTP_PORT=$(cat "$dir/port")
SFTP_USER=$(id -un)
SFTP_KEY_FILE=$dir/user_key
SFTP_HOST_KEY='$(cut -d ' ' -f 1,2 "$dir/host_key.pub")'
SFTP_DIR=$dir/drop
ENV
    cat "$dir/env"
}

# Ends the listener, and the sessions that it left: each is a child with a session of its own.
stop() {
    local parent children
    parent=$(pid)
    is_ours "$parent" "$dir/sshd_config" || return 0
    children=$(pgrep -P "$parent" || true)
    end_ours "$parent" "$dir/sshd_config" 5
    for child in $children; do kill "$child" 2>/dev/null || true; done
}

case $command in
start) start ;;
stop) stop ;;
env) cat "$dir/env" ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
