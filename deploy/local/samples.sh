#!/usr/bin/env bash
# Makes the four sample entries in DIR with ffmpeg: `samples.sh DIR`. Two keep the demo contest's rules and two do not.
# The footage is easy to encode (a background that stands still, one moving square, soft tones, 15 frames a second), so that a small
# machine finishes soon. Each has its own background, motion and tones: the contest compares entries.
set -euo pipefail
dir=${1:?usage: samples.sh DIR}
mkdir -p "$dir"

ff() { ffmpeg -hide_banner -nostdin -y -loglevel error "$@"; }

# $1 file, $2 seconds, $3 width, $4 height, $5 number of the film: H.264 and AAC in mp4, 15 frames a second.
make_video() {
    local tone=$((150 + 70 * $5)) second=$((500 + 130 * $5))
    ff -f lavfi -i "gradients=size=480x270:rate=15:duration=0.1:nb_colors=4:seed=$((7 * $5)),format=yuv420p,scale=$3:$4:flags=bilinear,loop=loop=-1:size=1,setpts=N/15/TB,trim=duration=$2,drawbox=x='mod(t*$((60 + 37 * $5)),iw-200)':y='(ih-200)*(0.5+0.4*sin(t*$5+$5))':w=200:h=200:color=white@0.9:t=fill" \
        -f lavfi -i "aevalsrc='0.12*sin(2*PI*($tone+40*sin(t/(2+$5)))*t)+0.06*sin(2*PI*$second*t)*abs(sin((1+$5)*t))|0.12*sin(2*PI*($tone+40*sin(t/(2+$5)))*t)+0.06*sin(2*PI*($second+220)*t)*abs(cos((1+$5)*t))':s=48000:d=$2" \
        -c:v libx264 -preset veryfast -crf 20 -g 30 -pix_fmt yuv420p -c:a aac -b:a 160k -movflags +faststart "$1.part.mp4"
    mv "$1.part.mp4" "$1"
}

# $1 from, $2 to: the same bytes with a display matrix "rotate by 90 degrees", as a phone held upright writes it.
turn_upright() {
    # ffmpeg 6 and later take the matrix as an option of the input; 5 reads it from a tag.
    ff -display_rotation 90 -i "$1" -c copy -movflags +faststart "$2.part.mp4" 2>/dev/null ||
        ff -i "$1" -c copy -metadata:s:v:0 rotate=90 -movflags +faststart "$2.part.mp4"
    mv "$2.part.mp4" "$2"
}

[ -f "$dir/landscape.mp4" ] || make_video "$dir/landscape.mp4" 61 1920 1080 1
if [ ! -f "$dir/portrait.mp4" ]; then
    make_video "$dir/lying.mp4" 61 1920 1080 2
    turn_upright "$dir/lying.mp4" "$dir/portrait.mp4"
    rm "$dir/lying.mp4"
fi
[ -f "$dir/low.mp4" ] || make_video "$dir/low.mp4" 61 1280 720 3
[ -f "$dir/short.mp4" ] || make_video "$dir/short.mp4" 20 1920 1080 4
