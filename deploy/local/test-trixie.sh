#!/usr/bin/env bash
# `make test-trixie`: builds and tests on Debian trixie, whose FFmpeg 7.1, PostgreSQL 17 and RabbitMQ 4 are those of the image: the tests
# of `media` (with the field cases, which are kinds of files that users of other systems reported) and of `transcode`, those of the desk and
# of the public pages on these servers, what `docker compose config` makes of the compose file, then the whole demo (`make run ONCE=1`).
# Not part of CI: the build starts from scratch and takes long.
# Arguments choose steps: `prepare` (the root and its packages), `servers` (start both, show versions, stop), `compose`, `tests`, `pages`,
# `demo`; all by default, in this order. Needs root and debootstrap. The root is kept in .local/trixie; `rm -rf .local/trixie` removes all of it.
#
# Everything runs in a mount and a process namespace of its own. The kernel removes the mounts and ends the servers when the script
# ends, even after kill -9, so this machine's Rust toolchain is never visible outside below .local/trixie, which `make clean` deletes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD/.local/trixie
state=$PWD/.local/trixie-state
mirror=${MIRROR:-http://deb.debian.org/debian}
steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(prepare servers compose tests pages demo)

say() { printf '\n── trixie: %s\n' "$*"; }

if [ "${TRIXIE_INSIDE:-}" != 1 ]; then
    [ "$(id -u)" = 0 ] || { echo "test-trixie.sh: only root can change the root directory" >&2; exit 1; }
    deploy/local/install.sh debootstrap debian-archive-keyring
    # Footage and scripts are fetched outside: the settings of pip and npm are the caller's. 3 means that no registry can be reached.
    mkdir -p "$state"
    . deploy/local/steps.sh
    fetch_scripts
    deploy/local/footage.sh "$state/footage" >/dev/null || [ $? = 3 ]
    TRIXIE_INSIDE=1 exec unshare --mount --propagation private --pid --fork --kill-child "${BASH_SOURCE[0]}" "${steps[@]}"
fi

# Debian's base system, complete or absent.
make_root() {
    [ ! -e "$root/etc/debian_version" ] || return 0
    rm -rf "$root" "$root.part"
    mkdir -p "$root.part"
    debootstrap --variant=minbase --include=ca-certificates trixie "$root.part" "$mirror"
    # No package may start a server: ours are private.
    printf '#!/bin/sh\nexit 101\n' >"$root.part/usr/sbin/policy-rc.d"
    chmod 755 "$root.part/usr/sbin/policy-rc.d"
    # RabbitMQ's node is on this name.
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(hostname)" >"$root.part/etc/hosts"
    mv "$root.part" "$root"
}

# The system's own places, this tree at /src with a .local of its own (servers of another version wrote the one outside), and this
# machine's Rust.
mount_all() {
    local cargo=${CARGO_HOME:-$HOME/.cargo} rustup=${RUSTUP_HOME:-$HOME/.rustup}
    mkdir -p "$root/src" "$root/cargo" "$root/rustup" "$root/target" "$state"
    mount -t proc proc "$root/proc"
    mount --rbind --make-rslave /sys "$root/sys"
    mount --rbind --make-rslave /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount --bind "$PWD" "$root/src"
    mount --bind "$state" "$root/src/.local"
    mount --bind "$cargo" "$root/cargo"
    mount --bind -o ro "$rustup" "$root/rustup"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}

# Runs a command in the root, in this tree, with only these variables in its environment.
inside() {
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        CARGO_HOME=/cargo RUSTUP_HOME=/rustup CARGO_TARGET_DIR=/target SQLX_OFFLINE=true ${CARGO_BUILD_JOBS:+CARGO_BUILD_JOBS="$CARGO_BUILD_JOBS"} \
        sh -c 'cd /src && exec "$@"' sh "$@"
}

prepare() {
    say "packages"
    inside deploy/local/install.sh
    versions
}

# The system's versions; wrong ones are a failure, since they would prove nothing about the image.
versions() {
    local ffmpeg postgres rabbitmq
    ffmpeg=$(inside ffmpeg -version | head -n 1)
    postgres=$(inside sh -c '/usr/lib/postgresql/*/bin/postgres --version')
    rabbitmq=$(inside dpkg-query -W -f '${Version}' rabbitmq-server)
    printf '%s\n%s\nRabbitMQ %s\n%s\n' "$ffmpeg" "$postgres" "$rabbitmq" "$(inside cargo --version)"
    [[ $ffmpeg == "ffmpeg version 7.1"* && $postgres == *" 17."* && $rabbitmq == 4.* ]] ||
        { echo "test-trixie.sh: these are not the versions of the image" >&2; return 1; }
}

servers() {
    say "PostgreSQL and RabbitMQ start, answer and stop"
    inside deploy/local/neighbours.sh start .local/servers-alone
    inside sh -c '. .local/servers-alone/env && psql -qAt "$DATABASE_URL" -c "show server_version"'
    inside deploy/local/neighbours.sh status .local/servers-alone
    inside deploy/local/neighbours.sh stop .local/servers-alone
}

tests() {
    say "tests of media, with the field cases, and of transcode"
    local runner=(cargo test --no-fail-fast) filter=(-p media -p transcode) footage=()
    # The caller's runner is a static program or one for an older libc; without it Cargo's own is slower.
    if command -v cargo-nextest >/dev/null; then
        install -m 755 "$(command -v cargo-nextest)" "$root/usr/local/bin/cargo-nextest"
        # The workspace's features, and no more test programs than those with these tests.
        runner=(cargo nextest run) filter=(--workspace --lib --test it -E "package(media) or package(transcode)")
    fi
    if [ -e "$state/footage/bikes.mp4" ]; then
        footage=(TEST_FOOTAGE=/src/.local/footage)
    else
        echo "SKIPPED: no real footage could be fetched" >&2
    fi
    inside env "${footage[@]}" "${runner[@]}" --release --locked "${filter[@]}"
}

# Their tests in a browser are left to `make test`.
pages() {
    say "tests of the desk, of its pages and of the public ones"
    inside deploy/local/neighbours.sh start .local/pages
    inside bash -c 'while IFS== read -r name value; do export "TEST_$name=$value"; done <.local/pages/env; exec "$@"' pages \
        cargo nextest run --release --locked --workspace --tests -E 'package(desk) or binary(upload-it)'
    inside deploy/local/neighbours.sh stop .local/pages
}

# Compose 2, as used with the image; Debian 12 does not have it.
compose() {
    say "the compose file, as docker compose reads it"
    inside deploy/local/install.sh docker-compose
    inside sh -c 'rm -rf /tmp/compose && cp -r deploy /tmp/compose && /tmp/compose/secrets.sh >/dev/null && docker-compose -f /tmp/compose/compose.yaml config --quiet'
}

demo() {
    say "the demo"
    inside make run ONCE=1
}

say "the root in $root"
make_root
mount_all
for step in "${steps[@]}"; do
    case $step in
    prepare | servers | compose | tests | pages | demo) "$step" ;;
    *) echo "test-trixie.sh: no step $step" >&2; exit 2 ;;
    esac
done
say "done: ${steps[*]}"
