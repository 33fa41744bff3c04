//! Files that an honest entrant does not send, each named .mp4 as an entrant could name it.
use std::path::{Path, PathBuf};

use crate::support::clips::{self, ffmpeg};

/// A playlist that names a file of this machine.
pub(super) fn playlist_of(dir: &Path, name: &str, target: &str) -> PathBuf {
    let text =
        format!("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n{target}\n#EXT-X-ENDLIST\n");
    write(dir, name, text.as_bytes())
}

/// A script that makes libav join other files.
pub(super) fn concat_of(dir: &Path, target: &Path) -> PathBuf {
    write(dir, "concat.mp4", format!("ffconcat version 1.0\nfile '{}'\n", target.display()).as_bytes())
}

/// A picture that takes little to send and much to decode.
pub(super) fn huge_png(dir: &Path) -> PathBuf {
    let png = dir.join("huge.png");
    let args = ["-f", "lavfi", "-i", "color=black:size=16000x16000:rate=1:duration=1,format=monob", "-frames:v", "1"];
    ffmpeg(args.iter().chain(&["-c:v", "png", "-f", "image2"]), &png);
    let named = dir.join("huge-png.mp4");
    std::fs::rename(png, &named).expect("rename a picture");
    named
}

/// An honest film whose sample description says 16000×16000.
pub(super) fn huge_claim(dir: &Path) -> PathBuf {
    let mut bytes = honest(dir);
    // A visual sample entry: after its type come 24 bytes, then width and height with 16 bits each.
    let at = find(&bytes, b"avc1", 0) + 4 + 24;
    let side = 16_000_u16.to_be_bytes();
    bytes[at..at + 2].copy_from_slice(&side);
    bytes[at + 2..at + 4].copy_from_slice(&side);
    write(dir, "huge-claim.mp4", &bytes)
}

/// An honest film whose headers claim 2³² − 2 units. One more would mean that the duration is unknown.
pub(super) fn endless_header(dir: &Path) -> PathBuf {
    let mut bytes = honest(dir);
    // Version 0 of mvhd and mdhd: version and flags, two instants, time scale, duration; tkhd has an id and a gap before it.
    for (kind, offset) in [(b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)] {
        for nth in 0..count(&bytes, kind) {
            let at = find(&bytes, kind, nth) + 4 + offset;
            bytes[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0xfe]);
        }
    }
    write(dir, "endless-header.mp4", &bytes)
}

/// A film of a few frames, each with a duration of weeks.
pub(super) fn endless_frames(dir: &Path) -> PathBuf {
    let mut bytes = honest(dir);
    // stts: version and flags, count of entries, then pairs of count and duration; the first track is the picture.
    let at = find(&bytes, b"stts", 0) + 4 + 8 + 4;
    bytes[at..at + 4].copy_from_slice(&0x7000_0000_u32.to_be_bytes());
    // Without the edit lists, which would cut it back to three seconds.
    for nth in (0..count(&bytes, b"edts")).rev() {
        let at = find(&bytes, b"edts", nth);
        bytes[at..at + 4].copy_from_slice(b"free");
    }
    write(dir, "endless-frames.mp4", &bytes)
}

/// A film whose headers say that its data is at an address.
pub(super) fn elsewhere(dir: &Path, address: &str) -> PathBuf {
    let mut bytes = honest(dir);
    let dref = find(&bytes, b"dref", 0);
    // The entry `url ` with flag 1 means "in this file"; it becomes one without the flag, and with an address.
    let entry = [&0_u32.to_be_bytes()[..], address.as_bytes(), b"\0"].concat();
    let url = find(&bytes[dref..], b"url ", 0) + dref;
    let grown = entry.len() - 4;
    bytes.splice(url + 4..url + 8, entry);
    let size = u32::try_from(12 + grown).expect("a short address");
    bytes[url - 4..url].copy_from_slice(&size.to_be_bytes());
    // Every enclosing box grows by the same size. The media is before the index, so that no offset in it changes.
    for kind in [b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"] {
        let at = find(&bytes, kind, 0) - 4;
        let old = u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let new = old + u32::try_from(grown).expect("a short address");
        bytes[at..at + 4].copy_from_slice(&new.to_be_bytes());
    }
    write(dir, "elsewhere.mp4", &bytes)
}

/// A film with two megabytes of title, of which ffmpeg returns all.
pub(super) fn long_title(dir: &Path) -> PathBuf {
    tagged(dir, "long-title", &format!("title={}\n", "A".repeat(2_000_000)))
}

/// Bytes in tags that are no UTF-8, and characters that turn text around or drive a terminal.
pub(super) fn hostile_tags(dir: &Path) -> PathBuf {
    let file = tagged(dir, "hostile-tags", "title=TITLE-TO-REPLACE\nartist=\u{202e}4pm.exe\u{1b}[2J\u{7}\n");
    let mut bytes = std::fs::read(&file).expect("read a clip");
    let title = b"TITLE-TO-REPLACE";
    let at = bytes.windows(title.len()).position(|window| window == title).expect("the title stands in the file");
    bytes[at..at + 8].copy_from_slice(b"\xff\xfe\xc3\x28\xe2\x80\xae\x1b");
    std::fs::write(&file, bytes).expect("write a clip");
    file
}

/// A picture that changes its size after the first second.
pub(super) fn changing_size(dir: &Path) -> PathBuf {
    let part = |size: &str| {
        let file = dir.join(format!("part-{size}.h264"));
        let source = format!("testsrc2=size={size}:rate=25:duration=1");
        let args = ["-f", "lavfi", "-i", &source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
        ffmpeg(args.iter(), &file);
        std::fs::read(file).expect("read a part")
    };
    let joined = write(dir, "joined.h264", &[part("320x180"), part("256x144")].concat());
    let file = dir.join("changing-size.mp4");
    let from = joined.to_str().expect("a path of plain text");
    ffmpeg(["-r", "25", "-i", from, "-c", "copy"].iter(), &file);
    file
}

/// Random bytes; the same at each run.
pub(super) fn random(dir: &Path) -> PathBuf {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(200_000)
    .collect();
    write(dir, "random.mp4", &bytes)
}

/// An honest film of which only the first part arrived: the index, at its end, is missing.
pub(super) fn without_index(dir: &Path) -> PathBuf {
    let bytes = honest(dir);
    write(dir, "without-index.mp4", &bytes[..bytes.len() / 2])
}

/// An honest film with its index first, of which the last two thirds are missing.
pub(super) fn truncated(dir: &Path) -> PathBuf {
    let file = dir.join("faststart.mp4");
    let from = clips::plain(dir, 3);
    ffmpeg(["-i", from.to_str().expect("plain text"), "-c", "copy", "-movflags", "+faststart"].iter(), &file);
    let bytes = std::fs::read(file).expect("read a clip");
    let media = find(&bytes, b"mdat", 0);
    write(dir, "truncated.mp4", &bytes[..media + (bytes.len() - media) / 3])
}

/// An archive and a program.
pub(super) fn zip(dir: &Path) -> PathBuf {
    write(dir, "archive.mp4", b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0x")
}

pub(super) fn program(dir: &Path) -> PathBuf {
    let program = std::fs::read("/bin/true").expect("a program of this machine");
    write(dir, "program.mp4", &program)
}

pub(super) fn write(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let file = dir.join(name);
    std::fs::write(&file, bytes).expect("write a file");
    file
}

/// Three seconds that keep every rule, the media before the index.
fn honest(dir: &Path) -> Vec<u8> {
    std::fs::read(clips::plain(dir, 3)).expect("read a clip")
}

fn tagged(dir: &Path, name: &str, tags: &str) -> PathBuf {
    let list = write(dir, &format!("{name}.tags"), format!(";FFMETADATA1\n{tags}").as_bytes());
    let from = clips::plain(dir, 3);
    let [from, list] = [&from, &list].map(|path| path.to_str().expect("a path of plain text"));
    let file = dir.join(format!("{name}.mp4"));
    ffmpeg(["-i", from, "-i", list, "-map_metadata", "1", "-c", "copy"].iter(), &file);
    file
}

/// Where a box's type stands; its size is the four bytes before.
fn find(bytes: &[u8], kind: &[u8; 4], nth: usize) -> usize {
    // Searched after the media, so that no encoded byte is taken for a box: these files have their index last.
    let places = bytes.windows(4).enumerate().filter(|(_, window)| window == kind).map(|(at, _)| at);
    let from = if kind == b"mdat" { 0 } else { index_of(bytes) };
    places
        .filter(|at| *at >= from)
        .nth(nth)
        .unwrap_or_else(|| panic!("no {} in the file", String::from_utf8_lossy(kind)))
}

fn count(bytes: &[u8], kind: &[u8; 4]) -> usize {
    let from = index_of(bytes);
    bytes[from..].windows(4).filter(|window| *window == kind).count()
}

/// Where `moov` stands, or 0 in a piece of an index.
fn index_of(bytes: &[u8]) -> usize {
    bytes.windows(4).rposition(|window| window == b"moov").unwrap_or(0)
}
