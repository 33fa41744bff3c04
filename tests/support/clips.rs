//! Entries for tests: short, small, and of known content.
use std::path::{Path, PathBuf};
use std::process::Command;

/// A plain entry that keeps the test contest's rules: `seconds` of 320×180 at 25 frames a second, H.264 and AAC in mp4.
pub(crate) fn plain(dir: &Path, seconds: u32) -> PathBuf {
    let picture = format!("testsrc2=size=320x180:rate=25:duration={seconds}");
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let file = dir.join(format!("plain-{seconds}s.mp4"));
    let args = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
    let codecs =
        ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "-ac", "2"];
    ffmpeg(args.iter().chain(&codecs), &file);
    file
}

/// Six seconds at 320×180: the first 1.6 s are a still picture, the rest is noise, so the bit rate is first far below a
/// cap and then above it.
pub(crate) fn noise_behind_a_still(dir: &Path) -> PathBuf {
    let file = dir.join("noise.mp4");
    let still = "color=gray:size=320x180:rate=25:duration=1.6";
    let noise = "color=gray:size=320x180:rate=25:duration=4.4,noise=alls=60:allf=t:all_seed=7";
    let args = ["-f", "lavfi", "-i", still, "-f", "lavfi", "-i", noise, "-f", "lavfi", "-i", "sine=duration=6"];
    let joined = ["-filter_complex", "[0][1]concat", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
    ffmpeg(args.iter().chain(&joined).chain(&["-c:a", "aac", "-ac", "2"]), &file);
    file
}

/// Runs ffmpeg with `args` into `file`.
pub(crate) fn ffmpeg<'a>(args: impl IntoIterator<Item = &'a &'a str>, file: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-y", "-loglevel", "error"])
        .args(args)
        .arg(file)
        .output()
        .expect("ffmpeg is not installed (deploy/local/install.sh)");
    assert!(
        output.status.success(),
        "ffmpeg could not make {}: {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}
