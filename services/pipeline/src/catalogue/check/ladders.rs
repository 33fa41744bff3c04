//! The limits of the ladder.
use super::{PLAIN, check_range, is_plain, listed, wrong};
use crate::catalogue::{CatalogueError, Ladders, Quicker};

/// x264's presets, without `ultrafast`, which disables the tools of the High profile, and `placebo`, which costs hours
/// without a visible benefit.
const PRESETS: [&str; 8] = ["superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

const FILE: &str = "ladders.toml";

pub(crate) fn check_ladders(ladders: &Ladders) -> Result<(), CatalogueError> {
    let file = FILE;
    let rank = rank(&ladders.preset, "preset")?;
    check_range(file, "threads", ladders.threads, 1..=16)?;
    check_range(file, "gop_s", ladders.gop_s, 1..=10)?;
    check_range(file, "buffer_s", ladders.buffer_s, 0.5..=4.0)?;
    check_range(file, "segment_s", ladders.segment_s, 0..=60)?;
    check_range(file, "segment_buffer_start", ladders.segment_buffer_start, 0.1..=0.9)?;
    check_quicker(&ladders.quicker, rank)?;
    if ladders.rungs.is_empty() {
        return Err(wrong(file, Some("rungs"), "is empty; name at least one rung"));
    }
    for (name, rung) in &ladders.rungs {
        let key = |field| format!("rungs.{name}.{field}");
        if !is_plain(name.as_str()) {
            return Err(wrong(file, Some(&format!("rungs.{name}")), format!("is no name of a rung; {PLAIN}")));
        }
        check_range(file, &key("short_side"), rung.short_side, 16..=4320)?;
        if rung.short_side % 2 == 1 {
            let problem = format!("{} is odd; 4:2:0 needs even sizes", rung.short_side);
            return Err(wrong(file, Some(&key("short_side")), problem));
        }
        check_range(file, &key("crf"), rung.crf, 0.0..=51.0)?;
        check_range(file, &key("max_bitrate_kbps"), rung.max_bitrate_kbps, 100..=200_000)?;
        check_range(file, &key("audio_bitrate_kbps"), rung.audio_bitrate_kbps, 32..=320)?;
        check_range(file, &key("loudness_lufs"), rung.loudness_lufs, -40.0..=-5.0)?;
        check_range(file, &key("loudness_tolerance_lu"), rung.loudness_tolerance_lu, 0.1..=10.0)?;
        check_range(file, &key("true_peak_dbtp"), rung.true_peak_dbtp, -12.0..=0.0)?;
    }
    Ok(())
}

/// The place of a preset among x264's, quickest first.
fn rank(preset: &str, key: &str) -> Result<usize, CatalogueError> {
    let unknown = || wrong(FILE, Some(key), format!("{preset:?} is no preset; allowed are {}", listed(&PRESETS)));
    PRESETS.iter().position(|known| *known == preset).ok_or_else(unknown)
}

/// Settings that claim to be quicker are, and each row leaves something to the next one of its purpose.
fn check_quicker(rows: &[Quicker], target: usize) -> Result<(), CatalogueError> {
    for (index, row) in rows.iter().enumerate() {
        if rank(&row.preset, "quicker.preset")? >= target {
            let problem = format!("{} is not quicker than the ladder's preset", row.preset);
            return Err(wrong(FILE, Some("quicker.preset"), problem));
        }
        check_range(FILE, "quicker.crf_less", row.crf_less, 0.0..=10.0)?;
        check_range(FILE, "quicker.up_to", row.up_to, 0.0..=1.0)?;
        let mut before = rows.iter().take(index).filter(|other| other.purpose == row.purpose);
        if before.any(|other| other.up_to >= row.up_to) {
            let problem = "rises from row to row of one purpose, since the first that applies is taken";
            return Err(wrong(FILE, Some("quicker.up_to"), problem));
        }
    }
    Ok(())
}
