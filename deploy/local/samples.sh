#!/usr/bin/env bash
# Makes the four sample entries in DIR with ffmpeg: `samples.sh DIR`. Two keep the demo contest's rules and two do not.
# The footage is easy to encode (slow gradients, one moving square, soft tones), so that a small machine is done soon.
set -euo pipefail
dir=${1:?usage: samples.sh DIR}
mkdir -p "$dir"

ff() { ffmpeg -hide_banner -nostdin -y -loglevel error "$@"; }

# $1 file, $2 seconds, $3 width, $4 height: H.264 and AAC in mp4, 24 frames a second.
make_video() {
    ff -f lavfi -i "gradients=size=480x270:rate=24:duration=$2:speed=0.015:nb_colors=4:seed=7,format=yuv420p,scale=$3:$4:flags=bilinear,drawbox=x='mod(t*97,iw-200)':y='(ih-200)*(0.5+0.4*sin(t))':w=200:h=200:color=white@0.9:t=fill" \
        -f lavfi -i "aevalsrc='0.12*sin(2*PI*(220+40*sin(t/3))*t)+0.06*sin(2*PI*660*t)*abs(sin(2*t))|0.12*sin(2*PI*(220+40*sin(t/3))*t)+0.06*sin(2*PI*880*t)*abs(cos(2*t))':s=48000:d=$2" \
        -c:v libx264 -preset veryfast -crf 20 -g 48 -pix_fmt yuv420p -c:a aac -b:a 160k -movflags +faststart "$1.part.mp4"
    mv "$1.part.mp4" "$1"
}

# $1 from, $2 to: the same bytes with a display matrix that says "turn by 90 degrees", as a phone held upright writes it.
turn_upright() {
    # ffmpeg 6 and later take the matrix as an option of the input; 5 reads it from a tag.
    ff -display_rotation 90 -i "$1" -c copy -movflags +faststart "$2.part.mp4" 2>/dev/null ||
        ff -i "$1" -c copy -metadata:s:v:0 rotate=90 -movflags +faststart "$2.part.mp4"
    mv "$2.part.mp4" "$2"
}

[ -f "$dir/landscape.mp4" ] || make_video "$dir/landscape.mp4" 61 1920 1080
[ -f "$dir/portrait.mp4" ] || turn_upright "$dir/landscape.mp4" "$dir/portrait.mp4"
[ -f "$dir/low.mp4" ] || make_video "$dir/low.mp4" 61 1280 720
if [ ! -f "$dir/short.mp4" ]; then
    ff -i "$dir/landscape.mp4" -t 20 -c copy -movflags +faststart "$dir/short.part.mp4"
    mv "$dir/short.part.mp4" "$dir/short.mp4"
fi
