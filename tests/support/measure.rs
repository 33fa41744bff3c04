//! Measures a file from outside, with ffprobe and ffmpeg's own decoders: nothing here is the product's code, and no
//! header is believed where a frame or a sample can be measured.
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The contents of a file.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The first picture stream.
    pub(crate) picture: Picture,
    /// The first sound stream.
    pub(crate) sound: Option<Sound>,
    /// How many streams there are in all.
    pub(crate) streams: usize,
    /// Tags of the file as a whole.
    pub(crate) tags: serde_json::Map<String, Value>,
}

/// A picture stream, every frame decoded.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Such as `h264`.
    pub(crate) codec: String,
    /// Such as `High`.
    pub(crate) profile: String,
    /// Such as `yuv420p`.
    pub(crate) pixel_format: String,
    /// As coded.
    pub(crate) size: (u64, u64),
    /// As written, `1:1` for square pixels.
    pub(crate) pixel_aspect: String,
    /// As declared by the stream, `25/1`.
    pub(crate) frame_rate: String,
    /// Range, matrix, primaries, transfer.
    pub(crate) colour: [String; 4],
    /// Whether a display matrix makes players rotate it.
    pub(crate) turned_by_players: bool,
    /// Such as `progressive`.
    pub(crate) field_order: String,
    /// When each frame is shown, seconds.
    pub(crate) frame_times: Vec<f64>,
    /// When each key frame is shown, seconds.
    pub(crate) key_frame_times: Vec<f64>,
    /// Seconds, last frame included, as declared by the stream.
    pub(crate) duration_s: f64,
}

/// A sound stream.
#[derive(Debug)]
pub(crate) struct Sound {
    /// Such as `aac`.
    pub(crate) codec: String,
    /// Such as `LC`.
    pub(crate) profile: String,
    /// Such as `stereo`.
    pub(crate) layout: String,
    /// Samples a second.
    pub(crate) sample_rate: u64,
    /// When it begins, seconds.
    pub(crate) start_s: f64,
    /// Seconds, as declared by the stream.
    pub(crate) duration_s: f64,
}

/// Measures a file; decodes its picture.
pub(crate) fn measure(file: &Path) -> Measured {
    let shown = json(ffprobe(file, &["-show_format", "-show_streams"]));
    let streams = shown["streams"].as_array().expect("ffprobe lists streams");
    let of_kind = |kind: &str| streams.iter().find(|stream| stream["codec_type"] == kind);
    let picture = of_kind("video").unwrap_or_else(|| panic!("{} has no picture: {shown}", file.display()));
    Measured {
        picture: self::picture(file, picture),
        sound: of_kind("audio").map(sound),
        streams: streams.len(),
        tags: shown["format"]["tags"].as_object().cloned().unwrap_or_default(),
    }
}

fn picture(file: &Path, stream: &Value) -> Picture {
    let frames = ffprobe(file, &["-select_streams", "v:0", "-show_entries", "frame=pts_time,key_frame"]);
    let frames = json(frames);
    let frames = frames["frames"].as_array().expect("ffprobe lists frames");
    let time = |frame: &Value| seconds(&frame["pts_time"]);
    let turned = |data: &Value| data["side_data_type"] == "Display Matrix" && data["rotation"] != 0;
    Picture {
        codec: text(stream, "codec_name"),
        profile: text(stream, "profile"),
        pixel_format: text(stream, "pix_fmt"),
        size: (number(stream, "width"), number(stream, "height")),
        pixel_aspect: text(stream, "sample_aspect_ratio"),
        frame_rate: text(stream, "r_frame_rate"),
        colour: ["color_range", "color_space", "color_primaries", "color_transfer"].map(|key| text(stream, key)),
        turned_by_players: stream["side_data_list"].as_array().is_some_and(|list| list.iter().any(turned)),
        field_order: text(stream, "field_order"),
        frame_times: frames.iter().map(time).collect(),
        key_frame_times: frames.iter().filter(|frame| frame["key_frame"] == 1).map(time).collect(),
        duration_s: seconds(&stream["duration"]),
    }
}

fn sound(stream: &Value) -> Sound {
    Sound {
        codec: text(stream, "codec_name"),
        profile: text(stream, "profile"),
        layout: text(stream, "channel_layout"),
        sample_rate: text(stream, "sample_rate").parse().expect("a sample rate"),
        start_s: seconds(&stream["start_time"]),
        duration_s: seconds(&stream["duration"]),
    }
}

/// Whether the index is before the media, so that players can start at once. Reads the boxes of the top level.
pub(crate) fn is_faststart(file: &Path) -> bool {
    let bytes = std::fs::read(file).expect("read a file");
    let (mut at, mut order) = (0, Vec::new());
    while let Some(header) = bytes.get(at..at + 8) {
        let size = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        order.push(&bytes[at + 4..at + 8]);
        assert!(size >= 8, "a box of {size} bytes in {}", file.display());
        at += size;
    }
    let place = |kind: &[u8]| order.iter().position(|found| *found == kind);
    matches!((place(b"moov"), place(b"mdat")), (Some(moov), Some(mdat)) if moov < mdat)
}

/// Integrated loudness in LUFS and true peak in dBTP, by ffmpeg's meter; silence is −70 LUFS.
pub(crate) fn loudness(file: &Path) -> (f64, f64) {
    let meter = ffmpeg(file, &["-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]);
    let said = String::from_utf8_lossy(&meter.stderr).into_owned();
    let summary = said.rsplit_once("Summary:").unwrap_or_else(|| panic!("no summary of loudness: {said}")).1;
    let value = |key: &str, unit: &str| -> f64 {
        let rest = summary.split_once(key).unwrap_or_else(|| panic!("no {key} in {summary}")).1;
        let text = rest.split_once(unit).unwrap_or_else(|| panic!("no {unit} in {summary}")).0.trim();
        text.parse().unwrap_or(f64::NEG_INFINITY)
    };
    (value("I:", "LUFS"), value("Peak:", "dBFS"))
}

/// Mean brightness of each frame, 0 to 255.
pub(crate) fn brightness(file: &Path) -> Vec<u8> {
    let one_pixel =
        ["-map", "0:v:0", "-vf", "scale=1:1:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"];
    ffmpeg(file, &one_pixel).stdout
}

/// Luma of a part of the picture between two flashes, half a second in: 16 is black, 235 white. `part` is a filter and a comma.
pub(crate) fn luma(file: &Path, part: &str) -> u8 {
    let graph = format!("{part}format=yuv420p,scale=2:2:flags=area");
    let one =
        ["-map", "0:v:0", "-ss", "0.8", "-frames:v", "1", "-vf", &graph, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"];
    *ffmpeg(file, &one).stdout.first().expect("a pixel")
}

/// When the picture changes from dark to bright, seconds.
pub(crate) fn flashes(file: &Path, times: &[f64]) -> Vec<f64> {
    let bright = brightness(file);
    assert_eq!(bright.len(), times.len(), "as many frames as times of frames in {}", file.display());
    let mut before = false;
    let mut onsets = Vec::new();
    for (bright, time) in bright.iter().zip(times) {
        let now = *bright > 100;
        if now && !before {
            onsets.push(*time);
        }
        before = now;
    }
    onsets
}

/// When a sound begins after quiet of at least a fifth of a second, seconds on the file's own timeline.
pub(crate) fn beeps(file: &Path) -> Vec<f64> {
    let [left, _] = stereo(file);
    let peak = left.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let (mut quiet, mut onsets) = (usize::MAX / 2, Vec::new());
    for (index, sample) in left.iter().enumerate() {
        if sample.abs() < peak * 0.25 {
            quiet += 1;
            continue;
        }
        if quiet > RATE / 5 {
            onsets.push(index as f64 / RATE as f64);
        }
        quiet = 0;
    }
    onsets
}

const RATE: usize = 48_000;

/// Both channels of the sound from time 0 of the file, 48,000 samples a second.
pub(crate) fn stereo(file: &Path) -> [Vec<f32>; 2] {
    // Time before the first sample is filled with silence, so that an index is a time.
    let raw = ["-map", "0:a:0", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "2", "-f", "f32le", "-"];
    let bytes = ffmpeg(file, &raw).stdout;
    let samples: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
}

/// How strong a tone is in samples of 48 kHz: its amplitude, by Goertzel's algorithm.
pub(crate) fn tone(samples: &[f32], hertz: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * hertz / RATE as f64).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + turn * last - before;
        (before, last) = (last, next);
    }
    let power = last * last + before * before - turn * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len().max(1) as f64
}

/// Similarity of two pictures over their whole length, in dB (PSNR of red, green and blue together); `reference` is
/// scaled and rotated as players do. Infinite if equal.
pub(crate) fn likeness(file: &Path, reference: &Path, frame_rate: &str, (width, height): (u64, u64)) -> f64 {
    // Compared in RGB, so that the same colour coded with another matrix counts as equal.
    let graph = format!(
        "[1:v:0]scale={width}:{height}:flags=bicubic,setsar=1,fps={frame_rate},format=gbrp[r];[0:v:0]format=gbrp[o];[o][r]psnr=shortest=1"
    );
    let reference = reference.to_str().expect("a path of plain text");
    let said = ffmpeg(file, &["-i", reference, "-lavfi", &graph, "-f", "null", "-"]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let (_, rest) = said.rsplit_once("average:").unwrap_or_else(|| panic!("no average in {said}"));
    rest.split_whitespace().next().expect("a number").parse().expect("a number of decibels, or inf")
}

fn ffprobe(file: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json"]).args(args).arg(file);
    let output = command.output().expect("ffprobe is not installed (deploy/local/install.sh)");
    assert!(output.status.success(), "ffprobe {}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    output
}

fn ffmpeg(file: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-nostats", "-i"]).arg(file).args(args);
    let output = command.output().expect("ffmpeg is not installed (deploy/local/install.sh)");
    assert!(output.status.success(), "ffmpeg {}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    output
}

fn json(output: std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON of ffprobe")
}

fn text(stream: &Value, key: &str) -> String {
    stream[key].as_str().unwrap_or("").to_owned()
}

fn number(stream: &Value, key: &str) -> u64 {
    stream[key].as_u64().unwrap_or_else(|| panic!("no {key} in {stream}"))
}

fn seconds(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}
