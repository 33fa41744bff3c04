//! Which tracks of a file are the work's: those that a player takes. One rule for everything that opens a file; the bit rate decides
//! nothing.
//!
//! A track that can be decoded and has samples goes before one that cannot or has none, then one of the picture's program (broadcasts),
//! then moving pictures before a single one, then an enabled or default track, then one without a special purpose, then the first.
//! Recorders enable all sound tracks of one alternate group, so that the first of them is heard, as in players.
use std::cmp::Ordering;

use pipeline::media_info::{OtherTrack, TrackKind, Unused};

use crate::av::{self, Medium};
use crate::read::source::Source;
use crate::read::{decode, stereo};

/// What is known of one stream before it is decoded.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) medium: Medium,
    /// Codec by ffmpeg's name, or by the container's own.
    pub(crate) codec: String,
    /// Channels of a sound, 0 where unknown.
    pub(crate) channels: u32,
    /// Whether a decoder that may run can decode it to what can be made stereo.
    pub(crate) decodable: bool,
    /// Whether it has no samples, as far as the container says.
    pub(crate) empty: bool,
    /// Whether it is a picture of one sample.
    pub(crate) still: bool,
    /// Enabled, or the default.
    pub(crate) default: bool,
    /// For a special purpose, such as a commentary.
    pub(crate) auxiliary: bool,
    /// The programs of a broadcast that it belongs to.
    pub(crate) programs: Vec<usize>,
}

/// The tracks that are used, by their stream indices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) picture: Option<usize>,
    pub(crate) sound: Option<usize>,
}

/// Applies the rule to the streams of a file, in their order.
pub(crate) fn choose(tracks: &[Described]) -> Choice {
    let picture = best(tracks, Medium::Video, None);
    Choice { picture, sound: best(tracks, Medium::Audio, picture.and_then(|index| tracks.get(index))) }
}

/// What is compared, the most important first. `beside` is the picture of a sound.
fn rank(track: &Described, beside: Option<&Described>) -> [bool; 6] {
    let together = |picture: &Described| track.programs.iter().any(|program| picture.programs.contains(program));
    [
        track.decodable && !track.empty,
        !track.empty,
        beside.is_some_and(together),
        !track.still,
        track.default,
        !track.auxiliary,
    ]
}

fn best(tracks: &[Described], medium: Medium, beside: Option<&Described>) -> Option<usize> {
    let all = tracks.iter().enumerate().filter(|(_, track)| track.medium == medium);
    // Of equals the first one.
    let better = |(one, a): &(usize, &Described), (other, b): &(usize, &Described)| match rank(a, beside)
        .cmp(&rank(b, beside))
    {
        Ordering::Equal => other.cmp(one),
        unequal => unequal,
    };
    all.max_by(better).map(|(index, _)| index)
}

/// The tracks of picture and sound that are not used, each with the first thing in which the used one is better.
pub(crate) fn others(tracks: &[Described], choice: Choice) -> Vec<OtherTrack> {
    let other = |(index, track): (usize, &Described)| {
        let (kind, used) = match track.medium {
            Medium::Video => (TrackKind::Picture, choice.picture?),
            Medium::Audio => (TrackKind::Sound, choice.sound?),
            Medium::Other => return None,
        };
        let chosen = tracks.get(used).filter(|_| used != index && !track.empty)?;
        let why = match () {
            () if !track.decodable => Unused::Undecodable,
            () if track.still && !chosen.still => Unused::Still,
            () if !track.default && chosen.default => Unused::NotDefault,
            () if track.auxiliary && !chosen.auxiliary => Unused::Auxiliary,
            () => Unused::Later,
        };
        Some(OtherTrack { stream: index as u32, kind, codec: track.codec.clone(), channels: track.channels, why })
    };
    tracks.iter().enumerate().filter_map(other).collect()
}

/// Describes the streams of an open file, in their order. Only the samples of an ISO file are counted before they are read.
pub(crate) fn of(source: &Source) -> Vec<Described> {
    (0..source.input.nb_streams() as usize).filter_map(|index| described(source, index)).collect()
}

/// The tracks of an open file that are the work's.
pub(crate) fn choice(source: &Source) -> Choice {
    choose(&of(source))
}

fn described(source: &Source, index: usize) -> Option<Described> {
    let (counted, can_decode) = (source.format.is_iso(), decode::obstacle(source, index).is_none());
    let (stream, facts) = (av::stream_facts(&source.input, index)?, av::track_facts(&source.input, index)?);
    let known = match stream.medium {
        Medium::Video => stream.width > 0 && stream.height > 0,
        Medium::Audio => facts.sound.channels > 0 && facts.sound.rate > 0,
        Medium::Other => true,
    };
    let playable = || stream.medium != Medium::Audio || !known || stereo::is_playable(&facts.sound);
    Some(Described {
        medium: stream.medium,
        codec: source.codec_name(index),
        channels: if stream.medium == Medium::Audio { facts.sound.channels } else { 0 },
        decodable: can_decode && playable(),
        empty: (counted && facts.samples <= 0 && facts.indexed <= 0) || (can_decode && !known),
        still: counted && stream.medium == Medium::Video && facts.samples == 1,
        default: facts.default,
        auxiliary: facts.auxiliary,
        programs: facts.programs,
    })
}

#[cfg(test)]
mod tests;
