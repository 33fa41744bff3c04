//! `MediaInfo` as a table for people.
use pipeline::media_info::{AudioInfo, FieldOrder, MediaInfo, OtherTrack, Stretch, Transfer, VideoInfo};

use crate::output::{self, Table};

/// All measurements, one per line.
pub(crate) fn media_table(info: &MediaInfo) -> String {
    let mut table = Table::of_facts();
    let brand = if info.brand.is_empty() { String::new() } else { format!(" ({})", info.brand.trim()) };
    table.fact(
        "file",
        format!("{}{brand}, {}, {} kbit/s", info.format, output::bytes(info.size_bytes), info.bitrate_kbps),
    );
    table.fact("duration", output::duration(info.duration_ms));
    let streams = info.streams;
    table.fact("streams", format!("{} picture, {} sound, {} other", streams.video, streams.audio, streams.other));
    video(&mut table, &info.video);
    match &info.audio {
        Some(audio) => sound(&mut table, audio),
        None => table.fact("sound", "none"),
    }
    if !info.other_tracks.is_empty() {
        let other = |other: &OtherTrack| format!("stream {} ({})", other.stream, output::plain(&other.codec));
        table.fact("not used", info.other_tracks.iter().map(other).collect::<Vec<_>>().join(", "));
    }
    table.fact("decode errors", info.decode_errors.to_string());
    if !info.damage.is_empty() {
        table.fact("damaged", stretches(&info.damage));
    }
    table.fact("AI label", info.aigc.as_deref().unwrap_or("none"));
    table.to_string()
}

fn video(table: &mut Table, video: &VideoInfo) {
    let level =
        if video.level > 0 { format!(" level {}.{}", video.level / 10, video.level % 10) } else { String::new() };
    let bits = format!("{}, {} bit", video.pixel_format, video.bit_depth);
    table.fact("picture", format!("{} {}{level}, {bits}", video.codec, video.profile));
    let mut size = format!("{}×{}", video.display_width, video.display_height);
    if (video.coded_width, video.coded_height) != (video.display_width, video.display_height) {
        size += &format!(", coded {}×{}", video.coded_width, video.coded_height);
    }
    if video.rotation_degrees != 0 {
        size += &format!(", turned by {}°", video.rotation_degrees);
    }
    if video.mirrored {
        size += ", mirrored";
    }
    if video.pixel_aspect.num != video.pixel_aspect.den {
        size += &format!(", pixel aspect {}", video.pixel_aspect);
    }
    table.fact("size", size);
    let pace = if video.variable_rate { "variable" } else { "constant" };
    let fields = match video.field_order {
        FieldOrder::Progressive => "progressive",
        FieldOrder::TopFirst => "interlaced, top field first",
        FieldOrder::BottomFirst => "interlaced, bottom field first",
    };
    table.fact("frames", format!("{} at {:.3} fps, {pace}, {fields}", video.frames, video.frame_rate.value()));
    let range = if video.colour.full_range { "full" } else { "limited" };
    let colour = &video.colour;
    let transfer = match colour.transfer {
        Transfer::Sdr => "SDR",
        Transfer::Pq => "HDR (PQ)",
        Transfer::Hlg => "HDR (HLG)",
    };
    let names = format!("{}/{}/{}", colour.matrix, colour.primaries, colour.transfer_name);
    table.fact("colour", format!("{names}, {range} range, {transfer}"));
    let gops = if video.closed_gops { "closed" } else { "open" };
    let pace = match video.key_frame_pace_frames {
        0 => "at no pace".to_owned(),
        frames => format!("at every {frames} frames"),
    };
    let entry = match &video.entry_points {
        None => String::new(),
        Some(points) => format!(", of those marked decoding can begin at {}", points.len()),
    };
    table.fact(
        "key frames",
        format!("at most {} ms apart, {pace}, {gops} GOPs{entry}", video.max_key_frame_interval_ms),
    );
    table.fact("picture bitrate", format!("{} kbit/s, peak {} kbit/s", video.bitrate_kbps, video.peak_bitrate_kbps));
    table.fact("black", stretches(&video.black));
    table.fact("frozen", stretches(&video.frozen));
}

fn sound(table: &mut Table, audio: &AudioInfo) {
    let layout = format!("{} ({} channels)", audio.layout, audio.channels);
    let codec = format!("{} {}", audio.codec, audio.profile);
    table.fact("sound", format!("{}, {} Hz, {layout}, {} kbit/s", codec.trim(), audio.sample_rate, audio.bitrate_kbps));
    let number =
        |value: Option<f64>, unit: &str| value.map_or("silent".to_owned(), |value| format!("{value:.1} {unit}"));
    let (loudness, peak) = (number(audio.loudness_lufs, "LUFS"), number(audio.true_peak_dbtp, "dBTP"));
    table.fact("loudness", format!("{loudness}, true peak {peak}"));
    table.fact("silent", stretches(&audio.silent));
}

/// The first ranges; a broken file may have thousands.
fn stretches(stretches: &[Stretch]) -> String {
    const SHOWN: usize = 5;
    let span =
        |stretch: &Stretch| format!("{}–{}", output::duration(stretch.start_ms), output::duration(stretch.end_ms));
    let mut text = stretches.iter().take(SHOWN).map(span).collect::<Vec<_>>().join(", ");
    if stretches.len() > SHOWN {
        text += &format!(" and {} more", stretches.len() - SHOWN);
    }
    text
}
