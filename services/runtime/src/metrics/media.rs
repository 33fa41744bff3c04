//! Produced media: encodes, their speed and cost, and encodes that were not needed.
use pipeline::stage::Stage;
use prometheus::{CounterVec, Histogram, IntCounterVec};

use super::children::ChildrenUsage;
use super::make::{Maker, begin};

/// How a partner's request for a file was met.
pub const MET: [&str; 4] = ["made", "shared", "passed_through", "reused"];
/// Why a sandboxed child was killed early, or ended itself.
pub const CAUSES: [&str; 9] =
    ["sigkill", "sigsegv", "sigabrt", "sigsys", "sigxcpu", "other_signal", "no_answer", "timed_out", "cancelled"];
/// The encoded tracks.
pub const TRACKS: [&str; 2] = ["picture", "sound"];

/// Metrics of the media work.
#[derive(Clone)]
pub struct MediaMetrics {
    /// `reelmill_encoded_media_seconds_total{track}`: seconds of film that encoders produced, counting each encode.
    pub encoded_media_seconds: CounterVec,
    /// `reelmill_encoding_seconds_total{track}`: how long that took, from claim to commit.
    pub encoding_seconds: CounterVec,
    /// `reelmill_encode_speed_ratio`: seconds of film encoded per second, for each segment, all its encodes together.
    pub encode_speed: Histogram,
    /// `reelmill_wishes_total{met}`: files that partners request, by how they were met; only `made` was encoded for
    /// them.
    pub wishes: IntCounterVec,
    /// `reelmill_work_seconds_total{stage}`: estimated work of the finished parts, in seconds of one core.
    pub work_seconds: CounterVec,
    /// `reelmill_children_killed_total{cause}`: sandboxed children that were killed or crashed.
    pub children_killed: IntCounterVec,
}

impl MediaMetrics {
    pub(super) fn new(make: &Maker) -> anyhow::Result<Self> {
        make.add(ChildrenUsage::new()?)?;
        let speeds = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 25.0, 100.0];
        let made = Self {
            encoded_media_seconds: make.float_counters(
                "encoded_media_seconds_total",
                "Seconds of film out of encoders.",
                &["track"],
            )?,
            encoding_seconds: make.float_counters("encoding_seconds_total", "Time spent encoding.", &["track"])?,
            encode_speed: make.histogram("encode_speed_ratio", "Seconds of film encoded in one second.", &speeds)?,
            wishes: make.counters("wishes_total", "Files that partners wish by how they were met.", &["met"])?,
            work_seconds: make.float_counters(
                "work_seconds_total",
                "What parts that were done had been estimated to take, seconds of one core.",
                &["stage"],
            )?,
            children_killed: make.counters(
                "children_killed_total",
                "Sandboxed children that did not end by themselves.",
                &["cause"],
            )?,
        };
        begin(&made.wishes, &MET);
        begin(&made.children_killed, &CAUSES);
        for track in TRACKS {
            made.encoded_media_seconds.with_label_values(&[track]);
            made.encoding_seconds.with_label_values(&[track]);
        }
        for stage in Stage::ALL {
            made.work_seconds.with_label_values(&[stage.name()]);
        }
        Ok(made)
    }
}
