//! What a finished part contributes to the metrics: film encoded, requests met without encoding, finished estimated
//! work, works that went live. Counted after the commit, by the process that committed.
use std::time::Duration;

use pipeline::part::Part;
use pipeline::planner::Estimate;
use pipeline::rendition::{Plan, PlannedRendition, VideoSource};
use pipeline::stage::Stage;
use tracing::warn;

use crate::metrics::Metrics;
use crate::outcome::{Output, StoredRendition};
use crate::store::Store;
use crate::store::work::parts::Claim;
use crate::worker::Job;

/// What is known about a part before it is done; afterwards the handler has consumed the job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Expected {
    /// Estimated, in seconds of one core; `None` if there is no plan yet.
    work_s: Option<f64>,
    /// Seconds of film that each encode of the part has.
    media_s: f64,
    /// For a rendition: whether it is a copy, whether an earlier one has its picture, and how many partners get it.
    wish: Option<Wish>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    copied: bool,
    shared: bool,
    partners: usize,
}

impl Expected {
    pub(crate) fn of(job: &Job, stage: Stage) -> Self {
        let (plan, info) = (job.submission.plan.as_ref(), job.submission.media_info.as_ref());
        let estimate = plan.zip(info).map(|(plan, info)| Estimate::of(plan, info));
        Self {
            work_s: estimate.map(|estimate| estimate.of_part(stage, &job.part)),
            media_s: plan.map_or(0.0, |plan| media_s(plan, &job.part)),
            wish: plan.zip(rendition_of(&job.part)).and_then(|(plan, name)| wish(plan, name)),
        }
    }
}

fn media_s(plan: &Plan, part: &Part) -> f64 {
    let frames = match part {
        Part::Segment(index) => plan.segments.iter().find(|it| it.index == *index).map_or(0, |segment| segment.frames),
        Part::Audio => plan.picture.frames,
        Part::Mezzanine | Part::Rendition(_) | Part::Partner(_) => 0,
    };
    frames as f64 / plan.picture.frame_rate.value()
}

fn rendition_of(part: &Part) -> Option<&pipeline::id::RenditionName> {
    match part {
        Part::Rendition(name) => Some(name),
        Part::Mezzanine | Part::Segment(_) | Part::Audio | Part::Partner(_) => None,
    }
}

fn wish(plan: &Plan, name: &pipeline::id::RenditionName) -> Option<Wish> {
    let at = plan.renditions.iter().position(|rendition| rendition.name == *name)?;
    let this: &PlannedRendition = &plan.renditions[at];
    let copied = this.video == VideoSource::Copied;
    let shared = !copied && plan.renditions[..at].iter().any(|other| other.video == this.video);
    Some(Wish { copied, shared, partners: this.partners.len() })
}

/// Counts the results in `output`.
pub(crate) async fn done(
    metrics: &Metrics,
    store: &Store,
    claim: &Claim,
    expected: &Expected,
    output: &Output,
    took: Duration,
) {
    let media = &metrics.media;
    if let Some(work_s) = work_of(expected, output) {
        media.work_seconds.with_label_values(&[claim.stage.name()]).inc_by(work_s);
    }
    match output {
        Output::Encoded { files, .. } if !files.is_empty() => {
            let track = if claim.part == Part::Audio { "sound" } else { "picture" };
            let made_s = expected.media_s * files.len() as f64;
            media.encoded_media_seconds.with_label_values(&[track]).inc_by(made_s);
            media.encoding_seconds.with_label_values(&[track]).inc_by(took.as_secs_f64());
            if claim.part != Part::Audio {
                media.encode_speed.observe(made_s / took.as_secs_f64().max(0.001));
            }
        }
        Output::Assembled { rendition } => {
            for (met, files) in expected.wish.map(|wish| met(wish, rendition)).into_iter().flatten() {
                media.wishes.with_label_values(&[met]).inc_by(files);
            }
        }
        Output::Published { .. } => landed(metrics, store, claim).await,
        Output::Encoded { .. } | Output::Probed { .. } | Output::Screened { .. } => {}
    }
}

/// The probe has no plan before it; its own result gives the estimate.
fn work_of(expected: &Expected, output: &Output) -> Option<f64> {
    match output {
        Output::Probed { media_info, .. } => Some(Estimate::of_probe(media_info)),
        Output::Screened { .. } | Output::Encoded { .. } | Output::Assembled { .. } | Output::Published { .. } => {
            expected.work_s
        }
    }
}

/// How the requests for one file were met: the first partner's by making it or by something cheaper, the others' by
/// that file.
fn met(wish: Wish, rendition: &StoredRendition) -> [(&'static str, u64); 2] {
    let first = if rendition.reused_from.is_some() {
        "reused"
    } else if wish.copied {
        "passed_through"
    } else if wish.shared {
        "shared"
    } else {
        "made"
    };
    [(first, 1), ("shared", wish.partners.saturating_sub(1) as u64)]
}

async fn landed(metrics: &Metrics, store: &Store, claim: &Claim) {
    let Part::Partner(partner) = &claim.part else { return };
    match store.landed(claim.submission, claim.run, partner).await {
        Ok(Some(landed)) if landed.state == "live" => {
            let partner = [partner.as_str()];
            metrics.time_to_live_seconds.with_label_values(&partner).observe(landed.since_s.max(0.0));
            metrics.delivered_media_seconds.with_label_values(&partner).inc_by(landed.media_s);
        }
        Ok(_) => {}
        // Only a metric is missing; the delivery itself is valid.
        Err(error) => warn!("a delivery to {partner} is missing in the metrics: {error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(reused: bool) -> StoredRendition {
        let file = serde_json::json!({ "key": "k", "bytes": 1, "sha256": "00" });
        let from = serde_json::json!({ "submission": uuid::Uuid::nil(), "run": 1 });
        serde_json::from_value(serde_json::json!({
            "video": file, "cover": null, "width": 16, "height": 9, "duration_ms": 1, "qc": [], "engine": "e",
            "reused_from": reused.then_some(from),
        }))
        .unwrap()
    }

    #[test]
    fn only_the_first_of_equal_wishes_is_made() {
        let wish = Wish { copied: false, shared: false, partners: 3 };
        assert_eq!(met(wish, &stored(false)), [("made", 1), ("shared", 2)]);
        assert_eq!(met(wish, &stored(true)), [("reused", 1), ("shared", 2)]);
        assert_eq!(met(Wish { copied: true, ..wish }, &stored(false)), [("passed_through", 1), ("shared", 2)]);
        assert_eq!(met(Wish { shared: true, partners: 1, ..wish }, &stored(false)), [("shared", 1), ("shared", 0)]);
        for (met, _) in met(wish, &stored(false)) {
            assert!(crate::metrics::MET.contains(&met));
        }
    }
}
