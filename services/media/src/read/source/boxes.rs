//! What the boxes of an ISO file say of libav's streams.
use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::Input;

use crate::av::{self, Patch};
use crate::read::colour::Stated;
use crate::read::isobmff::{Structure, Track};
use crate::read::sample_entry;

/// The track that stream `index` is. libav gives streams the numbers of their tracks; of tracks with the same number the first ones are
/// the first streams with it.
pub(super) fn track<'a>(input: &Input, structure: &'a Structure, index: usize) -> Option<&'a Track> {
    let id = av::stream_id(input, index)?;
    let before = (0..index).filter(|other| av::stream_id(input, *other) == Some(id)).count();
    structure.tracks.iter().filter(|track| track.id == id).nth(before)
}

/// What libav must not see of the sample entries, because a version of it refuses the whole file for it.
pub(super) fn hidden(structure: &Structure) -> Vec<Patch> {
    structure.tracks.iter().flat_map(sample_entry::hidden).collect()
}

/// What has to be read instead of what is in the sample entries, for libav to lay out samples in their true size.
pub(super) fn misread(input: &Input, structure: &Structure) -> Vec<Patch> {
    let of = |index: usize| {
        let codec = av::codec_name(av::stream_facts(input, index)?.codec);
        Some(sample_entry::misread(track(input, structure, index)?, &codec))
    };
    (0..input.nb_streams() as usize).filter_map(of).flatten().collect()
}

/// Makes libav take streams for what their sample entries say, where it guessed wrong.
pub(super) fn correct_codecs(input: &mut Input, structure: &Structure) {
    for index in 0..input.nb_streams() as usize {
        let Some(facts) = av::stream_facts(input, index) else { continue };
        let other =
            track(input, structure, index).and_then(|it| sample_entry::other_codec(it, &av::codec_name(facts.codec)));
        if let Some(codec) = other.and_then(ffmpeg::decoder::find_by_name) {
            av::set_codec(input, index, codec.id());
        }
    }
}

/// What the container says of each stream's colour: the sample entry's box by our own reading, else what libav read.
pub(super) fn stated(input: &Input, structure: &Structure) -> Vec<Stated> {
    let of = |index: usize| {
        let tagged = track(input, structure, index).and_then(|track| track.used().find_map(|entry| entry.colour));
        let read = || {
            av::stated_colour(input, index).map(|[primaries, transfer, matrix, range]| {
                // 2 is AVCOL_RANGE_JPEG.
                Stated::of(primaries, transfer, matrix, range == 2)
            })
        };
        let stated = tagged.map(Stated::from).or_else(read).unwrap_or_default();
        let vision = track(input, structure, index).and_then(|track| track.used().find_map(|entry| entry.dolby_vision));
        vision.map_or(stated, |vision| stated.or(Stated::of_base_layer(vision.compatibility)))
    };
    (0..input.nb_streams() as usize).map(of).collect()
}
