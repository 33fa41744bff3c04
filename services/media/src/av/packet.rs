//! Packets, and what a decoder made of the last ones.
use std::ffi::c_int;

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

/// A packet like `packet` in all but its bytes, which are `before` and then its own.
#[allow(unsafe_code)]
pub(crate) fn prepended(packet: &ffmpeg::Packet, before: &[u8]) -> Result<ffmpeg::Packet, ffmpeg::Error> {
    use ffmpeg::packet::{Mut, Ref};
    let own = packet.data().unwrap_or_default();
    let mut joined = ffmpeg::Packet::copy(&[before, own].concat());
    // SAFETY: both packets are valid; stamps, flags, stream, position and side data are copied, the bytes are not touched.
    let answer = unsafe { ffi::av_packet_copy_props(joined.as_mut_ptr(), packet.as_ptr()) };
    if answer < 0 { Err(ffmpeg::Error::from(answer)) } else { Ok(joined) }
}

/// A copy of the packet without the mark by which an edit list hides its picture.
#[allow(unsafe_code)]
pub(crate) fn kept(packet: &ffmpeg::Packet) -> ffmpeg::Packet {
    use ffmpeg::packet::Mut;
    let mut kept = packet.clone();
    // SAFETY: the packet is our own; clears a flag.
    unsafe { (*kept.as_mut_ptr()).flags &= !(ffi::AV_PKT_FLAG_DISCARD as c_int) };
    kept
}

/// Whether a packet is only read for others to refer to, and never shown (before an edit list's start).
#[allow(unsafe_code)]
pub(crate) fn is_discarded(packet: &ffmpeg::Packet) -> bool {
    use ffmpeg::packet::Ref;
    // SAFETY: reads a number.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD as c_int != 0 }
}

/// Profile and level of what a decoder last decoded, as libav counts them.
#[allow(unsafe_code)]
pub(crate) fn coding(decoder: &ffmpeg::codec::decoder::Opened) -> (c_int, c_int) {
    // SAFETY: an opened decoder's context is valid; reads numbers.
    unsafe { ((*decoder.as_ptr()).profile, (*decoder.as_ptr()).level) }
}
