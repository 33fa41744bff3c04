//! Commands that need no server: `probe` and `render`.
use std::path::Path;

use serde_json::Value;

use super::{alone, text};
use crate::support::{catalogue, clips, measure, process};

#[tokio::test(flavor = "multi_thread")]
async fn probe_measures_a_file_and_exits_by_its_verdict() {
    let (dir, env) = alone();
    let good = clips::plain(dir.path(), 2);
    let probe = |file: &Path| {
        let file = text(file).to_owned();
        let env = env.clone();
        async move { process::run(&["probe", &file, "--contest", catalogue::CONTEST, "--output", "json"], &env).await }
    };
    let report = probe(&good).await.exits(0).json();
    assert_eq!((&report["accepted"], &report["reason"]), (&true.into(), &Value::Null));
    let video = &report["media_info"]["video"];
    assert_eq!((&video["display_width"], &video["display_height"]), (&320.into(), &180.into()));
    assert_eq!(video["frames"], 50);
    assert!(
        report["verdict"]["rules"].as_array().is_some_and(|rules| rules.iter().all(|rule| rule["outcome"] == "pass"))
    );

    let script = dir.path().join("film.mp4");
    std::fs::write(&script, "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n").expect("write a script");
    let refused = probe(&script).await.exits(3);
    assert_eq!(refused.json()["reason"]["code"], "unknown_format");
    assert!(refused.stderr.contains("请导出为 mp4") && refused.stderr.contains("Please export"), "{}", refused.stderr);

    process::run(&["probe", "/no/such/file.mp4", "--contest", catalogue::CONTEST], &env).await.exits(1);
    let usage = process::run(&["probe", text(&good), "--contest", "unlisted"], &env).await.exits(2);
    assert!(usage.stderr.contains("unlisted") && usage.stderr.contains(catalogue::CONTEST), "{}", usage.stderr);
    process::run(&["probe"], &env).await.exits(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn render_makes_every_file_of_the_ladder_without_any_server() {
    let (dir, env) = alone();
    let film = clips::plain(dir.path(), 2);
    let out = dir.path().join("out");
    let args = ["render", text(&film), "--out", text(&out), "--contest", catalogue::CONTEST, "--output", "json"];
    let made = process::run(&args, &env).await.exits(0).json();
    let made = made.as_array().expect("a list of files");
    assert_eq!(made.len(), 2, "{made:?}");
    for (made, size) in made.iter().zip([(320, 180), (160, 90)]) {
        assert_eq!(made["pass"], true, "{made}");
        let file = Path::new(made["file"].as_str().expect("a file"));
        let measured = measure::measure(file);
        assert_eq!((measured.picture.size, measured.picture.frame_times.len()), (size, 50));
        assert_eq!(measured.picture.codec, "h264");
        assert!(measure::is_faststart(file));
        let (loudness, peak) = measure::loudness(file);
        assert!((loudness + 15.0).abs() <= 2.0 && peak <= -1.9, "{loudness} LUFS, {peak} dBTP");
        // A sharp test picture at half its size and a low bit rate; a different picture is below 12 dB.
        let likeness = measure::likeness(file, &film, "25", size);
        assert!(likeness > 20.0, "{} is like its source by {likeness} dB", file.display());
        let cover = std::fs::read(made["cover"].as_str().expect("a cover")).expect("read the cover");
        assert!(cover.starts_with(b"\xff\xd8\xff"), "the cover is a JPEG");
    }

    let one = dir.path().join("one");
    let args = ["render", text(&film), "--out", text(&one), "--contest", catalogue::CONTEST, "--partners", "unlisted"];
    process::run(&args, &env).await.exits(2);
    let short = dir.path().join("short.mp4");
    clips::ffmpeg(["-i", text(&film), "-t", "0.4", "-c:v", "libx264"].iter(), &short);
    let args = ["render", text(&short), "--out", text(&one), "--contest", catalogue::CONTEST];
    let refused = process::run(&args, &env).await.exits(3);
    assert!(refused.stderr.contains("too_short"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_100_frames_a_second_is_copied_if_a_partner_accepts_it() {
    let (dir, mut env) = alone();
    // The partners' real limits.
    env.remove("CATALOGUE_DIR");
    let (film, out) = (dir.path().join("fast.mp4"), dir.path().join("out"));
    let options = "-f lavfi -i testsrc2=size=320x180:rate=100:duration=2 -f lavfi -i sine=f=440:r=48000:d=2 -c:v libx264 \
                   -preset superfast -pix_fmt yuv420p -profile:v high -g 100 -c:a aac -ac 2 -colorspace bt709 \
                   -color_primaries bt709 -color_trc bt709";
    clips::ffmpeg(&options.split_whitespace().collect::<Vec<_>>(), &film);
    let args = ["render", text(&film), "--out", text(&out), "--partners", "bilibili", "--force", "--output", "json"];
    let made = process::run(&args, &env).await.exits(0).json();
    let [copy] = &made.as_array().expect("a list of files")[..] else { panic!("one file: {made}") };
    assert_eq!((&copy["rendition"], &copy["pass"]), (&"social-1080-copy".into(), &true.into()), "{copy}");
    let file = Path::new(copy["file"].as_str().expect("a file"));
    assert_eq!(measure::measure(file).picture.frame_times.len(), 200);
    let checks = copy["qc"].as_array().expect("checks");
    let compared =
        checks.iter().find(|check| check["check"] == "source_frames").expect("it was compared with its source");
    assert_eq!(compared["outcome"], "pass", "{compared}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cover_is_of_its_moment_where_the_picture_waits_for_the_sound() {
    let (dir, env) = alone();
    let path = |name: &str| dir.path().join(name);
    let make = |args: &str, name: &str| clips::ffmpeg(&args.split_whitespace().collect::<Vec<_>>(), &path(name));
    // Black for 1.5 s and then a picture, which begins two seconds after the sound.
    make(
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=4,fade=in:st=1.5:d=0.04 -c:v libx264 -pix_fmt yuv420p",
        "picture.mp4",
    );
    make("-f lavfi -i sine=f=440:r=48000:d=6 -c:a aac -ac 2", "sound.mp4");
    let [picture, sound] = ["picture.mp4", "sound.mp4"].map(|name| path(name).display().to_string());
    make(&format!("-itsoffset 2 -i {picture} -i {sound} -map 0:v -map 1:a -c copy"), "late.mp4");
    let (film, out) = (path("late.mp4"), path("out"));
    let args = ["render", text(&film), "--out", text(&out), "--contest", catalogue::CONTEST, "--output", "json"];
    let made = process::run(&args, &env).await.exits(0).json();
    for made in made.as_array().expect("a list of files") {
        let cover = std::fs::read(made["cover"].as_str().expect("a cover")).expect("read the cover");
        assert!(cover.len() > 2_000, "{} bytes are a black picture", cover.len());
    }
}
