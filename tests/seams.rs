//! Works in several segments: a lost segment is made again alone, and the rate caps hold across the joins.
use std::time::Duration;

use pipeline::id::{EncodeId, Fence, SubmissionId};
use pipeline::object_key::ObjectKey;
use serde_json::Value;

use crate::support::wait::wait_until_true;
use crate::support::{Entrant, Setup, TestPipeline, clips};

/// Time limit for a work of a few seconds to be published, on a machine shared by ten tests.
const SOON: Duration = Duration::from_secs(180);
/// The part during which the worker dies.
const LOST: &str = "segment/1";

#[tokio::test(flavor = "multi_thread")]
async fn of_several_segments_only_the_one_that_was_lost_is_made_again() {
    let pipeline = TestPipeline::with(Setup { segment_s: 1, ..Setup::default() }).await;
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let work = pipeline.submit(&others, 3).await;
    pipeline.truth.reaches(work, "transcode", SOON).await;
    let gate = pipeline.truth.gate("parts", &format!("new.status = 'done' and new.part = '{LOST}'")).await;
    let victim = pipeline.start("victim", &["transcode"], &[]);
    pipeline.truth.reaches_gate(SOON).await;
    // The other segments and the sound are done by the same worker, whose second slot is free.
    wait_until_true("all other parts are done", SOON, async || {
        let parts = pipeline.truth.parts(work).await;
        let mut rest = parts.iter().filter(|part| part.stage == "transcode" && part.part != LOST);
        rest.all(|part| part.status == "done")
    })
    .await;
    let before = pipeline.truth.parts(work).await;
    victim.kill();
    gate.open().await;
    pipeline.serve("heir", &["transcode"]).await;
    pipeline.truth.reaches(work, "published", SOON).await;
    let after = pipeline.truth.parts(work).await;
    let segments = after.iter().filter(|part| part.part.starts_with("segment/")).count();
    assert_eq!(segments, 3, "the work was cut: {after:?}");
    for was in before.iter().filter(|part| part.stage == "transcode") {
        let is = after.iter().find(|part| part.part == was.part).expect("the part is there");
        assert_eq!(is.fence == was.fence, was.part != LOST, "{was:?} became {is:?}");
        assert!(was.part == LOST || is.output == was.output, "{was:?} became {is:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_lost_of_a_work_is_made_again_alone_where_it_is_missed() {
    let pipeline = TestPipeline::with(Setup { segment_s: 1, ..Setup::default() }).await;
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let work = pipeline.submit(&others, 3).await;
    // Everything is encoded, and nothing was assembled yet.
    let gate = pipeline.truth.gate("parts", "new.status = 'claimed' and new.stage = 'assemble'").await;
    pipeline.serve("transcode", &["transcode"]).await;
    pipeline.truth.reaches_gate(SOON).await;
    let encoded = pipeline.truth.parts(work).await;
    let fence =
        |name: &str| encoded.iter().find(|part| part.part == name).and_then(|part| part.fence).expect("a fence");
    let (id, lost, heard) = (SubmissionId(work), Fence(fence(LOST)), Fence(fence("audio")));
    for encode in ["v1", "v2"] {
        let key = ObjectKey::Segment(id, 1, 1, lost, EncodeId::new(encode));
        pipeline.objects.head(&key).await.expect("the segment is stored");
        pipeline.objects.delete(&key).await.expect("lose it");
    }
    let key = ObjectKey::Audio(id, 1, heard, EncodeId::new("a1"));
    pipeline.objects.head(&key).await.expect("the sound is stored");
    pipeline.objects.put_bytes(&key, "some other bytes").await.expect("mix it up");
    gate.open().await;
    pipeline.truth.reaches(work, "published", SOON).await;
    let after = pipeline.truth.parts(work).await;
    for was in encoded.iter().filter(|part| part.stage == "transcode") {
        let is = after.iter().find(|part| part.part == was.part).expect("the part is there");
        assert_eq!((is.fence, &is.output), (was.fence, &was.output), "no part was restarted");
    }
    assert!(after.iter().all(|part| part.attempt == 0 && part.status == "done"), "and none failed: {after:?}");
    let shown = pipeline.command(&["status", &work.to_string(), "--output", "json"]).await.exits(0).json();
    for rendition in shown["renditions"].as_array().expect("renditions") {
        let checks = rendition["qc"].as_array().expect("checks");
        assert!(checks.iter().all(|check| check["outcome"] == "pass"), "{checks:?}");
        let frames = checks.iter().find(|check| check["check"] == "frame_count").expect("frames are counted");
        assert_eq!(frames["measured"], "75");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_after_a_still_is_encoded_again_if_it_breaks_the_cap() {
    // Every segment is encoded for a full buffer, but only the first one starts with a full buffer.
    let pipeline = TestPipeline::with(Setup { segment_s: 2, buffer_start: 0.9, ..Setup::default() }).await;
    let service = pipeline.serve("all", &[]).await;
    let clip = clips::noise_behind_a_still(pipeline.dir());
    let address = service.api_address().expect("the address of the API");
    let work = Entrant::at(&address).submit("雪花", &clip).await;
    pipeline.truth.reaches(work, "published", SOON).await;
    let shown = pipeline.command(&["status", &work.to_string(), "--output", "json"]).await;
    let entry: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let renditions = entry["renditions"].as_array().expect("renditions");
    let check = |rendition: &Value, name: &str| -> Value {
        let checks = rendition["qc"].as_array().expect("checks");
        checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no {name} in {checks:?}")).clone()
    };
    assert_eq!(renditions.len(), 2);
    for rendition in renditions {
        let again = check(rendition, "encoded_again");
        let text = again["measured"].as_str().expect("text");
        assert!(text.contains("segment 2 for a buffer filled to") && !text.contains("segment 0"), "{again}");
        let buffer = check(rendition, "buffer");
        let measured = buffer["measured"].as_str().expect("text");
        assert!(buffer["outcome"] == "pass" && !measured.starts_with('-'), "{buffer}");
        assert_eq!(check(rendition, "frame_count")["measured"], "150");
        assert!(check(rendition, "source_frames")["measured"].as_str().expect("text").contains("SSIM"));
    }
    let table = pipeline.command(&["status", &work.to_string()]).await.stdout;
    let passed = |line: &str| line.split_whitespace().take(2).eq(["encoded_again", "pass"]);
    assert!(table.contains("QC OF web-180") && table.lines().any(passed), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_that_fails_quality_control_is_parked_and_not_delivered() {
    let pipeline = TestPipeline::new().await;
    let others = pipeline.serve("others", &["upload", "probe", "publish"]).await;
    let work = pipeline.submit(&others, 2).await;
    pipeline.truth.reaches(work, "transcode", SOON).await;
    // A claim reads the plan too: the worker that encodes the sound has it already, the one that assembles sees the
    // change.
    let gate = pipeline.truth.gate("parts", "new.status = 'claimed' and new.part = 'audio'").await;
    pipeline.start("transcode", &["transcode"], &[]);
    pipeline.truth.reaches_gate(SOON).await;
    // The sound was made for -15 LUFS; from now on the plan asks for -5.
    let louder = "update submissions set plan = jsonb_set(plan, '{audios,0,loudness_lufs}', '-5') where id = $1";
    sqlx::query(louder).bind(work).execute(pipeline.truth.pool()).await.expect("change the plan");
    gate.open().await;
    let part = pipeline.truth.part_is(work, "assemble", "parked", SOON).await;
    let evidence = part.last_error.clone().expect("evidence");
    assert!(evidence.starts_with("quality control failed: loudness_lufs: measured -1"), "{evidence}");
    assert!(evidence.ends_with("allowed -5 ± 2"), "only the failed check is reported: {evidence}");
    assert_eq!(pipeline.truth.state(work).await, "assemble");
    assert_eq!(pipeline.truth.count("select count(*) from renditions").await, 0);
    let shown = pipeline.command(&["status", &work.to_string()]).await.stdout;
    assert!(shown.contains("quality control failed: loudness_lufs"), "{shown}");
}
