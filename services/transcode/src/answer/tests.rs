//! Lies, one by one: an honest answer with one thing changed in it or in the files beside it.
use std::fs;
use std::os::unix::fs::symlink;

use media::protocol::{
    AssembleReport, AudioReport, Cover, CoversReport, EncodedAudio, EncodedSegment, Job, Overdrawn, QcReport, Request,
    SegmentReport, Still,
};
use pipeline::rendition::{PlannedRendition, QcCheck, QcOutcome, VideoSource};
use runtime::child::ChildError;
use tempfile::TempDir;

use super::*;
use crate::again::Again;
use crate::artefact::tests::{info, plan};
use crate::request::{self, Place};

/// A directory for the child's files, and one file outside that is none of its business.
struct Desk {
    dir: TempDir,
}

const MP4: &[u8] = b"\0\0\0\x18ftypisom and so on";
const PICTURE: &[u8] = b"\xff\xd8\xff and so on";

impl Desk {
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(desk.out()).unwrap();
        fs::write(desk.dir.path().join("secret"), [MP4, b" secret"].concat()).unwrap();
        desk
    }

    fn out(&self) -> std::path::PathBuf {
        self.dir.path().join("out")
    }

    fn request(&self, make: impl FnOnce(Place<'_>) -> request::Timed) -> Request {
        let out = self.out();
        make(Place { input: self.dir.path(), output: &out, allow_missing_landlock: true }).request
    }

    fn leave(&self, name: &str, bytes: &[u8]) -> u64 {
        fs::write(self.out().join(name), bytes).unwrap();
        bytes.len() as u64
    }

    /// Each way to leave something else than a file of its own under this name, undone afterwards.
    fn instead_of(&self, name: &str, mut check: impl FnMut(&str)) {
        let at = self.out().join(name);
        let honest = fs::read(&at).unwrap();
        let secret = self.dir.path().join("secret");
        fs::remove_file(&at).unwrap();
        check("nothing");
        symlink("../secret", &at).unwrap();
        check("a link");
        fs::remove_file(&at).unwrap();
        fs::hard_link(secret, &at).unwrap();
        check("a second name");
        fs::remove_file(&at).unwrap();
        fs::create_dir(&at).unwrap();
        check("a directory");
        fs::remove_dir(&at).unwrap();
        fs::write(&at, [&*honest, b"x"].concat()).unwrap();
        check("a longer file");
        fs::write(&at, "").unwrap();
        check("an empty file");
        fs::write(&at, honest.iter().map(|byte| !byte).collect::<Vec<_>>()).unwrap();
        check("a file of another kind");
        fs::write(&at, honest).unwrap();
    }
}

fn is_lie<T: std::fmt::Debug>(what: &str, answer: Result<T, ChildError>) {
    assert!(matches!(answer, Err(ChildError::Lied(_))), "{what}: {answer:?}");
}

fn segments(desk: &Desk) -> (Request, SegmentReport) {
    let plan = plan();
    let request = desk.request(|place| request::segment(&plan, 1, place).unwrap());
    let made = |encode: &pipeline::rendition::VideoEncode| EncodedSegment {
        id: encode.id.clone(),
        file: format!("{}.mp4", encode.id),
        frames: plan.segments[1].frames,
        bytes: desk.leave(&format!("{}.mp4", encode.id), MP4),
        parameter_sets: "0164001f".into(),
    };
    let encodes: Vec<_> = plan.videos.iter().map(made).collect();
    assert!(encodes.len() > 1);
    (request, SegmentReport { encodes })
}

#[test]
fn a_segment_is_what_was_asked_for_and_nothing_else() {
    let desk = Desk::new();
    let (request, honest) = segments(&desk);
    let files = segment(&request, &honest).unwrap();
    let names: Vec<_> = files.iter().map(|file| (file.id.as_str(), &*file.name)).collect();
    assert_eq!(names[..2], [("v1", "v1.mp4"), ("v2", "v2.mp4")]);
    let lie = |what: &str, change: &dyn Fn(&mut SegmentReport)| {
        let mut report = honest.clone();
        change(&mut report);
        is_lie(what, segment(&request, &report));
    };
    lie("one is missing", &|it| drop(it.encodes.pop()));
    lie("one is there twice", &|it| it.encodes[1] = it.encodes[0].clone());
    lie("one too many", &|it| it.encodes.push(it.encodes[0].clone()));
    lie("another order", &|it| it.encodes.swap(0, 1));
    lie("an unknown id", &|it| it.encodes[0].id = "v99".into());
    lie("a file outside", &|it| it.encodes[0].file = "../secret".into());
    lie("a file anywhere", &|it| it.encodes[0].file = "/etc/passwd".into());
    lie("another's file", &|it| it.encodes[0].file = "v2.mp4".into());
    lie("other frames", &|it| it.encodes[0].frames += 1);
    lie("endlessly many bytes", &|it| it.encodes[0].bytes = u64::MAX);
    lie("another size", &|it| it.encodes[0].bytes -= 1);
    lie("parameter sets that are none", &|it| it.encodes[0].parameter_sets = "<script>".into());
    lie("parameter sets without end", &|it| it.encodes[0].parameter_sets = "0".repeat(5000));
    desk.instead_of("v1.mp4", |what| is_lie(what, segment(&request, &honest)));
    let other = desk.request(|place| request::sound(&plan(), &info(), place));
    is_lie("another job", segment(&other, &honest));
}

/// An id is part of an object's key: one that could lead to another key is not even read.
#[test]
fn an_id_that_could_be_a_path_is_no_answer() {
    let made = |id: &str| serde_json::json!({ "encodes": [{ "id": id, "file": "v1.mp4", "frames": 1, "bytes": 1, "parameter_sets": "" }] });
    assert!(serde_json::from_value::<SegmentReport>(made("v1")).is_ok());
    for id in ["../../../uploads/1/source", "..", "a/b", "v1\u{0}", ""] {
        assert!(serde_json::from_value::<SegmentReport>(made(id)).is_err(), "{id:?}");
    }
}

#[test]
fn a_sound_is_what_was_asked_for_and_nothing_else() {
    let desk = Desk::new();
    let plan = plan();
    let request = desk.request(|place| request::sound(&plan, &info(), place));
    let made = |encode: &pipeline::rendition::AudioEncode| EncodedAudio {
        id: encode.id.clone(),
        file: format!("{}.m4a", encode.id),
        bytes: desk.leave(&format!("{}.m4a", encode.id), MP4),
        duration_ms: 61_000,
        gain_db: 2.3,
        loudness_lufs: Some(-16.0),
        true_peak_dbtp: Some(-1.5),
        passes: 2,
    };
    let honest = AudioReport { encodes: plan.audios.iter().map(made).collect() };
    assert_eq!(sound(&request, &honest).unwrap()[0].name, "a1.m4a");
    let lie = |what: &str, change: &dyn Fn(&mut AudioReport)| {
        let mut report = honest.clone();
        change(&mut report);
        is_lie(what, sound(&request, &report));
    };
    lie("none", &|it| it.encodes.clear());
    lie("an unknown id", &|it| it.encodes[0].id = "a99".into());
    lie("a file outside", &|it| it.encodes[0].file = "../secret".into());
    lie("a length without end", &|it| it.encodes[0].duration_ms = u64::MAX);
    lie("a level that is none", &|it| it.encodes[0].loudness_lufs = Some(-1e300));
    lie("a peak that is none", &|it| it.encodes[0].true_peak_dbtp = Some(1001.0));
    lie("a gain that is none", &|it| it.encodes[0].gain_db = f64::INFINITY);
    desk.instead_of("a1.m4a", |what| is_lie(what, sound(&request, &honest)));
}

fn joined(plan: &pipeline::rendition::Plan) -> &PlannedRendition {
    plan.renditions.iter().find(|it| it.video != VideoSource::Copied).unwrap()
}

#[test]
fn a_joined_file_names_segments_of_its_own_only() {
    let desk = Desk::new();
    let plan = plan();
    let request = |rendition| {
        desk.request(|place| request::assemble(&plan, rendition, &info(), &Again::default(), place).unwrap())
    };
    let bytes = desk.leave(request::RENDITION, MP4);
    let frames = plan.picture.frames;
    let honest = AssembleReport {
        bytes,
        frames,
        duration_ms: 61_000,
        overdrawn: vec![Overdrawn { segment: 1, held: 0.3, lowest_kbit: -10.0 }],
        encoded_again: vec![0],
    };
    let whole = request(joined(&plan));
    assembled(&whole, &honest).unwrap();
    let lie = |what: &str, change: &dyn Fn(&mut AssembleReport)| {
        let mut report = honest.clone();
        change(&mut report);
        is_lie(what, assembled(&whole, &report));
    };
    lie("another size", &|it| it.bytes += 1);
    lie("other frames", &|it| it.frames -= 1);
    lie("a length without end", &|it| it.duration_ms = u64::MAX);
    lie("another length", &|it| it.duration_ms += 2500);
    lie("a segment that is none", &|it| it.overdrawn[0].segment = 999);
    lie("a segment twice", &|it| it.overdrawn.push(it.overdrawn[0].clone()));
    lie("a buffer that is none", &|it| it.overdrawn[0].held = f64::NAN);
    lie("a buffer without end", &|it| it.overdrawn[0].held = -1e9);
    lie("encoded again what is none", &|it| it.encoded_again = vec![7_000]);
    desk.instead_of(request::RENDITION, |what| is_lie(what, assembled(&whole, &honest)));
    let copied = plan.renditions.iter().find(|it| it.video == VideoSource::Copied).unwrap();
    is_lie("a copy has no segments", assembled(&request(copied), &honest));
    let copy = AssembleReport { overdrawn: Vec::new(), encoded_again: Vec::new(), ..honest };
    assembled(&request(copied), &copy).unwrap();
}

#[test]
fn covers_are_those_that_were_asked_for_and_nothing_else() {
    let desk = Desk::new();
    let plan = plan();
    let rendition = plan.renditions.iter().find(|it| !it.covers.is_empty()).unwrap();
    let request = desk.request(|place| request::covers(rendition, &info(), 61_000, place));
    let Job::Covers { covers: wishes, .. } = &request.job else { panic!("covers are asked for") };
    let made = |file: &str, width: u32, height: u32| Cover {
        file: file.into(),
        width,
        height,
        bytes: desk.leave(file, PICTURE),
        at_ms: 30_000,
    };
    let honest = CoversReport {
        whole: made(request::COVER, 1920, 1080),
        covers: wishes.iter().map(|wish| made(&wish.file, wish.width, wish.height)).collect(),
    };
    assert_eq!(covers(&request, &honest).unwrap().covers.len(), wishes.len());
    let lie = |what: &str, change: &dyn Fn(&mut CoversReport)| {
        let mut report = honest.clone();
        change(&mut report);
        is_lie(what, covers(&request, &report));
    };
    lie("one is missing", &|it| drop(it.covers.pop()));
    lie("a file outside", &|it| it.covers[0].file = "../secret".into());
    lie("another file", &|it| it.whole.file = "cover-0.jpg".into());
    lie("larger than asked for", &|it| it.covers[0].width += 1);
    lie("no size", &|it| it.whole.height = 0);
    lie("from beyond the end", &|it| it.whole.at_ms = 62_001);
    lie("another size", &|it| it.whole.bytes = 3);
    for name in [request::COVER, &*wishes[0].file] {
        desk.instead_of(name, |what| is_lie(&format!("{name}: {what}"), covers(&request, &honest)));
    }
}

#[test]
fn quality_control_does_not_contradict_itself() {
    let desk = Desk::new();
    let plan = plan();
    let rendition = joined(&plan);
    let request = desk.request(|place| request::qc(&plan, rendition, &info(), place).unwrap());
    let check = |name: &str, outcome| QcCheck { check: name.into(), measured: "1".into(), limit: "1".into(), outcome };
    let mut measured = info();
    measured.size_bytes = 1000;
    (measured.video.display_width, measured.video.display_height) = (rendition.width, rendition.height);
    let checks = vec![check("format", QcOutcome::Pass), check("ssim", QcOutcome::Pass)];
    let bytes = desk.leave("still-0-source.jpg", PICTURE);
    desk.leave("still-0-rendition.jpg", PICTURE);
    let still = Still { frame: 50, width: 1280, height: 720, ssim: 0.97, source_bytes: bytes, rendition_bytes: bytes };
    let honest = QcReport { pass: true, checks, info: measured, stills: vec![still] };
    let pairs = qc(&request, &honest, 1000).unwrap();
    assert_eq!((pairs.len(), pairs[0].frame, pairs[0].at_ms, pairs[0].ssim), (1, 50, 2000, 0.97));
    is_lie("another file", qc(&request, &honest, 1001));
    let lie = |what: &str, change: &dyn Fn(&mut QcReport)| {
        let mut report = honest.clone();
        change(&mut report);
        is_lie(what, qc(&request, &report, 1000));
    };
    lie("it passes what failed", &|it| it.checks[0].outcome = QcOutcome::Fail);
    lie("it passes what was not to be measured", &|it| it.checks[1].outcome = QcOutcome::Invalid);
    lie("it fails what passed", &|it| it.pass = false);
    lie("no checks", &|it| it.checks.clear());
    lie("checks without end", &|it| it.checks = (0..201).map(|n| check(&n.to_string(), QcOutcome::Pass)).collect());
    lie("a check twice", &|it| it.checks[1] = it.checks[0].clone());
    lie("a check without end", &|it| it.checks[0].measured = "x".repeat(10_001));
    lie("another picture", &|it| it.info.video.display_width += 2);
    lie("numbers without end", &|it| it.info.duration_ms = u64::MAX);
    lie("stills without end", &|it| it.stills = vec![it.stills[0].clone(); 9]);
    lie("a still twice", &|it| it.stills.push(it.stills[0].clone()));
    lie("a still from beyond the end", &|it| it.stills[0].frame = 1 << 30);
    lie("a still of no size", &|it| it.stills[0].width = 0);
    lie("a still larger than its picture", &|it| it.stills[0].height = 65_000);
    lie("a likeness that is none", &|it| it.stills[0].ssim = 1.5);
    lie("a still of another size", &|it| it.stills[0].source_bytes += 1);
    for name in ["still-0-source.jpg", "still-0-rendition.jpg"] {
        desk.instead_of(name, |what| is_lie(&format!("{name}: {what}"), qc(&request, &honest, 1000)));
    }
    // Without a directory nothing can be left.
    let mut nowhere = request.clone();
    nowhere.output_dir = None;
    is_lie("stills in no directory", qc(&nowhere, &honest, 1000));
    // Both are answers, with their evidence: neither is a lie.
    for outcome in [QcOutcome::Fail, QcOutcome::Invalid] {
        let checks = vec![check("format", QcOutcome::Pass), check("ssim", outcome)];
        let failed = QcReport { pass: false, checks, ..honest.clone() };
        qc(&request, &failed, 1000).unwrap();
    }
}
