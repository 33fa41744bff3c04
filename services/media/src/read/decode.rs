//! Frames out of packets: opens the listed decoders only, counts damage, and keeps to the budget.
use std::ops::DerefMut;

use ffmpeg::codec::decoder;
use ffmpeg_next as ffmpeg;
use pipeline::rejection::Rejection;

use crate::av::{self, Medium};
use crate::child::protocol::Limits;
use crate::error::{During, Result};
use crate::read::damage::Damage;
use crate::read::isobmff::DolbyVision;
use crate::read::sample_entry;
use crate::read::source::{DECODERS, Source};
use crate::read::times::to_us;
use crate::text;

/// Errors after which libav's log is silenced.
const LOGGED_ERRORS: u64 = 50;
/// A demuxer that answers only errors this many times in a row is at its end.
const ERRORS_IN_A_ROW: u32 = 1000;

/// Packets read and errors met so far.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) packets: u64,
    pub(crate) errors: u64,
    /// Whether reading ended before the file did.
    pub(crate) cut: bool,
    /// Where the errors lie.
    pub(crate) damage: Damage,
    /// The time of the last packet that has one, µs.
    at_us: Option<i64>,
}

impl Tally {
    /// Counts one error, at the last packet: a decoder with several threads reports it a few pictures later.
    pub(crate) fn error(&mut self) {
        self.error_at(self.at_us);
    }

    /// Counts one error at a moment that is known better.
    fn error_at(&mut self, at_us: Option<i64>) {
        if let Some(at_us) = at_us.or(self.at_us) {
            self.damage.add(at_us);
        }
        self.errors += 1;
        if self.errors == LOGGED_ERRORS {
            av::silence();
        }
    }

    /// Reads the next packet; `None` at the end, whether or not the end was regular.
    pub(crate) fn next(&mut self, source: &mut Source, limits: &Limits) -> Result<Option<ffmpeg::Packet>> {
        let mut errors = 0;
        while errors < ERRORS_IN_A_ROW {
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut source.input) {
                Ok(()) => {
                    self.packets += 1;
                    if self.packets > limits.max_packets {
                        return Err(Rejection::BudgetExceeded { budget: "packets".into() }.into());
                    }
                    source.straighten(&mut packet);
                    let base = source.input.stream(packet.stream()).map(|stream| stream.time_base());
                    let at = packet.pts().or(packet.dts());
                    self.at_us = at.zip(base).map(|(at, base)| to_us(at, base.into())).or(self.at_us);
                    if packet.is_corrupt() {
                        self.error();
                    }
                    errors = 0;
                    if let Some(packet) = source.whole(packet) {
                        return Ok(Some(packet));
                    }
                }
                Err(ffmpeg::Error::Eof) => return Ok(None),
                Err(ffmpeg::Error::Other { errno: libc::ENOMEM }) => return Err(crate::error::Error::out_of_memory()),
                Err(ffmpeg::Error::InvalidData) => {
                    self.error();
                    errors += 1;
                }
                Err(_) => {
                    self.error();
                    self.cut = true;
                    return Ok(None);
                }
            }
        }
        self.cut = true;
        Ok(None)
    }
}

/// Why stream `index` cannot be decoded correctly, judged by its headers; `None` if no reason is known.
pub(crate) fn obstacle(source: &Source, index: usize) -> Option<Rejection> {
    let facts = av::stream_facts(&source.input, index)?;
    let codec = av::codec_name(facts.codec);
    if let Some(obstacle) = source.track(index).and_then(|track| sample_entry::obstacle(track, &codec)) {
        return Some(obstacle);
    }
    // Other formats store these elsewhere, and libav finds them.
    if av::is_encrypted(&source.input, index) {
        return Some(Rejection::Encrypted { scheme: String::new() });
    }
    let vision = av::dolby_vision(&source.input, index).map(|(profile, has_base_layer, compatibility)| DolbyVision {
        profile,
        has_base_layer,
        compatibility,
    });
    if let Some(vision) = vision.filter(|vision| !vision.is_compatible()) {
        return Some(Rejection::UnsupportedCodec { codec: format!("Dolby Vision profile {}", vision.profile) });
    }
    let lacks = |decoder| facts.medium == Medium::Audio && lacks_kind(source, index, decoder);
    decoder(source, index).is_none_or(lacks).then(|| unsupported(source, index))
}

/// Whether a sound decoder lacks the variant of its codec that stream `index` uses. The film may have another sound.
fn lacks_kind(source: &Source, index: usize, decoder: ffmpeg::Codec) -> bool {
    let Some(stream) = source.input.stream(index) else { return false };
    let Ok(context) = ffmpeg::codec::Context::from_parameters(stream.parameters()) else { return false };
    let options = av::dictionary(&[("codec_whitelist", DECODERS)]);
    context.decoder().open_as_with(decoder, options).is_err_and(|error| is_lack(&error))
}

/// Whether a decoder refuses a stream because it does not implement it.
fn is_lack(error: &ffmpeg::Error) -> bool {
    matches!(error, ffmpeg::Error::PatchWelcome | ffmpeg::Error::Other { errno: libc::ENOSYS })
}

/// The refusal of a codec by its name.
fn unsupported(source: &Source, index: usize) -> Rejection {
    let name = source.codec_name(index);
    let kind = if name == "aac" { aac_kind(&source.extradata(index)) } else { None };
    Rejection::UnsupportedCodec { codec: text::clean(kind.unwrap_or(name).as_bytes(), 64) }
}

/// The name of a codec that is labelled AAC and is another one, by the object type at the start of its setup record (ISO/IEC 14496-3, table 1.17 and 1.6.2.1).
fn aac_kind(setup: &[u8]) -> Option<String> {
    let [first, second, ..] = setup else { return None };
    let escaped = 32 + ((first & 7) << 3 | second >> 5);
    match first >> 3 {
        1..=5 | 29 => None,
        31 if escaped == 42 => Some("xHE-AAC".to_owned()),
        31 => Some(format!("AAC, object type {escaped}")),
        kind => Some(format!("AAC, object type {kind}")),
    }
}

/// The decoder of stream `index`, if it is one of the listed ones.
fn decoder(source: &Source, index: usize) -> Option<ffmpeg::Codec> {
    let codec = decoder::find(source.input.stream(index)?.parameters().id())?;
    DECODERS.split(',').any(|name| name == codec.name()).then_some(codec)
}

/// Opens the decoder of stream `index`, one of the listed ones, with `threads` threads.
pub(crate) fn open(source: &Source, index: usize, limits: &Limits, threads: usize) -> Result<decoder::Opened> {
    let stream = source.input.stream(index).ok_or(Rejection::NoVideo)?;
    if let Some(obstacle) = obstacle(source, index) {
        return Err(obstacle.into());
    }
    let codec = decoder(source, index).ok_or(Rejection::NoVideo)?;
    let mut context = ffmpeg::codec::Context::from_parameters(stream.parameters()).during("prepare the decoder")?;
    let kind = ffmpeg::codec::threading::Type::Frame;
    context.set_threading(ffmpeg::codec::threading::Config { kind, count: threads, ..Default::default() });
    let mut opening = context.decoder();
    opening.set_packet_time_base(stream.time_base());
    let max_pixels = limits.max_pixels.to_string();
    let options = av::dictionary(&[("codec_whitelist", DECODERS), ("max_pixels", &max_pixels)]);
    match opening.open_as_with(codec, options) {
        Ok(opened) => Ok(opened),
        Err(ffmpeg::Error::Other { errno: libc::ENOMEM }) => Err(crate::error::Error::out_of_memory()),
        // Its header needs a feature that the decoder lacks.
        Err(error) if is_lack(&error) => Err(unsupported(source, index).into()),
        // Its header is invalid.
        Err(_) => Err(Rejection::damaged(1).into()),
    }
}

/// Threads for decoding: one for each core, at most eight, since more do not help.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}

/// Sends one packet (`None` at the end) and hands every frame that comes out to `take`. Damage is counted, not fatal.
pub(crate) fn feed<F: DerefMut<Target = ffmpeg::Frame>>(
    decoder: &mut decoder::Opened,
    packet: Option<&ffmpeg::Packet>,
    frame: &mut F,
    tally: &mut Tally,
    mut take: impl FnMut(&mut F) -> Result<()>,
) -> Result<()> {
    let sent = match packet {
        Some(packet) => decoder.send_packet(packet),
        None => decoder.send_eof(),
    };
    match sent {
        Ok(()) | Err(ffmpeg::Error::Eof) => {}
        Err(ffmpeg::Error::Other { errno: libc::ENOMEM }) => return Err(crate::error::Error::out_of_memory()),
        Err(_) => tally.error(),
    }
    let mut errors = 0;
    while errors < ERRORS_IN_A_ROW {
        match decoder.receive_frame(frame) {
            Ok(()) => {
                if av::is_damaged(frame) {
                    let base = decoder.packet_time_base().into();
                    tally.error_at(frame.timestamp().map(|at| to_us(at, base)));
                }
                take(frame)?;
            }
            Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) | Err(ffmpeg::Error::Eof) => return Ok(()),
            Err(ffmpeg::Error::Other { errno: libc::ENOMEM }) => return Err(crate::error::Error::out_of_memory()),
            Err(_) => {
                tally.error();
                errors += 1;
                // While draining, a broken frame is not the end: the next call gives the next one or the end.
                if packet.is_some() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_aac_and_is_none_has_its_own_name() {
        assert_eq!(aac_kind(&[0x11, 0x90]), None);
        assert_eq!(aac_kind(&[0xf9, 0x46]).as_deref(), Some("xHE-AAC"));
        assert_eq!(aac_kind(&[0x31, 0x90]).as_deref(), Some("AAC, object type 6"));
        assert_eq!(aac_kind(&[0xf8, 0x80]).as_deref(), Some("AAC, object type 36"));
        assert_eq!([aac_kind(&[]), aac_kind(&[0x11])], [None, None]);
    }
}
