//! Decodes a whole file once, under a budget, and measures it. Whatever can be counted is counted and not taken from a header.
//!
//! | question | file |
//! |---|---|
//! | what do headers claim, before anything is decoded? | `outline` |
//! | how large is the picture, how fast, and how is it coded and shown? | `picture`, `geometry`, `pace`, `bitrate` |
//! | what is seen: brightness, cuts, stretches of black and of stillness? | `luma`, `scene`, `still`, `stretch` |
//! | what is heard: loudness, true peak, silence? | `sound`, `short_term` |
//! | how hard is it to encode? | `trial` |
//! | what goes into the fingerprint? | `thumb`, `chroma` |
//! | at which pictures can decoding begin? | `access` |
//! | which label declares the use of AI? | `aigc` |
//! | what is odd, and what is refused? | `oddities`, `refuse` |
use std::path::Path;

use pipeline::fingerprint::Fingerprint;
use pipeline::media_info::{AudioInfo, MediaInfo, Outline, StreamCount, Stretch, VideoInfo};
use pipeline::rejection::Rejection;

use crate::av::Medium;
use crate::child::protocol::{Limits, ProbeReport};
use crate::error::{Error, Result};
use crate::preview::Preview;
use crate::read::decode::{self, Tally};
use crate::read::source::Source;
use crate::read::tracks;
pub(crate) use picture::Watch;
use picture::{PictureMeasure, Sink};
use refuse::{refuse_claims, refuse_damage};
use sound::SoundMeasure;

mod access;
mod aigc;
mod bitrate;
mod chroma;
mod geometry;
mod luma;
mod oddities;
mod outline;
mod pace;
mod picture;
mod refuse;
mod scene;
mod short_term;
pub(crate) mod sound;
mod still;
mod stretch;
mod thumb;
mod trial;

/// Says what the headers of the file at `path` claim; `None` where they do not say how long it is.
///
/// # Errors
/// As [`report`], for what shows without decoding all of it.
pub(crate) fn outline(path: &Path, limits: &Limits) -> Result<Option<Outline>> {
    let source = Source::open(path, limits)?;
    let choice = tracks::choice(&source);
    let video = choice.picture.ok_or(Rejection::NoVideo)?;
    let audio = choice.sound;
    // The outline of a file that the probe will refuse for its headers would be misleading.
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

/// Measures the file at `path` and takes its fingerprint. `progress` receives the fraction of the bytes that was read, 0 to 1. Where there is
/// a `preview` directory, the same decode leaves a proxy and a storyboard there, and cover candidates are found.
///
/// # Errors
/// A rejection when the content is not acceptable: an unknown format, no picture, a foreign codec, a change midway, damage,
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
        Extras { fingerprint: true, trial: true, curve: true, entry_points: true, preview },
        &mut |_, _| (),
        progress,
    )
}

/// Measures the file at `path` and nothing else.
///
/// # Errors
/// As [`report`].
pub fn probe(path: &Path, limits: &Limits, progress: &mut dyn FnMut(f64)) -> Result<MediaInfo> {
    let extras = Extras { trial: true, curve: true, entry_points: true, ..Extras::default() };
    Ok(measure(path, limits, extras, &mut |_, _| (), progress)?.media_info)
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
    Ok(measure(path, limits, Extras::default(), watch, progress)?.media_info)
}

/// What is made and measured only on request.
#[derive(Clone, Copy, Default)]
struct Extras<'a> {
    fingerprint: bool,
    /// Whether it is tried how hard the picture is to encode.
    trial: bool,
    /// Whether loudness is measured over time.
    curve: bool,
    /// Whether to try where decoding may begin; for our own files this is known.
    entry_points: bool,
    /// Where a proxy and a storyboard go.
    preview: Option<&'a Path>,
}

impl Extras<'_> {
    fn picture(&self) -> picture::Extras {
        picture::Extras { fingerprint: self.fingerprint, trial: self.trial }
    }
}

fn measure(
    path: &Path,
    limits: &Limits,
    extras: Extras,
    watch: &mut Watch,
    progress: &mut dyn FnMut(f64),
) -> Result<ProbeReport> {
    let mut source = Source::open(path, limits)?;
    let streams = count(&source);
    let tracks = tracks::of(&source);
    let choice = tracks::choose(&tracks);
    let mut decoded = Decoded::open(&source, choice, limits, extras)?;
    source.keep_only(&[Some(decoded.stream), choice.sound].into_iter().flatten().collect::<Vec<_>>());
    let mut tally = Tally::default();
    decoded.read(&mut source, limits, &mut tally, watch, progress)?;
    refuse_damage(&decoded.picture, &tally)?;
    let begin_us = decoded.picture.begin_us();
    let conflict = decoded.picture.colour_in_conflict();
    let by_order = decoded.picture.is_placed_by_order();
    let Measured { fingerprint, video, audio } = decoded.finish(&source, path, limits, extras.entry_points)?;
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
    refuse_claims(&source, &decoded_ms(&info))?;
    // Of a film whose pictures are placed by their order, the stored times do not say when they are shown.
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

/// What was measured of picture and sound.
struct Measured {
    fingerprint: Fingerprint,
    video: VideoInfo,
    audio: Option<AudioInfo>,
}

/// Picture and sound under measurement.
struct Decoded {
    /// The picture's stream.
    stream: usize,
    picture: PictureMeasure,
    sound: Option<(usize, SoundMeasure)>,
    preview: Option<Preview>,
}

impl Decoded {
    fn open(source: &Source, choice: tracks::Choice, limits: &Limits, extras: Extras) -> Result<Self> {
        let stream = choice.picture.ok_or(Rejection::NoVideo)?;
        let picture = PictureMeasure::open(source, stream, limits, extras.picture())?;
        let wanted = sound::Extras { fingerprint: extras.fingerprint, curve: extras.curve };
        let open = |index| Ok::<_, Error>((index, SoundMeasure::open(source, index, limits)?.with(wanted)));
        let sound = choice.sound.map(open).transpose()?;
        let preview = extras.preview.map(|dir| Preview::new(dir, sound.is_some()));
        Ok(Self { stream, picture, sound, preview })
    }

    /// Decodes the whole file.
    fn read(
        &mut self,
        source: &mut Source,
        limits: &Limits,
        tally: &mut Tally,
        watch: &mut Watch,
        progress: &mut dyn FnMut(f64),
    ) -> Result<()> {
        let mut sink = Sink { preview: self.preview.as_mut(), watch };
        while let Some(packet) = tally.next(source, limits)? {
            if packet.position() > 0 && source.size_bytes > 0 {
                progress(packet.position() as f64 / source.size_bytes as f64);
            }
            if packet.stream() == self.stream {
                self.picture.packet(source, Some(&packet), tally, &mut sink)?;
            } else if let Some((_, sound)) = self.sound.as_mut().filter(|(index, _)| packet.stream() == *index) {
                sound.packet(Some(&packet), tally, sink.preview.as_deref_mut())?;
            }
        }
        self.picture.packet(source, None, tally, &mut sink)?;
        match &mut self.sound {
            Some((_, sound)) => sound.packet(None, tally, sink.preview.as_deref_mut()),
            None => Ok(()),
        }
    }

    /// Completes the measures; tries where decoding may begin, if `entry_points` says so.
    fn finish(mut self, source: &Source, path: &Path, limits: &Limits, entry_points: bool) -> Result<Measured> {
        let origin_us = source.origin_us();
        let items = self.sound.as_mut().map(|(_, sound)| sound.chromaprint()).unwrap_or_default();
        let fingerprint = self.picture.album().map(|album| Fingerprint::new(album, items)).unwrap_or_default();
        let by_order = self.picture.is_placed_by_order();
        let (mut video, access) = self.picture.finish(origin_us)?;
        if by_order {
            // Times are counted from the beginning.
            video.entry_points = Some(Vec::new());
        } else if entry_points && !source.format.is_discontinuous() {
            video.entry_points = access.prove(path, &video, limits);
        }
        let audio = self.sound.and_then(|(_, sound)| sound.finish(origin_us));
        if let Some(preview) = self.preview {
            let end_us = i64::try_from(video.duration_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
            video.cover_candidates_ms = preview.finish(end_us)?;
        }
        Ok(Measured { fingerprint, video, audio })
    }
}

/// The streams of picture and sound, each with how long it is, ms.
fn decoded_ms(info: &MediaInfo) -> [(Option<usize>, u64); 2] {
    let index = |stream: u32| usize::try_from(stream).ok();
    let sound = info.audio.as_ref().map_or((None, 0), |sound| (index(sound.stream), sound.duration_ms));
    [(index(info.video.stream), info.video.duration_ms), sound]
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
