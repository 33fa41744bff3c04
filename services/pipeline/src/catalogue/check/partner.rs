//! The limits of a partner's file.
use std::collections::BTreeSet;

use super::{check_known, check_range, wrong};
use crate::catalogue::{CatalogueError, Ladders};
use crate::partner::Partner;

pub(crate) fn check_partner(file: &str, partner: &Partner, ladders: &Ladders) -> Result<(), CatalogueError> {
    check_known(file, "rungs", &partner.rungs, &ladders.rungs.keys().collect::<Vec<_>>())?;
    if let Some(spec) = &partner.passthrough {
        check_range(file, "passthrough.max_level", spec.max_level, 10..=62)?;
        check_range(file, "passthrough.max_side_pixels", spec.max_side_pixels, 16..=8192)?;
        check_range(file, "passthrough.max_frame_rate", spec.max_frame_rate, 1..=240)?;
        check_range(file, "passthrough.max_peak_bitrate_kbps", spec.max_peak_bitrate_kbps, 100..=400_000)?;
        check_range(file, "passthrough.max_key_frame_interval_ms", spec.max_key_frame_interval_ms, 100..=60_000)?;
        if spec.profiles.is_empty() {
            return Err(wrong(file, Some("passthrough.profiles"), "is empty; such as [\"High\", \"Main\"]"));
        }
    }
    if let Some(window) = &partner.window {
        check_range(file, "window.from_hour", window.from_hour, 0..=23)?;
        check_range(file, "window.to_hour", window.to_hour, 1..=24)?;
        if window.from_hour == window.to_hour {
            return Err(wrong(
                file,
                Some("window.to_hour"),
                "is the hour at which it opens; leave window out for the whole day",
            ));
        }
    }
    check_range(file, "recall_within_h", partner.recall_within_h, 1..=24 * 30)?;
    if let Some(site) = partner.sites.iter().find(|site| !is_host(site)) {
        return Err(wrong(
            file,
            Some("sites"),
            format!("{site:?} is no host; write it in lower case, such as \"example.com\""),
        ));
    }
    let mut shapes = BTreeSet::new();
    for cover in &partner.covers {
        check_range(file, "covers.width_pixels", cover.width_pixels, 64..=4096)?;
        check_range(file, "covers.min_width_pixels", cover.min_width_pixels, 0..=cover.width_pixels)?;
        check_range(file, "covers.min_height_pixels", cover.min_height_pixels, 0..=4096)?;
        check_range(file, "covers.max_bytes", cover.max_bytes.unwrap_or(u64::MAX), 16_000..=u64::MAX)?;
        if !shapes.insert(cover.aspect.to_string()) {
            return Err(wrong(file, Some("covers.aspect"), format!("{} is asked for twice", cover.aspect)));
        }
    }
    let limits = &partner.limits;
    if let Some(limit) = &limits.calls_per_minute {
        check_range(file, "limits.calls_per_minute.value", limit.value, 1..=60_000)?;
    }
    if let Some(limit) = &limits.max_side_pixels {
        check_range(file, "limits.max_side_pixels.value", limit.value, 16..=8192)?;
    }
    if let Some(limit) = &limits.max_bitrate_kbps {
        check_range(file, "limits.max_bitrate_kbps.value", limit.value, 100..=400_000)?;
    }
    if let Some(limit) = &limits.max_audio_bitrate_kbps {
        check_range(file, "limits.max_audio_bitrate_kbps.value", limit.value, 32..=512)?;
    }
    if let (Some(min), Some(max)) = (&limits.title_min_chars, &limits.title_max_chars) {
        check_range(file, "limits.title_min_chars.value", min.value, 0..=max.value)?;
    }
    if let Some(limit) = &limits.max_size_bytes {
        check_range(file, "limits.max_size_bytes.value", limit.value, 1_000_000..=1 << 40)?;
    }
    Ok(())
}

/// A name in the DNS, with at least one dot.
fn is_host(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let label = |part: &str| !part.is_empty() && part.len() <= 63 && part.chars().all(letter);
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}
