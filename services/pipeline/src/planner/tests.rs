//! What the planner makes of typical sources.
use crate::media_info::*;

/// A plain 1080p25 picture of 61 s.
pub(super) fn video() -> VideoInfo {
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
        bitrate_kbps: 23_000,
        peak_bitrate_kbps: 35_000,
        black: vec![],
        frozen: vec![],
    }
}
