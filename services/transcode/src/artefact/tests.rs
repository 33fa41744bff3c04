//! What is part of an address and what is not.
use pipeline::catalogue::Catalogue;
use pipeline::id::{EncodeId, PartnerId, RenditionName};
use pipeline::media_info::MediaInfo;
use pipeline::planner;
use pipeline::rendition::{Because, Plan, PlannedRendition, VideoSource};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::address;

const SOURCE: &str = "ab5d1f";
const ENGINE: &str = "reelmill 0.2.0, ffmpeg 5.1.9, x264 164, zimg 3.0.4, soxr 0.1.3";

pub(crate) fn info() -> MediaInfo {
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
            "begins_with_idr": true, "uniform": true, "black": [], "frozen": [],
        },
        "audio": {
            "stream": 1, "codec": "aac", "profile": "LC", "sample_rate": 48_000, "channels": 2, "layout": "stereo",
            "start_ms": 0, "duration_ms": 61_000, "bitrate_kbps": 192, "loudness_lufs": -18.3, "true_peak_dbtp": -1.1,
            "silent": [],
        },
        "streams": { "video": 1, "audio": 1, "other": 0 }, "decode_errors": 0, "aigc": null,
    }))
    .unwrap()
}

/// The plan for all nine partners of the call: a copy among its files, four encodes, several segments.
pub(crate) fn plan() -> Plan {
    let catalogue = Catalogue::builtin();
    let partners: Vec<_> = catalogue.partners.values().collect();
    let mut ladders = catalogue.ladders.clone();
    ladders.segment_s = 16;
    planner::plan(&info(), &partners, &ladders)
}

fn of(plan: &Plan, rendition: &PlannedRendition) -> [u8; 32] {
    address(plan, rendition, &info(), SOURCE, ENGINE).unwrap()
}

fn all(plan: &Plan) -> Vec<[u8; 32]> {
    plan.renditions.iter().map(|rendition| of(plan, rendition)).collect()
}

#[test]
fn different_files_of_a_plan_have_different_addresses() {
    let (plan, all) = (plan(), all(&plan()));
    assert!(plan.segments.len() > 1 && plan.renditions.iter().any(|it| it.video == VideoSource::Copied));
    assert_eq!(std::collections::BTreeSet::from_iter(&all).len(), plan.renditions.len());
}

#[test]
fn another_source_engine_or_label_is_another_address() {
    let plan = plan();
    for rendition in &plan.renditions {
        let usual = of(&plan, rendition);
        assert_eq!(usual, address(&plan, rendition, &info(), SOURCE, ENGINE).unwrap());
        let labelled = MediaInfo { aigc: Some("{}".into()), ..info() };
        let others = [
            address(&plan, rendition, &info(), "ab5d1e", ENGINE).unwrap(),
            address(&plan, rendition, &info(), SOURCE, &ENGINE.replace("0.2.0", "0.2.1")).unwrap(),
            address(&plan, rendition, &info(), SOURCE, &ENGINE.replace("x264 164", "x264 165")).unwrap(),
            address(&plan, rendition, &labelled, SOURCE, ENGINE).unwrap(),
        ];
        assert!(others.iter().all(|other| *other != usual));
    }
}

/// Every value below `at`, as paths from the top.
fn leaves(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| leaves(inner, format!("{at}/{name}"), into)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| leaves(inner, format!("{at}/{index}"), into))
        }
        _ => into.push(at),
    }
}

/// Something else of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(yes) => json!(!yes),
        Value::Number(number) if number.is_f64() => json!(number.as_f64().unwrap() + 0.125),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::String(text) if text == "progressive" => json!("top_first"),
        Value::String(text) if text == "sdr" => json!("pq"),
        Value::String(text) => json!(format!("{text}x")),
        Value::Null | Value::Array(_) | Value::Object(_) => panic!("no leaf: {value}"),
    }
}

/// Exhaustive, and so also for fields that plans do not have yet: every value of a rendition's encodes, segments or picture is in its
/// address.
#[test]
fn every_value_a_plan_has_for_a_rendition_is_in_its_address() {
    let plan = plan();
    let whole = serde_json::to_value(&plan).unwrap();
    let mut looked_at = 0;
    for part in ["picture", "segments", "videos", "audios"] {
        let mut paths = Vec::new();
        leaves(&whole[part], format!("/{part}"), &mut paths);
        // Ids are names, and a segment's is its place in the list.
        for path in paths.into_iter().filter(|path| !path.ends_with("/id") && !path.ends_with("/index")) {
            let mut changed = whole.clone();
            let value = changed.pointer_mut(&path).unwrap();
            *value = other(value);
            let changed: Plan = serde_json::from_value(changed).unwrap();
            for rendition in &plan.renditions {
                let uses =
                    |id: &EncodeId, list: &str, at: &str| whole[list][at.parse::<usize>().unwrap()]["id"] == json!(id);
                let place: Vec<&str> = path.split('/').collect();
                let concerned = match (part, &rendition.video, &rendition.audio) {
                    ("videos", VideoSource::Encoded(id), _) => uses(id, "videos", place[2]),
                    ("audios", _, Some(id)) => uses(id, "audios", place[2]),
                    ("segments", VideoSource::Encoded(_), _) => true,
                    // Of a copy, too: quality control compares it with the source, prepared like this.
                    ("picture", ..) => true,
                    _ => false,
                };
                let same = of(&plan, rendition) == of(&changed, rendition);
                assert_eq!(same, !concerned, "{path} of {}", rendition.name);
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 300, "{looked_at}");
}

/// The same plan with everything that has a name called otherwise, its encodes in another order, and for other partners.
fn renamed(plan: &Plan, suffix: &str, turn: usize) -> Plan {
    let mut plan = plan.clone();
    let call = |id: &EncodeId| EncodeId::new(format!("{id}{suffix}"));
    plan.videos.iter_mut().for_each(|video| video.id = call(&video.id));
    plan.audios.iter_mut().for_each(|audio| audio.id = call(&audio.id));
    for rendition in &mut plan.renditions {
        rendition.name = RenditionName::new(format!("{}{suffix}", rendition.name));
        rendition.partners = vec![PartnerId::new(suffix)];
        // Partners bring their own.
        rendition.covers.truncate(turn);
        rendition.because = vec![Because { about: None, partner: None, en: suffix.into(), zh: suffix.into() }];
        if let VideoSource::Encoded(id) = &rendition.video {
            rendition.video = VideoSource::Encoded(call(id));
        }
        rendition.audio = rendition.audio.as_ref().map(call);
    }
    plan.partners = vec![PartnerId::new(suffix)];
    let (videos, audios) = (plan.videos.len(), plan.audios.len());
    plan.videos.rotate_left(turn % videos);
    plan.audios.rotate_left(turn % audios);
    plan
}

proptest! {
    #[test]
    fn names_orders_partners_and_covers_are_not_in_an_address(suffix in "[a-z]{1,8}", turn in 0..8usize) {
        let plan = plan();
        prop_assert_eq!(all(&plan), all(&renamed(&plan, &suffix, turn)));
    }

    #[test]
    fn plans_of_sources_that_differ_in_what_is_made_share_no_address(
        a in (1000..400_000u64, 1..60u32, 500..60_000u64), b in (1000..400_000u64, 1..60u32, 500..60_000u64),
    ) {
        let catalogue = Catalogue::builtin();
        let partners: Vec<_> = catalogue.partners.values().collect();
        let made = |(duration_ms, fps, peak): (u64, u32, u64)| {
            let mut info = info();
            (info.video.duration_ms, info.video.peak_bitrate_kbps) = (duration_ms, peak);
            (info.video.frame_rate.num, info.decode_errors) = (fps, 1);
            planner::plan(&info, &partners, &catalogue.ladders)
        };
        let (a, b) = (made(a), made(b));
        let (of_a, of_b) = (all(&a), all(&b));
        if a.picture != b.picture {
            prop_assert!(of_a.iter().all(|address| !of_b.contains(address)));
        } else if (&a.videos, &a.audios) == (&b.videos, &b.audios) {
            prop_assert_eq!(of_a, of_b);
        }
    }
}
