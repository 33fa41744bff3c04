//! Decodes a whole file once, under a budget, and says what was there. No header is believed where a thing can be counted.
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::fingerprint::Fingerprint;
use pipeline::media_info::{MediaInfo, Outline, StreamCount, Stretch};
use pipeline::rejection::Rejection;

use crate::av::{self, Medium};
use crate::child::protocol::{Limits, ProbeReport};
use crate::decode::{self, Tally};
use crate::error::{Error, Result};
use crate::preview::Preview;
use crate::source::Source;
use crate::tracks;
use picture::PictureMeasure;
use sound::{Extras, SoundMeasure};

mod access;
mod aigc;
mod bitrate;
mod chroma;
mod luma;
mod oddities;
mod outline;
mod pace;
mod picture;
mod scene;
mod short_term;
pub(crate) mod sound;
mod still;
mod stretch;
mod thumb;

/// Says what the headers of the file at `path` claim; `None` where they do not say how long it is.
///
/// # Errors
/// As [`report`], for what shows without decoding all of it.
pub(crate) fn outline(path: &Path, limits: &Limits) -> Result<Option<Outline>> {
    let source = Source::open(path, limits)?;
    let choice = source.choice();
    let video = choice.picture.ok_or(Rejection::NoVideo)?;
    let audio = choice.sound;
    // What the probe will refuse by the headers alone is not praised before.
    if let Some(obstacle) =
        [Some(video), audio].into_iter().flatten().find_map(|index| decode::obstacle(&source, index))
    {
        return Err(obstacle.into());
    }
    let outline = outline::of(&source, video, audio);
    if let Some(outline) = &outline {
        refuse_claims(&source, &[(Some(video), outline.picture_ms), (audio, outline.duration_ms)])?;
    }
    Ok(outline)
}

/// Measures the file at `path` and takes its fingerprint. `progress` hears how much of the bytes has been read, 0 to 1. Where there is
/// a `preview` directory, the same decode leaves a proxy and a storyboard there, and cover candidates are found.
///
/// # Errors
/// A rejection when the content is no entry's: an unknown format, no picture, a foreign codec, a change midway, damage,
/// or more than the limits allow.
pub fn report(
    path: &Path,
    limits: &Limits,
    preview: Option<&Path>,
    progress: &mut dyn FnMut(f64),
) -> Result<ProbeReport> {
    measure(
        path,
        limits,
        Wanted { fingerprint: true, curve: true, entry_points: true, preview },
        &mut |_, _| (),
        progress,
    )
}

/// Measures the file at `path` and nothing else.
///
/// # Errors
/// As [`report`].
pub fn probe(path: &Path, limits: &Limits, progress: &mut dyn FnMut(f64)) -> Result<MediaInfo> {
    let wanted = Wanted { curve: true, entry_points: true, ..Wanted::default() };
    Ok(measure(path, limits, wanted, &mut |_, _| (), progress)?.media_info)
}

/// Measures the file at `path`; `watch` sees each picture that players would show, with its time in µs after the first.
///
/// # Errors
/// As [`report`].
pub(crate) fn watch(
    path: &Path,
    limits: &Limits,
    watch: &mut Watch,
    progress: &mut dyn FnMut(f64),
) -> Result<MediaInfo> {
    Ok(measure(path, limits, Wanted::default(), watch, progress)?.media_info)
}

/// Sees the pictures that are decoded anyway: µs after the first one, and the picture.
pub(crate) type Watch<'a> = dyn FnMut(i64, &frame::Video) + 'a;

/// What is wanted besides measures.
#[derive(Clone, Copy, Default)]
struct Wanted<'a> {
    fingerprint: bool,
    /// Whether loudness is measured over time.
    curve: bool,
    /// Whether to try where decoding may begin; for our own files this is known.
    entry_points: bool,
    /// Where a proxy and a storyboard go.
    preview: Option<&'a Path>,
}

fn measure(
    path: &Path,
    limits: &Limits,
    Wanted { fingerprint, curve, entry_points, preview }: Wanted,
    watch: &mut Watch,
    progress: &mut dyn FnMut(f64),
) -> Result<ProbeReport> {
    let mut source = Source::open(path, limits)?;
    let streams = count(&source);
    let tracks = source.tracks();
    let choice = tracks::choose(&tracks);
    let video = choice.picture.ok_or(Rejection::NoVideo)?;
    let audio = choice.sound;
    let kept: Vec<usize> = [Some(video), audio].into_iter().flatten().collect();
    source.keep_only(&kept);

    let mut tally = Tally::default();
    let mut picture = PictureMeasure::open(&source, video, limits, fingerprint)?;
    let extras = Extras { fingerprint, curve };
    let open = |index| Ok::<_, Error>(SoundMeasure::open(&source, index, limits)?.with(extras));
    let mut sound = audio.map(open).transpose()?;
    let mut preview = preview.map(|dir| Preview::new(dir, audio.is_some()));
    while let Some(packet) = tally.next(&mut source, limits)? {
        if packet.position() > 0 && source.size_bytes > 0 {
            progress(packet.position() as f64 / source.size_bytes as f64);
        }
        if packet.stream() == video {
            picture.packet(&source, Some(&packet), limits, &mut tally, preview.as_mut(), watch)?;
        } else if let Some(sound) = sound.as_mut().filter(|_| Some(packet.stream()) == audio) {
            sound.packet(Some(&packet), &mut tally, preview.as_mut())?;
        }
    }
    picture.packet(&source, None, limits, &mut tally, preview.as_mut(), watch)?;
    if let Some(sound) = &mut sound {
        sound.packet(None, &mut tally, preview.as_mut())?;
    }
    refuse_damage(&picture, &tally)?;
    let (conflict, by_order) = (picture.colour_in_conflict(), picture.is_placed_by_order());
    let begin_us = picture.begin_us();

    let origin_us = source.origin_us();
    let items = sound.as_mut().map(SoundMeasure::chromaprint).unwrap_or_default();
    let fingerprint = picture.album().map(|album| Fingerprint::new(album, items)).unwrap_or_default();
    let (mut video, access) = picture.finish(origin_us)?;
    if by_order {
        // Times are counted from the beginning.
        video.entry_points = Some(Vec::new());
    } else if entry_points && !source.format.is_discontinuous() {
        video.entry_points = access.prove(path, &video, limits);
    }
    let audio = sound.and_then(|sound| sound.finish(origin_us));
    if let Some(preview) = preview {
        let end_us = i64::try_from(video.duration_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
        video.cover_candidates_ms = preview.finish(end_us)?;
    }
    let mut info = MediaInfo {
        size_bytes: source.size_bytes,
        format: source.format.name().into(),
        brand: source.brand.clone(),
        compatible_brands: source.compatible_brands.clone(),
        duration_ms: 0,
        bitrate_kbps: 0,
        video,
        audio,
        streams,
        other_tracks: tracks::others(&tracks, choice),
        decode_errors: tally.errors,
        damage: Vec::new(),
        aigc: aigc::find(&source),
        oddities: Vec::new(),
    };
    info.duration_ms = duration_ms(&info);
    info.bitrate_kbps = source.size_bytes.saturating_mul(8) / info.duration_ms.max(1);
    let decoded = |index: u32| usize::try_from(index).ok();
    let sound = info.audio.as_ref().map_or((None, 0), |sound| (decoded(sound.stream), sound.duration_ms));
    refuse_claims(&source, &[(decoded(info.video.stream), info.video.duration_ms), sound])?;
    // Of a film whose pictures are placed by their order, what is stored beside them says nothing of when they are shown.
    if !by_order {
        let length_ms = info.video.duration_ms.saturating_add(info.sound_after_ms());
        info.damage = tally.damage.finish(begin_us, i64::try_from(length_ms.saturating_mul(1000)).unwrap_or(i64::MAX));
    }
    info.oddities = oddities::of(&source, &info, conflict, by_order);
    // Where only the sound plays on, the last picture stands.
    let (end, after) = (info.video.duration_ms, info.sound_after_ms());
    if after >= picture::MIN_FROZEN_MS {
        info.video.frozen.push(Stretch { start_ms: end, end_ms: end.saturating_add(after) });
    }
    Ok(ProbeReport { media_info: info, fingerprint })
}

/// From the first of picture and sound to the end of the last.
fn duration_ms(info: &MediaInfo) -> u64 {
    let picture = (info.video.start_ms, info.video.start_ms.saturating_add_unsigned(info.video.duration_ms));
    let sound = info
        .audio
        .as_ref()
        .map_or(picture, |sound| (sound.start_ms, sound.start_ms.saturating_add_unsigned(sound.duration_ms)));
    sound.1.max(picture.1).abs_diff(sound.0.min(picture.0))
}

fn count(source: &Source) -> StreamCount {
    let mut count = StreamCount::default();
    for facts in source.streams() {
        match facts.medium {
            Medium::Video => count.video += 1,
            Medium::Audio => count.audio += 1,
            Medium::Other => count.other += 1,
        }
    }
    count
}

/// Players forgive a damaged frame here and there; a work of which every fourth frame is damaged is none.
fn refuse_damage(picture: &PictureMeasure, tally: &Tally) -> Result<()> {
    // An edit list that shows nothing, or a track of no samples.
    if picture.frames() == 0 && tally.errors == 0 {
        return Err(Rejection::NoVideo.into());
    }
    if picture.frames() == 0 || tally.errors > picture.frames() / 4 + 3 {
        return Err(Rejection::damaged(tally.errors.max(1)).into());
    }
    // A few come too late in honest files; more are a part of the work that nobody would see.
    if picture.late() > picture.frames() / 50 + 3 {
        return Err(Rejection::TimeRunsBackwards { frames: picture.late() }.into());
    }
    Ok(())
}

/// Whether a length that a header claims is more than rounding, and more than any honest writer leaves behind.
fn is_far_above(claimed_ms: u64, decoded_ms: u64) -> bool {
    claimed_ms > decoded_ms.saturating_mul(2).saturating_add(10_000)
}

/// Refuses a file whose picture or sound, by their own headers, last more than twice as long as what there is: a viewer would miss the
/// rest. `decoded` has the stream of each and how long it is, ms. What the movie header or another track says is none of a viewer's
/// business. Fragments come with headers that do not know yet how long the whole is.
fn refuse_claims(source: &Source, decoded: &[(Option<usize>, u64)]) -> Result<()> {
    for (index, decoded_ms) in decoded.iter().copied() {
        let Some(track) = index.and_then(|index| source.track(index)).filter(|_| !source.structure.fragmented) else {
            continue;
        };
        // A sound's last sample that lasts until the picture ends is silence. A picture's last one is seen for as long, or not believed.
        let silent_ms = if &track.handler == b"soun" { track.length.last_ms() } else { 0 };
        let claimed_ms = track.length.claimed_ms().saturating_sub(silent_ms);
        if is_far_above(claimed_ms, decoded_ms) {
            return Err(Rejection::MisleadingHeader { claimed_ms, decoded_ms }.into());
        }
    }
    Ok(())
}

/// Ticks of a time base as microseconds.
pub(crate) fn to_us(ticks: i64, base: av::Rational) -> i64 {
    let us = i128::from(ticks) * i128::from(base.num) * 1_000_000 / i128::from(base.den.max(1));
    i64::try_from(us).unwrap_or(if us < 0 { i64::MIN } else { i64::MAX })
}

/// Microseconds as milliseconds, rounded to the nearest.
fn to_ms(us: i64) -> i64 {
    us.saturating_add(500).div_euclid(1000)
}

fn whole_ms(us: i64) -> u64 {
    u64::try_from(to_ms(us)).unwrap_or(0)
}
