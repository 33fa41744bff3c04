//! Reads what a Matroska file calls the codecs of its tracks (RFC 9559, 5.1.4.1), because libav keeps no name of a codec that it does not
//! know. Heads of elements and the list of tracks are read; a claimed size is never allocated.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::text;

/// The element that holds all of a file but its head.
pub(crate) const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
/// The types of tracks that libav makes streams of: picture, sound, subtitle, metadata.
const TYPES: [&[u8]; 4] = [&[1], &[2], &[0x11], &[0x21]];

/// Elements before the list of tracks at most; honest files have a dozen.
const MAX_ELEMENTS: usize = 1000;
/// The longest list of tracks that is read: fonts and covers lie elsewhere.
const MAX_TRACKS_BYTES: u64 = 1 << 20;
/// The longest name of a codec that is kept, in characters.
const CODEC_CHARS: usize = 64;
/// The longest head of an element: an id of 4 bytes and a size of 8 (RFC 8794, 5 and 6).
const HEAD: u64 = 12;

/// The head of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) id: u32,
    /// Bytes of the head.
    pub(crate) head: usize,
    /// Bytes after the head; `None` where the writer did not know it.
    pub(crate) size: Option<u64>,
}

impl Element {
    /// The element that `bytes` begin with.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let width = bytes.first()?.leading_zeros() as usize + 1;
        let id = bytes.get(..width).filter(|_| width <= 4)?;
        let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let rest = &bytes[width..];
        let length = rest.first()?.leading_zeros() as usize + 1;
        let size = rest.get(..length).filter(|_| length <= 8)?;
        let unknown = (1u64 << (7 * length)) - 1;
        let size = size.iter().fold(0, |size, byte| size << 8 | u64::from(*byte)) & unknown;
        Some(Self { id, head: width + length, size: (size != unknown).then_some(size) })
    }
}

/// The names of the codecs in the file at `path`, in the order of libav's streams.
pub(crate) fn codecs(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let whole = 0..file.metadata()?.len();
    let Some(segment) = find(&mut file, whole, SEGMENT)? else { return Ok(Vec::new()) };
    let Some(tracks) = find(&mut file, segment, TRACKS)? else { return Ok(Vec::new()) };
    file.seek(SeekFrom::Start(tracks.start))?;
    let mut bytes = Vec::new();
    file.take(MAX_TRACKS_BYTES.min(tracks.end - tracks.start)).read_to_end(&mut bytes)?;
    Ok(named(&bytes))
}

/// Where the content of the first element with this id lies, among those that begin within a range.
fn find(file: &mut File, within: Range<u64>, id: u32) -> io::Result<Option<Range<u64>>> {
    let mut at = within.start;
    for _ in 0..MAX_ELEMENTS {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.by_ref().take(HEAD.min(within.end.saturating_sub(at))).read_to_end(&mut head)?;
        let Some(element) = Element::of(&head) else { break };
        let start = at + element.head as u64;
        let end = element.size.map_or(within.end, |size| start.saturating_add(size).min(within.end));
        if element.id == id {
            return Ok(Some(start..end));
        }
        at = end;
    }
    Ok(None)
}

/// The elements that stand one after the other in `bytes`, each with its content.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let element = Element::of(bytes)?;
        let content = &bytes[element.head..];
        let size = element.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let (content, rest) = content.split_at(size.min(content.len()));
        bytes = rest;
        Some((element.id, content))
    })
}

fn named(tracks: &[u8]) -> Vec<String> {
    let entries = elements(tracks).filter(|(id, _)| *id == TRACK_ENTRY);
    let codec = |entry: &[u8]| {
        let field = |wanted| elements(entry).find(|(id, _)| *id == wanted).map(|(_, content)| content);
        field(TRACK_TYPE).filter(|kind| TYPES.contains(kind))?;
        field(CODEC_ID).map(|name| text::clean(name, CODEC_CHARS))
    };
    entries.filter_map(|(_, entry)| codec(entry)).collect()
}

#[cfg(test)]
mod tests;
