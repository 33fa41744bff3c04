//! What each stage would have produced, without producing it.
use pipeline::catalogue::Catalogue;
use pipeline::delivery::{DeliveryEvent, IntentId};
use pipeline::fingerprint::Fingerprint;
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use runtime::outcome::{Output, StoredFile, StoredRendition};
use runtime::store::Store;
use runtime::worker::Job;
use serde_json::json;
use uuid::Uuid;

/// What a stage would have produced.
pub(crate) fn output(job: &Job) -> Output {
    match job.claim.stage {
        Stage::Probe => probed(),
        Stage::Screen => screened(),
        Stage::Transcode => Output::Encoded { files: Default::default(), report: json!({}) },
        Stage::Assemble => Output::Assembled { rendition: rendition(job) },
        Stage::Publish => Output::Published { receipt: json!({ "attempt": job.attempt }) },
    }
}

/// What publishing leaves of a delivery that was just planned: a bag is ready for a person to deliver.
pub(crate) async fn hand_over(store: &Store, job: &Job) -> anyhow::Result<()> {
    let handed = DeliveryEvent::HandedToOperator { intent: IntentId(Uuid::now_v7()) };
    store.delivery_apply(&job.claim, &handed, None).await?;
    Ok(())
}

pub(crate) fn probed() -> Output {
    let fingerprint = Fingerprint::default();
    Output::Probed { media_info: media_info(), fingerprint, sha256: "ab".repeat(32), bytes: 177_000_000, preview: None }
}

pub(crate) fn screened() -> Output {
    let catalogue = Catalogue::builtin();
    let contest = catalogue.contest(&"demo".into()).expect("the demo contest");
    let info = media_info();
    let verdict = pipeline::screening::screen(&info, &contest.rules);
    assert_eq!(verdict.rejection(), None);
    let plan: Plan = pipeline::planner::plan(&info, &catalogue.partners_of(contest), &catalogue.ladders);
    Output::Screened { verdict, plan: Some(plan), compared: None }
}

fn rendition(job: &Job) -> StoredRendition {
    let key = format!("renditions/{}/{}/{}/{}.mp4", job.submission.id, job.run, job.part, job.fence);
    StoredRendition {
        video: StoredFile { key, bytes: 1, sha256: "cd".repeat(32) },
        cover: None,
        covers: Vec::new(),
        comparison: Vec::new(),
        width: 1920,
        height: 1080,
        duration_ms: 61_000,
        qc: Vec::new(),
        engine: "test".into(),
        artefact: None,
        reused_from: None,
    }
}

/// An entry that satisfies every rule: 61 s of 1080p25 with sound.
pub(crate) fn media_info() -> MediaInfo {
    serde_json::from_value(json!({
        "size_bytes": 177_000_000, "format": "mp4", "brand": "isom", "duration_ms": 61_000, "bitrate_kbps": 23_200,
        "video": {
            "stream": 0, "codec": "h264", "profile": "High", "level": 40, "pixel_format": "yuv420p", "bit_depth": 8,
            "coded_width": 1920, "coded_height": 1080, "display_width": 1920, "display_height": 1080,
            "rotation_degrees": 0, "mirrored": false, "pixel_aspect": { "num": 1, "den": 1 }, "frames": 1525,
            "start_ms": 0, "duration_ms": 61_000, "frame_rate": { "num": 25, "den": 1 }, "variable_rate": false,
            "field_order": "progressive",
            "colour": {
                "matrix": "bt709", "primaries": "bt709", "transfer_name": "bt709", "transfer": "sdr", "full_range": false,
            },
            "max_key_frame_interval_ms": 2000, "bitrate_kbps": 23_000, "peak_bitrate_kbps": 35_000,
            "black": [], "frozen": [],
        },
        "audio": {
            "stream": 1, "codec": "aac", "profile": "LC", "sample_rate": 48_000, "channels": 2, "layout": "stereo",
            "start_ms": 0, "duration_ms": 61_000, "bitrate_kbps": 192, "loudness_lufs": -18.3, "true_peak_dbtp": -1.1,
            "silent": [],
        },
        "streams": { "video": 1, "audio": 1, "other": 0 }, "decode_errors": 0, "aigc": null,
    }))
    .expect("a MediaInfo")
}
