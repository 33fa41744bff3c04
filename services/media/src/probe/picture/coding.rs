//! How an H.264 stream is coded: whether it begins with an IDR picture, and keeps its profile, level and parameter sets.
use ffmpeg::codec::decoder;
use ffmpeg::codec::packet::side_data::Type::NewExtraData;
use ffmpeg_next as ffmpeg;

use crate::av::{self, StreamFacts};
use crate::read::nal::Framing;

/// What is known of the coding so far. Of other codecs nothing is known.
pub(super) struct Coding {
    facts: StreamFacts,
    /// Of H.264, how its units are delimited.
    framing: Option<Framing>,
    /// Its parameter sets, as the header has them.
    parameter_sets: Vec<u8>,
    /// Whether the first packet has an IDR picture; `None` before it.
    begins_with_idr: Option<bool>,
    /// Whether there was another profile, level or record of parameter sets than the header's.
    other: bool,
}

impl Coding {
    /// Of a stream with these facts and this setup record.
    pub(super) fn of(facts: StreamFacts, parameter_sets: Vec<u8>) -> Self {
        let framing = (av::codec_name(facts.codec) == "h264").then(|| Framing::of(&parameter_sets));
        Self { facts, framing, parameter_sets, begins_with_idr: None, other: false }
    }

    /// Looks into a packet.
    pub(super) fn see(&mut self, packet: &ffmpeg::Packet) {
        let has_idr = || self.framing.zip(packet.data()).is_some_and(|(framing, data)| framing.has_idr(data));
        self.begins_with_idr = self.begins_with_idr.or_else(|| Some(has_idr()));
        // A file that was joined without encoding may have a record for each piece, where a copy has one.
        let mut records = packet.side_data().filter(|data| data.kind() == NewExtraData);
        self.other |= records.any(|record| record.data() != self.parameter_sets);
    }

    /// Compares what was decoded last with the header.
    pub(super) fn compare(&mut self, decoder: &decoder::Opened) {
        self.other |= self.framing.is_some() && av::coding(decoder) != (self.facts.profile, self.facts.level);
    }

    /// Whether the first packet has an IDR picture.
    pub(super) fn begins_with_idr(&self) -> bool {
        self.begins_with_idr == Some(true)
    }

    /// Whether all of it is H.264 as the header says.
    pub(super) fn is_uniform(&self) -> bool {
        self.framing.is_some() && !self.other
    }
}
