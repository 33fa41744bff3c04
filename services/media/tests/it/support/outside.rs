//! What ffmpeg's own programs make and measure: sources that synth does not make, and a look from outside at what came out.
#![allow(clippy::unwrap_used, unreachable_pub, dead_code)] // a part of several test programs, none of which uses all of it
use std::path::Path;
use std::process::{Command, Output};

/// Runs ffmpeg with `args`, words separated by spaces, into `file`. `%20` in a word becomes a space.
pub fn ffmpeg(args: &str, file: &Path) {
    let words = args.split_whitespace().map(|word| word.replace("%20", " "));
    let made = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-y", "-loglevel", "error"])
        .args(words)
        .arg(file)
        .output()
        .expect("ffmpeg is not installed (deploy/local/install.sh)");
    assert!(made.status.success(), "ffmpeg {args}: {}", String::from_utf8_lossy(&made.stderr));
}

/// The first number of ffmpeg's version.
pub fn major_version() -> u32 {
    let said = String::from_utf8(Command::new("ffmpeg").arg("-version").output().unwrap().stdout).unwrap();
    let version = said.strip_prefix("ffmpeg version ").unwrap();
    version.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

fn read(file: &Path, args: &str) -> Output {
    let words = args.split_whitespace();
    let output =
        Command::new("ffmpeg").args(["-hide_banner", "-nostdin", "-i"]).arg(file).args(words).output().unwrap();
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    output
}

/// Frames that ffmpeg decodes and shows, none doubled and none dropped for a constant rate.
pub fn frames(file: &Path) -> u64 {
    let raw = read(file, "-map 0:v:0 -fps_mode passthrough -vf scale=2:2,format=gray -f rawvideo -").stdout;
    raw.len() as u64 / 4
}

/// Bytes and MD5 of each picture packet, in the order of decoding.
pub fn packets(file: &Path) -> Vec<(u64, String)> {
    let asked = "-v error -select_streams v:0 -show_packets -show_data_hash md5 -show_entries packet=size,data_hash -of csv=p=0";
    let packet = |line: &str| line.split_once(',').map(|(bytes, hash)| (bytes.parse().unwrap(), hash.to_owned()));
    probed(asked, file).lines().filter_map(packet).collect()
}

/// Whether each picture packet is marked as a key frame, in the order of decoding.
pub fn key_marks(file: &Path) -> Vec<bool> {
    let asked = "-v error -select_streams v:0 -show_entries packet=flags -of csv=p=0";
    probed(asked, file).lines().map(|flags| flags.starts_with('K')).collect()
}

/// What ffprobe prints of a file, asked by words separated by spaces.
fn probed(asked: &str, file: &Path) -> String {
    let output = Command::new("ffprobe").args(asked.split_whitespace()).arg(file).output().unwrap();
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Mean brightness of each frame's middle, 8 bits.
pub fn brightness(file: &Path) -> Vec<u8> {
    read(file, "-map 0:v:0 -fps_mode passthrough -vf crop=iw/2:ih/2,scale=1:1:flags=area,format=gray -f rawvideo -")
        .stdout
}

/// Both channels from the file's time 0 on at 48 kHz; what lies before the first sample is silence.
pub fn stereo(file: &Path) -> [Vec<f32>; 2] {
    let raw = read(file, "-map 0:a:0 -af aresample=48000:async=1:first_pts=0 -ac 2 -f f32le -").stdout;
    let samples: Vec<f32> =
        raw.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
}

/// Where beeps begin, seconds.
pub fn beeps(file: &Path) -> Vec<f64> {
    let [left, _] = stereo(file);
    let peak = left.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let (mut quiet, mut onsets) = (usize::MAX / 2, Vec::new());
    for (index, sample) in left.iter().enumerate() {
        if sample.abs() < peak * 0.25 {
            quiet += 1;
            continue;
        }
        if quiet > 4800 {
            onsets.push(index as f64 / 48_000.0);
        }
        quiet = 0;
    }
    onsets
}

/// Where flashes begin, seconds, in a file of constant rate.
pub fn flashes(file: &Path, rate: f64) -> Vec<f64> {
    let bright: Vec<bool> = brightness(file).iter().map(|level| *level > 150).collect();
    let begins = |index: &usize| bright[*index] && (*index == 0 || !bright[*index - 1]);
    (0..bright.len()).filter(begins).map(|index| index as f64 / rate).collect()
}

/// Integrated loudness in LUFS and true peak in dBTP by ffmpeg's meter; it says −70 LUFS of silence.
pub fn loudness(file: &Path) -> (f64, f64) {
    let meter = read(file, "-map 0:a:0 -af ebur128=peak=true -f null -");
    let said = String::from_utf8_lossy(&meter.stderr).into_owned();
    let summary = said.rsplit_once("Summary:").unwrap().1;
    let value = |key: &str, unit: &str| -> f64 {
        let rest = summary.split_once(key).unwrap().1;
        rest.split_once(unit).unwrap().0.trim().parse().unwrap_or(f64::NEG_INFINITY)
    };
    (value("I:", "LUFS"), value("Peak:", "dBFS"))
}

/// Amplitude of a tone in samples of 48 kHz.
pub fn tone(samples: &[f32], hertz: f64) -> f64 {
    let (mut real, mut imaginary, mut weight) = (0.0, 0.0, 0.0);
    for (index, sample) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * index as f64 / 48_000.0;
        // A Hann window, so that a tone is not seen where another one is.
        let window = (std::f64::consts::PI * index as f64 / samples.len() as f64).sin().powi(2);
        real += f64::from(*sample) * window * angle.cos();
        imaginary += f64::from(*sample) * window * angle.sin();
        weight += window;
    }
    2.0 * real.hypot(imaginary) / weight.max(1.0)
}

/// The three planes of one frame as stored, 8-bit 4:2:0: brightness and the two colours.
pub fn planes(file: &Path, frame: u64, (width, height): (usize, usize)) -> [Vec<u8>; 3] {
    let args = format!(
        "-map 0:v:0 -fps_mode passthrough -vf select=eq(n\\,{frame}) -frames:v 1 -pix_fmt yuv420p -f rawvideo -"
    );
    let raw = read(file, &args).stdout;
    let (luma, chroma) = (width * height, width.div_ceil(2) * height.div_ceil(2));
    assert_eq!(raw.len(), luma + 2 * chroma);
    [raw[..luma].to_vec(), raw[luma..luma + chroma].to_vec(), raw[luma + chroma..].to_vec()]
}

/// Likeness in structure of a finished file to its source, both decoded by ffmpeg, 1 for equal; `how` turns the source's
/// pictures into those of the file.
pub fn ssim(file: &Path, source: &Path, how: &str) -> f64 {
    let graph = format!("[1:v:0]{how}[r];[0:v:0][r]ssim=shortest=1");
    let args = format!("-i {} -lavfi {graph} -f null -", source.display());
    let said = String::from_utf8_lossy(&read(file, &args).stderr).into_owned();
    said.rsplit_once("All:").unwrap().1.split_whitespace().next().unwrap().parse().unwrap()
}
