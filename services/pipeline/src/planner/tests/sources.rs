//! A plain source for tests of plans and of screening.
use crate::media_info::*;

/// A plain 1080p25 picture of 61 s at a camera's rate.
pub(crate) fn video() -> VideoInfo {
    VideoInfo {
        stream: 0,
        codec: "h264".into(),
        profile: "High".into(),
        level: 40,
        pixel_format: "yuv420p".into(),
        bit_depth: 8,
        coded_width: 1920,
        coded_height: 1080,
        display_width: 1920,
        display_height: 1080,
        rotation_degrees: 0,
        mirrored: false,
        pixel_aspect: Ratio::ONE,
        frames: 1525,
        start_ms: 0,
        duration_ms: 61_000,
        last_picture_stays_ms: 0,
        frame_rate: Ratio::new(25, 1),
        variable_rate: false,
        field_order: FieldOrder::Progressive,
        colour: Colour {
            matrix: "bt709".into(),
            primaries: "bt709".into(),
            transfer_name: "bt709".into(),
            transfer: Transfer::Sdr,
            full_range: false,
        },
        max_key_frame_interval_ms: 2000,
        closed_gops: true,
        begins_with_idr: true,
        uniform: true,
        key_frame_pace_frames: 25,
        entry_points: None,
        bitrate_kbps: 23_000,
        peak_bitrate_kbps: 35_000,
        trial: None,
        black: vec![],
        frozen: vec![],
        calm: vec![],
        bytes_by_second: vec![],
        scene_changes_ms: vec![],
        cover_candidates_ms: vec![],
    }
}

/// Plain stereo AAC.
pub(crate) fn audio() -> AudioInfo {
    AudioInfo {
        stream: 1,
        codec: "aac".into(),
        profile: "LC".into(),
        sample_rate: 48_000,
        channels: 2,
        layout: "stereo".into(),
        start_ms: 0,
        duration_ms: 61_000,
        bitrate_kbps: 192,
        loudness_lufs: Some(-18.3),
        true_peak_dbtp: Some(-1.1),
        silent: vec![],
        quiet: vec![],
        short_term: None,
    }
}

/// An entry that keeps every rule of the call.
pub(crate) fn info() -> MediaInfo {
    MediaInfo {
        size_bytes: 177_000_000,
        format: "mp4".into(),
        brand: "isom".into(),
        compatible_brands: vec!["isom".into(), "iso2".into(), "avc1".into(), "mp41".into()],
        duration_ms: 61_000,
        bitrate_kbps: 23_200,
        video: video(),
        audio: Some(audio()),
        streams: StreamCount { video: 1, audio: 1, other: 0 },
        other_tracks: vec![],
        decode_errors: 0,
        damage: vec![],
        aigc: None,
        oddities: vec![],
    }
}
