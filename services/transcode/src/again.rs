//! Which segments of a rendition are encoded again because, joined to the ones before them, they break the cap. Pure.
use std::collections::BTreeMap;

use media::protocol::Overdrawn;
use pipeline::rendition::{QcCheck, QcOutcome, VideoEncode};

/// Most tries of one segment; then a person has to decide.
const MAX_TRIES: usize = 3;
/// What is left free of the buffer at each try, as a part of its size: x264 hits its aim to a few percent, and a second
/// try is there because the first one missed.
const MARGINS: [f64; MAX_TRIES] = [0.03, 0.10, 0.25];
/// The lowest fill that x264 accepts: the first picture has to fit into the buffer.
const EMPTIEST: f64 = 0.02;

/// The segments of one rendition that were encoded again, and for which fill of the decoder's buffer: each try of each.
#[derive(Clone, Debug, Default)]
pub struct Again {
    starts: BTreeMap<u32, Vec<f64>>,
}

impl Again {
    /// The fill that segment `index` was last encoded for; `None` if it was encoded as planned.
    pub fn start_of(&self, index: u32) -> Option<f64> {
        self.starts.get(&index)?.last().copied()
    }

    /// What to encode again, now that the joined picture was seen: segment and encode, with a lower start than before. Empty
    /// when nothing is wrong or no further try is worth it; quality control then has the last word.
    pub fn next(&mut self, encode: &VideoEncode, overdrawn: &[Overdrawn]) -> Vec<(u32, VideoEncode)> {
        let mut wanted = Vec::new();
        for found in overdrawn {
            let before = self.start_of(found.segment).unwrap_or(encode.buffer_start);
            let tries = self.starts.entry(found.segment).or_default();
            let Some(margin) = MARGINS.get(tries.len()) else { continue };
            // If it was encoded for less than there was, x264 itself missed its aim, and gets a still lower fill.
            let start = (found.held.min(before) - margin).max(EMPTIEST);
            if start >= before {
                continue;
            }
            tries.push(start);
            wanted.push((found.segment, VideoEncode { buffer_start: start, ..encode.clone() }));
        }
        self.starts.retain(|_, tries| !tries.is_empty());
        wanted
    }

    /// The row of quality control that records it.
    pub fn check(&self) -> QcCheck {
        let segment = |(index, tries): (&u32, &Vec<f64>)| {
            let starts: Vec<String> = tries.iter().map(|start| format!("{:.0} %", start * 100.0)).collect();
            format!("segment {index} for a buffer filled to {}", starts.join(", then "))
        };
        let measured = match self.starts.len() {
            0 => "none".to_owned(),
            _ => self.starts.iter().map(segment).collect::<Vec<_>>().join("; "),
        };
        let limit = format!("at most {MAX_TRIES} times each");
        QcCheck { check: "encoded_again".into(), measured, limit, outcome: QcOutcome::Pass }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode() -> VideoEncode {
        VideoEncode {
            id: "v1".into(),
            width: 1920,
            height: 1080,
            crf: 20.0,
            max_bitrate_kbps: 10_000,
            buffer_kbit: 15_000,
            buffer_start: 0.5,
            gop_frames: 50,
            level: 40,
            preset: "medium".into(),
            target: None,
            threads: 1,
        }
    }

    fn found(segment: u32, held: f64) -> Overdrawn {
        Overdrawn { segment, held, lowest_kbit: -100.0 }
    }

    fn starts(wanted: &[(u32, VideoEncode)]) -> Vec<(u32, f64)> {
        wanted.iter().map(|(segment, encode)| (*segment, (encode.buffer_start * 100.0).round() / 100.0)).collect()
    }

    #[test]
    fn only_what_breaks_the_cap_is_encoded_again_for_less_than_there_is() {
        let mut again = Again::default();
        assert!(again.next(&encode(), &[]).is_empty());
        let wanted = again.next(&encode(), &[found(2, 0.3), found(5, 0.4)]);
        assert_eq!(starts(&wanted), [(2, 0.27), (5, 0.37)]);
        assert_eq!(VideoEncode { buffer_start: 0.5, ..wanted[0].1.clone() }, encode());
        assert_eq!((again.start_of(2).is_some(), again.start_of(3)), (true, None));
        // Once more, with more left free; and once more where the first segments left less than was guessed.
        assert_eq!(starts(&again.next(&encode(), &[found(2, 0.3)])), [(2, 0.17)]);
        assert_eq!(starts(&again.next(&encode(), &[found(2, 0.3), found(5, 0.2)])), [(2, 0.02), (5, 0.1)]);
        let row = again.check();
        assert_eq!(
            row.measured,
            "segment 2 for a buffer filled to 27 %, then 17 %, then 2 %; segment 5 for a buffer filled to 37 %, then 10 %"
        );
    }

    #[test]
    fn tries_are_bounded_and_none_is_the_same_as_the_one_before() {
        let mut again = Again::default();
        let tries = (0..10).filter(|_| !again.next(&encode(), &[found(0, 0.5)]).is_empty()).count();
        assert_eq!(tries, MAX_TRIES);
        assert_eq!(Again::default().check().measured, "none");
        let empty = VideoEncode { buffer_start: EMPTIEST, ..encode() };
        assert!(Again::default().next(&empty, &[found(1, 0.5)]).is_empty());
    }
}
