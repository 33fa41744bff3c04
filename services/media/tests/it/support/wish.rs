//! What a test wants to be made of a source, and what was made.
use media::protocol::{AssembleReport, AudioReport, CoverWish, CoversReport, QcReport};
use pipeline::media_info::{MediaInfo, Ratio};
use pipeline::rendition::{AudioEncode, Picture, QcOutcome, Segment, VideoEncode};

/// What `render` makes.
pub struct Wish {
    pub video: VideoEncode,
    pub segment_frames: u64,
    pub rate: Option<Ratio>,
    pub covers: Vec<CoverWish>,
    pub cover_candidates_ms: Vec<u64>,
}

impl Wish {
    /// One segment of this size.
    pub fn size(width: u32, height: u32) -> Self {
        let video = VideoEncode {
            id: "v1".into(),
            width,
            height,
            crf: 20.0,
            max_bitrate_kbps: 4000,
            buffer_kbit: 4000,
            buffer_start: 0.5,
            gop_frames: 25,
            level: 31,
            preset: "veryfast".into(),
            target: None,
            threads: 1,
        };
        Self { video, segment_frames: u64::MAX, rate: None, covers: vec![], cover_candidates_ms: vec![] }
    }
}

/// What `render` made.
pub struct Rendered {
    pub source: MediaInfo,
    pub picture: Picture,
    pub sound: AudioReport,
    pub assembled: AssembleReport,
    pub covers: CoversReport,
    pub qc: QcReport,
}

impl Rendered {
    /// Every check passed.
    pub fn assert_good(&self) {
        let wrong: Vec<_> = self.qc.checks.iter().filter(|check| check.outcome != QcOutcome::Pass).collect();
        assert!(self.qc.pass && wrong.is_empty(), "{wrong:#?}");
        assert!(self.qc.checks.len() > 20);
    }
}

/// Output frames of a source.
pub fn picture(info: &MediaInfo, rate: Option<Ratio>) -> Picture {
    let video = &info.video;
    let frame_rate = rate.unwrap_or(video.frame_rate);
    Picture {
        stream: video.stream,
        rotation_degrees: video.rotation_degrees,
        mirrored: video.mirrored,
        field_order: video.field_order,
        transfer: video.colour.transfer,
        matrix: video.colour.matrix.clone(),
        full_range: video.colour.full_range,
        frame_rate,
        frames: (video.duration_ms as f64 / 1000.0 * frame_rate.value()).round() as u64,
        lead_frames: 0,
        hold_frames: 0,
        entry_points: video.entry_points.clone(),
    }
}

pub fn cut(frames: u64, length: u64) -> Vec<Segment> {
    let starts = (0..frames).step_by(usize::try_from(length).unwrap_or(usize::MAX));
    let segment = |(index, first_frame): (usize, u64)| Segment {
        index: index as u32,
        first_frame,
        frames: length.min(frames - first_frame),
    };
    starts.enumerate().map(segment).collect()
}

/// The social rung's sound.
pub fn audio(info: &MediaInfo) -> AudioEncode {
    AudioEncode {
        id: "a1".into(),
        stream: info.audio.as_ref().map(|audio| audio.stream),
        channels: 2,
        sample_rate: 48_000,
        bitrate_kbps: 128,
        loudness_lufs: -15.0,
        loudness_tolerance_lu: 2.0,
        true_peak_dbtp: -2.0,
    }
}
