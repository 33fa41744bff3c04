//! Entries of known content: at 0.4 s of each second the picture flashes white for a tenth of a second, and a tone
//! beeps at the same instant. Between the flashes a dim test picture moves, so that a rotated, cropped or repeated
//! frame is detected.
use std::path::{Path, PathBuf};

use crate::support::clips::ffmpeg;

/// Where the flash and the beep begin in each second. On the grid of 25, 30, 50 and 60 frames a second alike.
pub(super) const ONSET_S: f64 = 0.4;

/// A tenth of a millisecond early, so that rounding cannot move the flash by a frame.
const NOW: &str = "lt(mod(t+0.6001\\,1)\\,0.1)";

/// The AI label that some of these clips carry, as GB 45438-2025 defines it.
pub(super) const AI_LABEL: &str = r#"{"Label":"1","ContentProducer":"测试厂","ProduceID":"p-1","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}"#;

/// How an entry differs from the default, which keeps every rule.
pub(super) struct Footage {
    pub(super) name: &'static str,
    pub(super) size: (u32, u32),
    /// Frames a second.
    pub(super) rate: u32,
    pub(super) seconds: u32,
    /// Further filters after the picture's.
    pub(super) picture: &'static str,
    /// The codec of the picture and its options.
    pub(super) video_codec: &'static [&'static str],
    /// Expressions of `aevalsrc`, a channel each, and their layout; `None` is an entry without sound.
    pub(super) sound: Option<(&'static [&'static str], &'static str)>,
    /// Samples a second.
    pub(super) sample_rate: u32,
    /// More options before the output file.
    pub(super) options: &'static [&'static str],
    /// Suffix of the file's name.
    pub(super) suffix: &'static str,
}

pub(super) const H264: &[&str] =
    &["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p", "-g", "50"];

/// A beep of 1 kHz.
pub(super) const BEEP: &str = "0.5*sin(2*PI*1000*t)*NOW";

impl Default for Footage {
    fn default() -> Self {
        Self {
            name: "landscape",
            size: (320, 180),
            rate: 25,
            seconds: 3,
            picture: "null",
            video_codec: H264,
            sound: Some((&[BEEP, BEEP], "stereo")),
            sample_rate: 48_000,
            options: &[],
            suffix: "mp4",
        }
    }
}

impl Footage {
    /// Makes the file in `dir`.
    pub(super) fn make(&self, dir: &Path) -> PathBuf {
        let Self { size: (width, height), rate, seconds, picture, .. } = self;
        let source = format!(
            "testsrc2=size={width}x{height}:rate={rate}:duration={seconds},\
             colorlevels=romax=0.3:gomax=0.3:bomax=0.3,format=yuv420p,\
             drawbox=color=white:t=fill:enable='{NOW}',{picture}"
        );
        let mut args = vec!["-f", "lavfi", "-i", &source];
        let expressions;
        if let Some((channels, layout)) = self.sound {
            let channels = channels.join("|").replace("NOW", NOW);
            expressions = format!("aevalsrc='{channels}':s={}:d={seconds}:c={layout}", self.sample_rate);
            args.extend(["-f", "lavfi", "-i", &expressions, "-c:a", "aac", "-b:a", "160k"]);
        }
        args.extend(self.video_codec);
        // All colour properties are set; guessing them is tested elsewhere.
        if !self.video_codec.contains(&"-color_trc") {
            args.extend(["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]);
        }
        args.extend(self.options);
        let file = dir.join(format!("{}.{}", self.name, self.suffix));
        ffmpeg(args.iter(), &file);
        file
    }
}

/// The same file with a display matrix "rotate by 90 degrees clockwise", as a phone held upright writes it.
pub(super) fn turned(file: &Path) -> PathBuf {
    let to = file.with_file_name("turned.mp4");
    let from = file.to_str().expect("a path of plain text");
    // ffmpeg 5 reads the matrix from this tag; later ones have an option for it.
    let by_tag = ["-i", from, "-c", "copy", "-metadata:s:v:0", "rotate=90"];
    let by_option = ["-display_rotation", "-90", "-i", from, "-c", "copy"];
    let version = std::process::Command::new("ffmpeg").arg("-version").output().expect("ffmpeg").stdout;
    let version = String::from_utf8_lossy(&version).into_owned();
    if version.starts_with("ffmpeg version 5") || version.starts_with("ffmpeg version 4") {
        ffmpeg(by_tag.iter(), &to);
    } else {
        ffmpeg(by_option.iter(), &to);
    }
    to
}

/// The picture of `file` with a sound that begins a quarter of a second later than it, at 44.1 kHz; the beeps stay
/// where they were.
pub(super) fn with_late_sound(file: &Path) -> PathBuf {
    let to = file.with_file_name("late-sound.mp4");
    let from = file.to_str().expect("a path of plain text");
    let now = NOW.replace("t+", "t+0.25+");
    let beep = format!("aevalsrc='0.5*sin(2*PI*1000*(t+0.25))*{now}':s=44100:d=2.75");
    let args = ["-i", from, "-itsoffset", "0.25", "-f", "lavfi", "-i", &beep];
    ffmpeg(args.iter().chain(&["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", "160k"]), &to);
    to
}

/// The sound of `file` with a picture that begins a fifth of a second later than it.
pub(super) fn with_late_picture(file: &Path) -> PathBuf {
    let to = file.with_file_name("late-picture.mp4");
    let from = file.to_str().expect("a path of plain text");
    ffmpeg(["-itsoffset", "0.2", "-i", from, "-i", from, "-map", "0:v", "-map", "1:a", "-c", "copy"].iter(), &to);
    to
}
