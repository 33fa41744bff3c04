//! Entries of real content come out as planned, or are refused with a reason that a person understands. Sizes, times,
//! levels and colours are measured by ffmpeg's own tools on the objects in the bucket.
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Entrant, TestPipeline, catalogue, clips, measure};
use checks::{Expected, LANDSCAPE, PORTRAIT, check, check_sync_of_all};
use footage::{AI_LABEL, Footage, H264};
use measure::Measured;

mod checks;
mod footage;
mod sound;

/// From the form to the partners: a few seconds of work on a free machine, more when all tests run.
const SOON: Duration = Duration::from_secs(180);

/// A published entry: what was planned, and the files, largest first.
struct Finished {
    plan: Value,
    files: Vec<PathBuf>,
    measured: Vec<Measured>,
    /// Checks that nothing was left behind when it is dropped.
    _pipeline: TestPipeline,
}

/// Enters a file and waits until the partners have the work. `make` gets a directory and returns the file.
async fn published(make: impl FnOnce(&Path) -> PathBuf) -> Finished {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let clip = make(pipeline.dir());
    let address = service.api_address().expect("the address of the API");
    let id = Entrant::at(&address).submit("真实内容", &clip).await;
    pipeline.truth.reaches(id, "published", SOON).await;
    let query = sqlx::query_scalar("select plan from submissions where id = $1").bind(id);
    let plan = query.fetch_one(pipeline.truth.pool()).await.expect("the plan");
    let mut files = pipeline.renditions(id).await;
    // `web-180` and `web-90`: the ladder's order is largest first.
    files.sort_by_key(|(name, _)| catalogue::RUNGS.iter().position(|rung| rung == name));
    let files: Vec<PathBuf> = files.into_iter().map(|(_, file)| file).collect();
    let measured = files.iter().map(|file| measure::measure(file)).collect();
    Finished { plan, files, measured, _pipeline: pipeline }
}

/// Flashes of three seconds of footage.
const ONSETS: [f64; 3] = [footage::ONSET_S, 1.0 + footage::ONSET_S, 2.0 + footage::ONSET_S];

/// The picture is the source's, upright, whole and frame by frame: a different, rotated or shifted picture is below 20
/// dB.
fn check_likeness(finished: &Finished, source: &Path) {
    for (measured, file) in finished.measured.iter().zip(&finished.files) {
        let likeness = measure::likeness(file, source, &measured.picture.frame_rate, measured.picture.size);
        assert!(likeness > 27.0, "{} is like its source by {likeness} dB only", file.display());
    }
}

/// Everything that holds for footage of three seconds.
async fn comes_out(expected: &Expected, make: impl FnOnce(&Path) -> PathBuf) -> (Finished, PathBuf) {
    let mut source = PathBuf::new();
    let finished = published(|dir| {
        source = make(dir);
        source.clone()
    })
    .await;
    check(&finished, expected);
    check_sync_of_all(&finished, &source, &ONSETS);
    (finished, source)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landscape_entry_comes_out_as_planned_and_keeps_its_ai_label_and_no_other_tag() {
    let label = format!("AIGC={AI_LABEL}");
    let tags = ["-metadata", label.as_str(), "-metadata", "title=机密", "-metadata", "location=+31.2+121.4/"];
    let (finished, source) = comes_out(&LANDSCAPE, |dir| {
        let plain = Footage::default().make(dir);
        let file = dir.join("labelled.mp4");
        let from = plain.to_str().expect("a path of plain text");
        let copy = ["-i", from, "-c", "copy", "-movflags", "use_metadata_tags"];
        clips::ffmpeg(copy.iter().chain(&tags), &file);
        file
    })
    .await;
    check_likeness(&finished, &source);
    for measured in &finished.measured {
        assert_eq!(measured.tags["AIGC"], AI_LABEL, "the AI label survives every encode");
        assert!(!measured.tags.contains_key("title") && !measured.tags.contains_key("location"), "{:?}", measured.tags);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portrait_entry_of_60_frames_a_second_comes_out_as_planned() {
    let expected = Expected { rate: "60/1", frames: 180, ..PORTRAIT };
    let footage = Footage { name: "portrait", size: (180, 320), rate: 60, ..Footage::default() };
    let (finished, source) = comes_out(&expected, |dir| footage.make(dir)).await;
    check_likeness(&finished, &source);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_players_turn_comes_out_upright_and_turned_for_good() {
    let (finished, source) = comes_out(&PORTRAIT, |dir| footage::turned(&Footage::default().make(dir))).await;
    check_likeness(&finished, &source);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_variable_rate_comes_out_at_a_constant_one_in_sync() {
    // Some of the 60 frames a second are dropped, never the one with which a flash begins; the rest is 36 on average.
    let kept = "select='not(mod(n\\,60))+eq(mod(n\\,60)\\,24)+lt(mod(n\\,7)\\,4)+eq(n\\,179)'";
    let footage =
        Footage { name: "variable", rate: 60, picture: kept, options: &["-fps_mode", "vfr"], ..Footage::default() };
    let expected = Expected { rate: "30/1", frames: 90, ..LANDSCAPE };
    comes_out(&expected, |dir| footage.make(dir)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pixels_that_are_not_square_come_out_square() {
    let footage = Footage { name: "anamorphic", size: (240, 180), picture: "setsar=4/3", ..Footage::default() };
    let (finished, source) = comes_out(&LANDSCAPE, |dir| footage.make(dir)).await;
    assert_eq!(measure::measure(&source).picture.pixel_aspect, "4:3");
    check_likeness(&finished, &source);
}

#[tokio::test(flavor = "multi_thread")]
async fn interlaced_fields_come_out_as_whole_frames() {
    let options = [H264, &["-flags", "+ildct+ilme", "-x264-params", "tff=1"]].concat().leak();
    let footage = Footage { name: "interlaced", picture: "setfield=tff", video_codec: options, ..Footage::default() };
    let (_finished, source) = comes_out(&LANDSCAPE, |dir| footage.make(dir)).await;
    assert_ne!(measure::measure(&source).picture.field_order, "progressive");
}

/// Hybrid log-gamma: reference white is 75 % of the signal (ITU-R BT.2408); the flash is brighter.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_in_hlg_comes_out_in_bt709_neither_dark_nor_flat() {
    hdr_comes_out("arib-std-b67", 0.75).await;
}

/// Perceptual quantizer: reference white is 58 % of the signal, 203 cd/m² (ITU-R BT.2408).
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_in_pq_comes_out_in_bt709_neither_dark_nor_flat() {
    hdr_comes_out("smpte2084", 0.58).await;
}

async fn hdr_comes_out(transfer: &'static str, white: f64) {
    let codec: &'static [&'static str] = vec![
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=error",
        "-pix_fmt",
        "yuv420p10le",
        "-tag:v",
        "hvc1",
        "-color_primaries",
        "bt2020",
        "-color_trc",
        transfer,
        "-colorspace",
        "bt2020nc",
    ]
    .leak();
    // Black with reference white in the left half; the footage's own picture is not plausible as HDR.
    let luma = (64.0 + white * 876.0).round();
    let picture: &'static str = format!("format=yuv420p10le,geq=lum='if(lt(X,W/2),{luma},64)':cb=512:cr=512").leak();
    let footage = Footage { name: "hdr", picture, video_codec: codec, ..Footage::default() };
    let finished = published(|dir| footage.make(dir)).await;
    check(&finished, &LANDSCAPE);
    for file in &finished.files {
        let [paper, black] =
            ["crop=iw/4:ih/2:iw/8:ih/4,", "crop=iw/4:ih/2:iw*5/8:ih/4,"].map(|part| measure::luma(file, part));
        // At least two thirds of the range, with room for the highlights above. PQ without tone mapping would be at
        // 143.
        assert!((158..=235).contains(&paper), "the white of paper comes out at {paper} of 235 in {}", file.display());
        assert!(black <= 24, "black comes out at {black} of 16 in {}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_other_people_made_comes_out_as_planned() {
    let Some(film) = real_film("bigbuckbunny.mp4") else { return };
    let source = film.clone();
    let finished = published(move |_| film).await;
    check(&finished, &Expected { frames: 132, ..LANDSCAPE });
    check_likeness(&finished, &source);
}

/// A clip fetched by `deploy/local/footage.sh`. `make test` prints at its end if it could not fetch them; if it could,
/// each clip must exist.
fn real_film(name: &str) -> Option<PathBuf> {
    let Some(dir) = std::env::var_os("TEST_FOOTAGE") else {
        eprintln!("DID NOT RUN: no real footage here (deploy/local/footage.sh fetches it; TEST_FOOTAGE says where)");
        return None;
    };
    let film = PathBuf::from(dir).join(name);
    assert!(film.exists(), "{} is missing", film.display());
    Some(film)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_rules_is_refused_with_what_was_measured_in_chinese_and_english() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("all", &[]).await;
    let entrant = Entrant::at(&service.api_address().expect("the address of the API"));
    let dir = pipeline.dir();
    let of = |footage: Footage| footage.make(dir);
    let sound_only = dir.join("sound-only.mp4");
    clips::ffmpeg(["-f", "lavfi", "-i", "sine=frequency=440:duration=3", "-c:a", "aac"].iter(), &sound_only);
    let matroska = of(Footage { name: "matroska", suffix: "mkv", ..Footage::default() });
    let named_mp4 = dir.join("matroska.mp4");
    std::fs::rename(matroska, &named_mp4).expect("rename a clip");

    let refused: [(&str, PathBuf, &[&str]); 7] = [
        (
            "aspect_not_allowed",
            of(Footage { name: "four-to-three", size: (240, 180), ..Footage::default() }),
            &["240×180"],
        ),
        ("resolution_too_low", of(Footage { name: "small", size: (256, 144), ..Footage::default() }), &["144", "180"]),
        ("too_short", of(Footage { name: "short", options: &["-t", "0.5"], ..Footage::default() }), &["0.5", "1"]),
        ("too_long", of(Footage { name: "long", seconds: 31, ..Footage::default() }), &["31", "30"]),
        ("format_not_allowed", named_mp4, &["matroska", "mp4"]),
        ("no_video", sound_only, &[]),
        (
            "unsupported_codec",
            of(Footage { name: "foreign", video_codec: &["-c:v", "mpeg1video"], ..Footage::default() }),
            &["mpeg1video"],
        ),
    ];
    for (code, file, numbers) in refused {
        let id = entrant.submit(code, &file).await;
        pipeline.truth.reaches(id, "rejected", SOON).await;
        let reason = pipeline.truth.machine(id).await["state"]["reason"].clone();
        assert_eq!(reason["code"], code, "{}: {reason}", file.display());
        let reason: pipeline::rejection::Rejection = serde_json::from_value(reason).expect("a rejection");
        for lang in [pipeline::lang::Lang::Zh, pipeline::lang::Lang::En] {
            let text = reason.text(lang);
            for number in numbers {
                assert!(text.contains(number), "{number} is named in {text:?}");
            }
        }
    }
}
