//! The leaky bucket of a decoder's buffer.
use super::*;

/// 1000 kbit/s into 1000 kbit, 40 kbit a frame.
fn encode() -> VideoEncode {
    VideoEncode {
        id: "v1".into(),
        width: 320,
        height: 180,
        crf: 20.0,
        max_bitrate_kbps: 1000,
        buffer_kbit: 1000,
        buffer_start: 0.5,
        gop_frames: 25,
        level: 31,
        preset: "veryfast".into(),
        target: None,
        threads: 1,
    }
}

const RATE: Ratio = Ratio { num: 25, den: 1 };

#[test]
fn a_bucket_fills_at_the_caps_rate_and_never_over_its_brim() {
    let mut bucket = Bucket::new(&encode(), RATE, 0.5);
    assert_eq!(bucket.take(100_000), 400.0);
    assert_eq!(bucket.part(), 0.44);
    assert_eq!(bucket.take(540_000), -100.0);
    (0..100).for_each(|_| {
        bucket.take(0);
    });
    assert_eq!(bucket.part(), 1.0);
}

/// Segments by their start and the kbit of their pictures; those that take too much.
fn overdrawn(segments: &[(f64, &[u64])]) -> Vec<(u32, f64)> {
    let mut seams = Seams::new(&encode(), RATE, segments[0].0);
    for (index, (start, pictures)) in segments.iter().enumerate() {
        seams.begin(index as u32, *start);
        pictures.iter().for_each(|kbit| seams.take(kbit * 1000));
    }
    seams.finish().into_iter().map(|found| (found.segment, (found.held * 1000.0).round() / 1000.0)).collect()
}

#[test]
fn a_segment_that_takes_what_the_one_before_it_already_took_is_found() {
    assert_eq!(overdrawn(&[(0.9, &[400, 40]), (0.5, &[400, 40])]), []);
    // 900 − 800 + 40 are left, and the second takes 500.
    assert_eq!(overdrawn(&[(0.9, &[800]), (0.9, &[500, 40])]), [(1, 0.14)]);
    // Alone it would have been within its bucket, so the third is not blamed for what the second took.
    assert_eq!(overdrawn(&[(0.9, &[800]), (0.9, &[500, 40]), (0.5, &[300])]), [(1, 0.14)]);
    // A segment that overdraws its own bucket is found, too, the first as well.
    assert_eq!(overdrawn(&[(0.2, &[300]), (0.5, &[40])]), [(0, 0.2)]);
}
