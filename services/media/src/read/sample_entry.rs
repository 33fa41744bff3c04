//! Which tracks cannot be decoded correctly, judged by their sample entries, and where these are more reliable than libav. libav guesses
//! what it does not know, and a wrong guess gives noise or wrong colours, without an error.
use pipeline::rejection::Rejection;

use crate::av::{self, Patch};
use crate::read::isobmff::{Entry, Pcm, Track};
use crate::text;

/// The codecs, by libav's names, that a sample entry may stand for. Codes that are not here stand for what libav's tables say: there
/// are hundreds of QuickTime's.
const CODES: [(&[u8; 4], &[&str]); 35] = [
    (b"avc1", &["h264"]),
    (b"avc2", &["h264"]),
    (b"avc3", &["h264"]),
    (b"avc4", &["h264"]),
    (b"dva1", &["h264"]),
    (b"dvav", &["h264"]),
    (b"hvc1", &["hevc"]),
    (b"hev1", &["hevc"]),
    (b"dvh1", &["hevc"]),
    (b"dvhe", &["hevc"]),
    (b"av01", &["av1"]),
    (b"dav1", &["av1"]),
    (b"vp08", &["vp8"]),
    (b"vp09", &["vp9"]),
    (b"vvc1", &["vvc"]),
    (b"vvi1", &["vvc"]),
    (b"apco", &["prores"]),
    (b"apcs", &["prores"]),
    (b"apcn", &["prores"]),
    (b"apch", &["prores"]),
    (b"ap4h", &["prores"]),
    (b"ap4x", &["prores"]),
    (b"jpeg", &["mjpeg"]),
    (b"ac-3", &["ac3"]),
    (b"ec-3", &["eac3"]),
    (b"Opus", &["opus"]),
    (b"fLaC", &["flac"]),
    (b"alac", &["alac"]),
    (b".mp3", &["mp3"]),
    (b"alaw", &["pcm_alaw"]),
    (b"ulaw", &["pcm_mulaw"]),
    (b"fl32", &["pcm_f32be", "pcm_f32le"]),
    (b"in24", &["pcm_s24be", "pcm_s24le"]),
    (b"in32", &["pcm_s32be", "pcm_s32le"]),
    (b"raw ", &["pcm_u8", "rawvideo"]),
];

/// Entries that stand for what the record of MPEG-4 in them says (`esds`; ISO/IEC 14496-14, 5.6). In any other entry libav believes
/// such a record as well, so that a codec which it does not know, with a setup like that of AAC, is taken for AAC.
const BY_RECORD: [&[u8; 4]; 2] = [b"mp4a", b"mp4v"];

/// The two codecs that libav takes such an entry for where it does not know the object type in the record, each with the types that stand
/// for it (registered at mp4ra.org).
const BY_OBJECT_TYPE: [(&str, &[u8]); 2] = [("aac", &[0x40, 0x66, 0x67, 0x68]), ("mpeg4", &[0x20])];

/// Object types that say nothing.
const UNSPECIFIED: [u8; 2] = [0, 0xff];

/// Entries of Dolby Vision that a decoder which knows nothing of it must not take for the codec below.
const DOLBY_VISION_ONLY: [&[u8; 4]; 5] = [b"dvh1", b"dvhe", b"dva1", b"dvav", b"dav1"];

/// Entries whose samples are encrypted: ISO's, and those of a shop's downloads.
const ENCRYPTED: [&[u8; 4]; 4] = [b"encv", b"enca", b"drmi", b"drms"];

/// Why samples of `track` cannot be decoded rightly as the `codec` that libav takes them for; `None` where nothing is known against it.
pub(crate) fn obstacle(track: &Track, codec: &str) -> Option<Rejection> {
    let used: Vec<&Entry> = track.used().collect();
    if let Some(entry) = used.iter().find(|entry| is_encrypted(entry)) {
        let scheme = entry.protection.unwrap_or_default().scheme;
        return Some(Rejection::Encrypted { scheme: if scheme == [0; 4] { String::new() } else { name(scheme) } });
    }
    // libav decodes what the first entry says and leaves out, or misreads, the samples of the others.
    if used.iter().any(|entry| family(entry.code) != family(used[0].code)) {
        return Some(Rejection::ChangesMidway { what: "codec".into() });
    }
    let wrong = used.iter().find_map(|entry| wrong_codec(entry, codec));
    wrong.map(|codec| Rejection::UnsupportedCodec { codec })
}

/// The name to refuse an entry under, where it is none that a decoder of `codec` decodes rightly.
fn wrong_codec(entry: &Entry, codec: &str) -> Option<String> {
    let named = name(entry.code);
    if let Some(vision) = entry.dolby_vision
        && !vision.is_compatible()
    {
        return Some(format!("Dolby Vision profile {}", vision.profile));
    }
    if entry.dolby_vision.is_none() && DOLBY_VISION_ONLY.contains(&&entry.code) {
        return Some(format!("Dolby Vision ({named})"));
    }
    if let Some(pcm) = pcm(entry) {
        let bits = entry.pcm.map_or(0, |pcm| pcm.bits);
        return (pcm != Some(codec)).then(|| format!("{named}, {bits} bit"));
    }
    if codec == "unknown" {
        return Some(named);
    }
    let is_pcm_of_iso = matches!(&entry.code, b"ipcm" | b"fpcm");
    if is_pcm_of_iso {
        // The box with the layout of samples is mandatory; without it the layout is unknown.
        return Some(named);
    }
    if let Some(pcm) = entry.pcm.filter(|pcm| !is_laid_out(codec, *pcm)) {
        return Some(format!("{named}, {} bit", pcm.bits));
    }
    if let Some(object_type) = entry.object_type.filter(|_| is_guessed(entry, codec)) {
        return Some(format!("{named}, object type {object_type:#04x}"));
    }
    (!stands_for(entry.code, codec)).then_some(named)
}

/// Whether libav takes an entry for `codec` only because it does not know the object type in its record.
fn is_guessed(entry: &Entry, codec: &str) -> bool {
    let Some(object_type) = entry.object_type.filter(|_| BY_RECORD.contains(&&entry.code)) else { return false };
    let types = BY_OBJECT_TYPE.iter().find(|(name, _)| *name == codec).map(|(_, types)| *types);
    types.is_some_and(|types| !types.contains(&object_type) && !UNSPECIFIED.contains(&object_type))
}

/// Whether an entry with this code may be `codec`.
fn stands_for(code: [u8; 4], codec: &str) -> bool {
    if let Some((_, codecs)) = CODES.iter().find(|(known, _)| **known == code) {
        return codecs.contains(&codec);
    }
    let is_pcm = |name: &str| name.starts_with("pcm_");
    // Other fields of an entry say of which size samples are, and in which order their bytes.
    let is_it = |name: &String| name == codec || is_pcm(name) && is_pcm(codec);
    BY_RECORD.contains(&&code) || av::codecs_of_code(code).iter().any(is_it)
}

/// Whether the layout of samples in `pcm` is that of `codec`.
fn is_laid_out(codec: &str, pcm: Pcm) -> bool {
    let is_ordered = pcm.bits <= 8 || codec.ends_with(if pcm.is_little_endian { "le" } else { "be" });
    bits(codec) == Some(pcm.bits.into()) && is_ordered
}

/// Of an entry of PCM by ISO/IEC 23003-5, libav's name of what it says that it is; the inner `None` is what it has no name for.
/// FFmpeg before 6.0 does not read `pcmC` and takes all of them for little-endian whole numbers.
fn pcm(entry: &Entry) -> Option<Option<&'static str>> {
    let is_float = match &entry.code {
        b"ipcm" => false,
        b"fpcm" => true,
        _ => return None,
    };
    let pcm = entry.pcm?;
    Some(match (is_float, pcm.bits, pcm.is_little_endian) {
        (false, 16, true) => Some("pcm_s16le"),
        (false, 16, false) => Some("pcm_s16be"),
        (false, 24, true) => Some("pcm_s24le"),
        (false, 24, false) => Some("pcm_s24be"),
        (false, 32, true) => Some("pcm_s32le"),
        (false, 32, false) => Some("pcm_s32be"),
        (true, 32, true) => Some("pcm_f32le"),
        (true, 32, false) => Some("pcm_f32be"),
        _ => None,
    })
}

/// The codec that libav has to be made to use for `track` instead of `codec`, by name. Only where samples are of the same size: libav
/// has laid out the packets by its guess already.
pub(crate) fn other_codec(track: &Track, codec: &str) -> Option<&'static str> {
    let mut wanted = track.used().map(|entry| pcm(entry).flatten());
    let first = wanted.next()??;
    let same_size = codec == "unknown" || bits(codec).is_some_and(|size| Some(size) == bits(first));
    (first != codec && same_size && wanted.all(|other| other == Some(first))).then_some(first)
}

/// Hides the boxes `pcmC` in `track` for which FFmpeg 7 refuses the whole file, by giving libav another type to read: those in
/// entries that have none by ISO/IEC 23003-5, and those with sizes that it does not know. The file may have another sound that
/// can be used, and this codec can then be named.
pub(crate) fn hidden(track: &Track) -> Vec<Patch> {
    let hide = |entry: &Entry| {
        let pcm = entry.pcm?;
        let is_known = matches!((&entry.code, pcm.bits), (b"ipcm", 16 | 24 | 32) | (b"fpcm", 32 | 64));
        (!is_known).then_some((pcm.type_at, *b"xx"))
    };
    track.entries.iter().filter_map(hide).collect()
}

/// Sets the sample size in the entries of `track` where libav would take it for `codec` and read samples of another size than
/// they have: by ISO/IEC 14496-12, 12.2.3.2 the field is a template and always 16, and FFmpeg before 6.0 reads only this field.
pub(crate) fn misread(track: &Track, codec: &str) -> Vec<Patch> {
    let patch = |entry: &Entry| {
        let wanted = bits(pcm(entry)??)?;
        let is_misread = bits(codec).is_some_and(|size| size != wanted);
        is_misread.then_some((entry.pcm?.field_at, u16::try_from(wanted).ok()?.to_be_bytes()))
    };
    track.used().filter_map(patch).collect()
}

/// Bits of a sample of PCM, by its name.
fn bits(codec: &str) -> Option<u32> {
    codec.strip_prefix("pcm_")?.get(1..3)?.parse().ok()
}

/// Whether the samples of an entry need a key. A box of protection around an entry that has its own code says it as well.
fn is_encrypted(entry: &Entry) -> bool {
    ENCRYPTED.contains(&&entry.code) || entry.protection.is_some_and(|it| it.scheme != [0; 4] && entry.code != *b"resv")
}

/// Entries of one family differ only in where parameter sets may be.
fn family(code: [u8; 4]) -> [u8; 4] {
    match &code {
        b"avc3" => *b"avc1",
        b"hev1" => *b"hvc1",
        b"dvhe" => *b"dvh1",
        b"dvav" => *b"dva1",
        _ => code,
    }
}

/// A four-character code as text.
fn name(code: [u8; 4]) -> String {
    text::clean(&code, 4).trim().to_owned()
}

/// The four-character code of the entry that decides, as text; `None` for a track without entries.
pub(crate) fn code(track: &Track) -> Option<String> {
    track.used().next().map(|entry| name(entry.code)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
