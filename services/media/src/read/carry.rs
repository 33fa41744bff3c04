//! Packets of H.264 and HEVC that hold no picture: delimiters, messages and parameter sets that a writer put into samples of their own,
//! or samples of no bytes. A decoder calls them errors, though a viewer misses nothing. What they hold is carried over to the next
//! packet with a picture, where it belongs.
use ffmpeg_next as ffmpeg;

use crate::av::{self, Medium};
use crate::read::nal::{self, Framing};

/// Whether a unit with this first byte belongs to no picture.
type IsBeside = fn(u8) -> bool;

/// More than any parameter sets and messages between two pictures; what comes before is dropped.
const MOST_BYTES: usize = 1 << 20;

/// What waits for the next picture, for each stream.
#[derive(Default)]
pub(crate) struct Carry {
    streams: Vec<Option<Waiting>>,
    /// Packets without a picture so far, of those that are not empty.
    pub(crate) packets: u64,
}

/// One stream of pictures.
struct Waiting {
    /// How its units are delimited, and which of them hold no picture; `None` for a codec without units.
    units: Option<(Framing, IsBeside)>,
    bytes: Vec<u8>,
}

impl Carry {
    /// Passes a packet that was just read on, with what was carried; `None` keeps it back.
    pub(crate) fn pass(
        &mut self,
        input: &ffmpeg::format::context::Input,
        packet: ffmpeg::Packet,
    ) -> Option<ffmpeg::Packet> {
        let index = packet.stream();
        if self.streams.len() <= index {
            self.streams.resize_with(index + 1, || None);
        }
        let waiting = self.streams[index].get_or_insert_with(|| Waiting::of(input, index));
        let is_picture = av::stream_facts(input, index).is_some_and(|facts| facts.medium == Medium::Video);
        let data = packet.data().unwrap_or_default();
        let lacks = match waiting.units {
            _ if packet.side_data().next().is_some() => false,
            // A decoder of sound calls a packet without a byte an error too, and a listener hears a pause of a few milliseconds at most.
            _ if data.is_empty() => true,
            Some((framing, is_beside)) if is_picture => framing.lacks_picture(data, is_beside),
            Some(_) | None => false,
        };
        if lacks {
            // Of packets without a byte libav's parsers drop some: the table of sizes counts them.
            self.packets += u64::from(!data.is_empty());
            if waiting.bytes.len() + data.len() > MOST_BYTES {
                waiting.bytes.clear();
            }
            waiting.bytes.extend_from_slice(data);
            return None;
        }
        if waiting.bytes.is_empty() {
            return Some(packet);
        }
        let joined = av::prepended(&packet, &std::mem::take(&mut waiting.bytes));
        Some(joined.unwrap_or(packet))
    }

    /// Drops what waits, because reading continues elsewhere.
    pub(crate) fn clear(&mut self) {
        self.streams.clear();
    }
}

impl Waiting {
    fn of(input: &ffmpeg::format::context::Input, index: usize) -> Self {
        let codec = av::stream_facts(input, index).map(|facts| av::codec_name(facts.codec)).unwrap_or_default();
        let setup = input.stream(index).map_or_else(Vec::new, |stream| av::extradata(&stream.parameters()));
        let units: Option<(Framing, IsBeside)> = match codec.as_str() {
            "h264" => Some((Framing::of(&setup), nal::is_beside_h264)),
            "hevc" => Some((Framing::of_hevc(&setup), nal::is_beside_hevc)),
            _ => None,
        };
        Self { units, bytes: Vec::new() }
    }
}
