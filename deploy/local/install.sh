#!/usr/bin/env bash
# Installs what `make run` and `make test` need and this machine lacks, by apt if that is permitted; else prints the command
# to run and fails. Starts no system service: PostgreSQL and RabbitMQ run privately, see neighbours.sh.
set -euo pipefail

packages=(
    build-essential pkg-config mold libclang-dev # the build; libclang reads ffmpeg's headers
    libavcodec-dev libavfilter-dev libavformat-dev libavutil-dev libswresample-dev libswscale-dev
    ffmpeg                      # makes the sample videos; the pipeline itself uses the libraries
    postgresql rabbitmq-server
    openssh-server              # a partner's SFTP server, run privately, see sshd.sh
    curl ca-certificates jq python3 util-linux procps
    "$@" # what else the caller needs
)

if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    export PATH="$HOME/.cargo/bin:$PATH"
fi
if ! command -v cargo >/dev/null; then
    echo "Rust is missing. Install it (https://rustup.rs), then try again:" >&2
    echo "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"\$HOME/.cargo/env\"" >&2
    exit 1
fi

if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian or Ubuntu: cannot check for these packages or their like: ${packages[*]}" >&2
    exit 0
fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

apt="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    echo "These packages are missing. Type this, then try again:" >&2
    echo "  sudo apt-get update && sudo $apt" >&2
    exit 1
fi

echo "installing: ${missing[*]}" >&2
# Debian starts a server once its package is there, unless policy-rc.d says no (101). Ours are private, so policy-rc.d forbids it for now.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $apt </dev/null >&2
