//! The format of a file by its magic bytes. Names and declared types are not used.

/// What a file looks like from its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of the few formats that are opened.
    Format(Format),
    /// Something else; the word is for `Rejection::UnknownFormat`.
    Other(&'static str),
}

/// A format that is opened, by exactly one demuxer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// ISO base media with an mp4 brand.
    Mp4,
    /// QuickTime.
    Mov,
    /// 3GPP phones.
    ThreeGp,
    /// Matroska and WebM.
    Matroska,
    /// MPEG transport stream.
    MpegTs,
    /// AVI.
    Avi,
}

impl Format {
    /// Our name of it, as in `MediaInfo::format`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Mp4 => "mp4",
            Format::Mov => "mov",
            Format::ThreeGp => "3gp",
            Format::Matroska => "matroska",
            Format::MpegTs => "mpegts",
            Format::Avi => "avi",
        }
    }

    /// The one demuxer that may open it, by libav's name: also the `format_whitelist`.
    pub(crate) fn demuxer(self) -> &'static str {
        match self {
            Format::Mp4 | Format::Mov | Format::ThreeGp => "mov,mp4,m4a,3gp,3g2,mj2",
            Format::Matroska => "matroska,webm",
            Format::MpegTs => "mpegts",
            Format::Avi => "avi",
        }
    }

    /// Whether it is built of ISO boxes.
    pub(crate) fn is_iso(self) -> bool {
        matches!(self, Format::Mp4 | Format::Mov | Format::ThreeGp)
    }

    /// Whether time stamps may jump and wrap by design, as they do in broadcast.
    pub(crate) fn is_discontinuous(self) -> bool {
        self == Format::MpegTs
    }
}

/// How many bytes `sniff` needs.
pub(crate) const HEAD: usize = 4096;

/// Names the kind of a file by its first bytes (at most `HEAD` are looked at).
pub(crate) fn sniff(head: &[u8]) -> Kind {
    let head = &head[..head.len().min(HEAD)];
    if head.is_empty() {
        return Kind::Other("empty");
    }
    if let Some(kind) = iso(head) {
        return kind;
    }
    if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        return Kind::Format(Format::Matroska);
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
        return Kind::Format(Format::Avi);
    }
    if is_transport_stream(head) {
        return Kind::Format(Format::MpegTs);
    }
    Kind::Other(binary(head).or_else(|| text(head)).unwrap_or("unknown"))
}

/// The brands of an ISO file, as its box `ftyp` has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brands {
    /// Whose rules the file follows first.
    pub(crate) major: [u8; 4],
    /// All whose readers may play it (ISO/IEC 14496-12, 4.3).
    pub(crate) compatible: Vec<[u8; 4]>,
}

/// The brands by the first bytes of a file; `None` where there is no `ftyp`, or not before the media. Boxes of free space may come first.
pub(crate) fn brands(head: &[u8]) -> Option<Brands> {
    let mut head = &head[..head.len().min(HEAD)];
    loop {
        let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?) as usize;
        match head.get(4..8)? {
            b"ftyp" => {
                let major = head.get(8..12)?.try_into().ok()?;
                let rest = head.get(16..size.min(head.len())).unwrap_or_default();
                let compatible = rest.chunks_exact(4).filter_map(|brand| brand.try_into().ok()).collect();
                return Some(Brands { major, compatible });
            }
            b"free" | b"skip" | b"wide" if size >= 8 => head = head.get(size..)?,
            _ => return None,
        }
    }
}

/// Brands that make a file with a 3GPP major brand an mp4 as well: those of the base format in all of its versions, and of mp4.
const MP4_BASE: [&[u8; 4]; 16] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"isoa", b"isob", b"isoc",
    b"mp41", b"mp42", b"avc1", b"M4V ",
];

/// ISO base media: a box of a known type first, and its brands if it says them.
fn iso(head: &[u8]) -> Option<Kind> {
    if let Some(Brands { major, compatible }) = brands(head) {
        return Some(match &major {
            // QuickTime's rules differ from mp4's in ways that no list of brands mends.
            b"qt  " => Kind::Format(Format::Mov),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis" => {
                Kind::Other("heif")
            }
            b"crx " => Kind::Other("raw_photo"),
            // Phones write 3gp4 into what they name .mp4, and list isom: by ISO/IEC 14496-12, 4.3 that is an mp4 as well.
            brand if brand.starts_with(b"3gp") || brand.starts_with(b"3g2") => {
                let is_mp4 = compatible.iter().any(|brand| MP4_BASE.contains(&brand));
                Kind::Format(if is_mp4 { Format::Mp4 } else { Format::ThreeGp })
            }
            _ => Kind::Format(Format::Mp4),
        });
    }
    match head.get(4..8)? {
        b"ftyp" => None,
        // QuickTime before brands: files that begin with their media or their movie header.
        b"moov" | b"mdat" | b"wide" | b"skip" | b"pnot" | b"free" => Some(Kind::Format(Format::Mov)),
        _ => None,
    }
}

/// Sync bytes at every 188 (or 192) bytes, as far as the head reaches, at least four of them.
fn is_transport_stream(head: &[u8]) -> bool {
    let synced = |start: usize, step: usize| {
        let mut sync = head.iter().skip(start).step_by(step).peekable();
        head.len() > start + 3 * step && sync.all(|byte| *byte == 0x47)
    };
    synced(0, 188) || synced(4, 192)
}

fn binary(head: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &str); 19] = [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpeg"),
        (b"GIF8", "gif"),
        (b"BM", "bmp"),
        (b"%PDF", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"Rar!", "rar"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x8b", "gzip"),
        (b"FLV\x01", "flv"),
        (b"OggS", "ogg"),
        (b"fLaC", "flac"),
        (b"ID3", "mp3"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
        (b".RMF", "realmedia"),
        (b"\x00\x00\x01\xba", "mpeg_ps"),
        (b"\x06\x0e\x2b\x34", "mxf"),
        (b"\x7fELF", "program"),
        (b"MZ", "program"),
    ];
    if head.starts_with(b"RIFF") {
        return Some(match head.get(8..12) {
            Some(b"WAVE") => "wav",
            Some(b"WEBP") => "webp",
            _ => "riff",
        });
    }
    magics.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
}

/// Scripts and playlists that libav would follow, and any other text.
fn text(head: &[u8]) -> Option<&'static str> {
    if head.contains(&0) {
        return None;
    }
    let shown = String::from_utf8_lossy(head);
    let shown = shown.trim_start_matches('\u{feff}').trim_start();
    let starts = |prefix: &str| shown.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts("#EXTM3U") {
        return Some("hls");
    }
    if starts("ffconcat") || starts("file ") || starts("file '") {
        return Some("ffconcat");
    }
    if starts("<?xml") || starts("<MPD") {
        return Some(if shown.contains("<MPD") { "dash" } else { "xml" });
    }
    if starts("<!doctype html") || starts("<html") {
        return Some("html");
    }
    let printable = shown.chars().filter(|c| !c.is_control() || c.is_whitespace()).count();
    let all = shown.chars().count();
    let damaged = shown.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    // A multi-byte character cut at the head's end counts once; more than 1 in 20 strange ones is no text.
    (all > 0 && printable == all && damaged * 20 <= all).then_some("text")
}

#[cfg(test)]
mod tests;
