//! Facts of the reader of boxes: what honest files say, and that no bytes bring it down.
use std::io::Write;

use super::*;

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = ((payload.len() + 8) as u32).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(payload);
    bytes
}

fn movie(flags: u8) -> Vec<u8> {
    let url = boxed(b"url ", &[&[0, 0, 0, flags][..], b"http://127.0.0.1/x\0"].concat());
    let dref = boxed(b"dref", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &url].concat());
    let nested = [*b"dinf", *b"minf", *b"mdia", *b"trak", *b"moov"];
    nested.iter().fold(dref, |inner, kind| boxed(kind, &inner))
}

fn read_bytes(bytes: &[u8]) -> Structure {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read(file.path()).unwrap()
}

#[test]
fn a_reference_to_another_file_is_seen() {
    assert!(read_bytes(&movie(0)).external);
    assert!(!read_bytes(&movie(1)).external);
}

#[test]
fn the_order_of_the_top_level_is_faststart_or_not() {
    let first = [movie(1), boxed(b"mdat", b"x")].concat();
    let last = [boxed(b"mdat", b"x"), movie(1)].concat();
    assert!(read_bytes(&first).is_faststart());
    assert!(!read_bytes(&last).is_faststart());
}

#[test]
fn a_file_whose_end_is_missing_says_so_itself() {
    let whole = [movie(1), boxed(b"mdat", &[7; 100])].concat();
    assert!(!read_bytes(&whole).truncated);
    assert!(read_bytes(&whole[..whole.len() - 1]).truncated);
    assert!(!read_bytes(&[whole, b"\xff\xff\xff\xffjunk".to_vec()].concat()).truncated);
}

#[test]
fn claimed_sizes_end_with_the_file() {
    assert_eq!(read_bytes(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xffxx").top, vec![*b"mdat"]);
    assert_eq!(read_bytes(b"\0\0\0\x03moov").top, Vec::<[u8; 4]>::new());
}

/// A box whose payload begins with version and flags.
fn full(kind: &[u8; 4], head: u32, numbers: &[u32]) -> Vec<u8> {
    let payload: Vec<u8> = [head].iter().chain(numbers).flat_map(|number| number.to_be_bytes()).collect();
    boxed(kind, &payload)
}

/// A table of rows after their count.
fn table(kind: &[u8; 4], rows: u32, numbers: &[u32]) -> Vec<u8> {
    full(kind, 0, &[&[rows][..], numbers].concat())
}

/// A track of 100 samples, with these sample entries; its edit list shows 3 s.
fn film_track(id: u32, handler: &[u8; 4], entries: &[Vec<u8>]) -> Vec<u8> {
    let stsd = [&[0; 4][..], &(entries.len() as u32).to_be_bytes(), &entries.concat()].concat();
    let tables = [
        boxed(b"stsd", &stsd),
        table(b"stts", 2, &[99, 512, 1, 12_800]),
        table(b"stsc", 2, &[1, 3, 1, 2, 1, 1]),
        table(b"stss", 1, &[1]),
        table(b"ctts", 2, &[1, 1024, 99, 2048]),
        full(b"stsz", 0, &[0, 4, 10, 0, 20, 0]),
    ];
    let minf = boxed(b"minf", &boxed(b"stbl", &tables.concat()));
    let hdlr = boxed(b"hdlr", &[&[0; 8][..], handler, &[0; 12]].concat());
    let mdia = boxed(b"mdia", &[full(b"mdhd", 0, &[0, 0, 12_800, 63_488, 0]), hdlr, minf].concat());
    // Enabled, in the movie and the preview; layer 0, group 7.
    let tkhd = full(b"tkhd", 7, &[&[0, 0, id, 0, 4960, 0, 0, 7][..], &[0; 12]].concat());
    let elst = table(b"elst", 2, &[500, u32::MAX, 0x1_0000, 3000, 1024, 0x1_0000]);
    boxed(b"trak", &[tkhd, boxed(b"edts", &elst), mdia].concat())
}

fn film(more: &[u8]) -> Vec<u8> {
    let colr = boxed(b"colr", &[&b"nclx"[..], &[0, 9, 0, 18, 0, 9, 0x80]].concat());
    let dvcc = boxed(b"dvcC", &[&[1, 0, 0x10, 0x0d, 0x40][..], &[0; 19]].concat());
    let sinf = [boxed(b"frma", b"avc1"), boxed(b"schm", b"\0\0\0\0cbcs\0\x01\0\0")].concat();
    let sound = |code: &[u8; 4], version: u8, fields: usize, parts: &[u8]| {
        let mut content = vec![0; fields];
        content[9] = version;
        boxed(code, &[content, parts.to_vec()].concat())
    };
    let pcm = boxed(b"pcmC", &[0, 0, 0, 0, 1, 24]);
    let picture = |code: &[u8; 4], parts: &[&[u8]]| boxed(code, &[&[0; 78][..], &parts.concat()].concat());
    let wave = boxed(b"wave", &[boxed(b"frma", b"in24"), boxed(b"pcmC", &[0, 0, 0, 0, 0, 32])].concat());
    let pictures =
        [picture(b"hvc1", &[&boxed(b"hvcC", &[1; 23]), &colr, &dvcc]), picture(b"encv", &[&boxed(b"sinf", &sinf)])];
    let sounds = [sound(b"ipcm", 0, 28, &pcm), sound(b"in24", 1, 44, &[&wave[..], &[0; 4]].concat())];
    let mvhd = full(b"mvhd", 0, &[&[0, 0, 1000, 60_000][..], &[0; 20]].concat());
    let tracks = [film_track(1, b"vide", &pictures), film_track(2, b"soun", &sounds)].concat();
    boxed(b"moov", &[&mvhd[..], &tracks, more].concat())
}

#[test]
fn a_track_says_who_it_is_how_long_and_how_it_is_coded() {
    let structure = read_bytes(&film(b""));
    assert_eq!((structure.movie_ms, structure.fragmented, structure.tracks.len()), (60_000, false, 2));
    let [picture, sound] = &structure.tracks[..] else { panic!("{structure:?}") };
    assert_eq!((picture.id, &picture.handler, picture.is_enabled, picture.alternate_group), (1, b"vide", true, 7));
    assert!(picture.has_sync_table);
    assert_eq!(picture.used_entries, [0]);
    assert_eq!((picture.offsets.differ, picture.empty_samples), (true, 2));
    let length = picture.length;
    assert_eq!((length.samples, length.ticks, length.last_ticks, length.timescale), (100, 63_488, 12_800, 12_800));
    assert_eq!((length.edited_ms, length.header_ms, length.shown_ms()), (Some(3000), 4960, Some(3000)));
    let [hevc, encrypted] = &picture.entries[..] else { panic!("{picture:?}") };
    let colour = Tagged { primaries: 9, transfer: 18, matrix: 9, full_range: true };
    assert_eq!((&hevc.code, hevc.colour), (b"hvc1", Some(colour)));
    assert_eq!(hevc.dolby_vision, Some(DolbyVision { profile: 8, has_base_layer: true, compatibility: 4 }));
    assert_eq!(encrypted.protection, Some(Protection { original: *b"avc1", scheme: *b"cbcs" }));
    let pcm = sound.entries.iter().map(|entry| entry.pcm.unwrap()).collect::<Vec<_>>();
    assert_eq!(pcm.iter().map(|pcm| (pcm.is_little_endian, pcm.bits)).collect::<Vec<_>>(), [(true, 24), (false, 32)]);
    let entry = film(b"").windows(4).position(|window| window == b"ipcm").unwrap() as u64 + 4;
    assert_eq!(pcm[0].field_at, entry + 18);
}

#[test]
fn a_movie_in_fragments_says_so_and_its_entries_are_read() {
    let structure = read_bytes(&film(&boxed(b"mvex", &full(b"trex", 0, &[1, 1, 0, 0, 0]))));
    assert!(structure.fragmented);
    assert_eq!(structure.tracks[0].entries[0].code, *b"hvc1");
}

#[test]
fn fragments_say_whether_pictures_are_shown_in_another_order() {
    let run = |flags: u32, numbers: &[u32]| full(b"trun", flags, numbers);
    let film = |runs: &[Vec<u8>]| {
        let mvex = boxed(b"mvex", &full(b"trex", 0, &[1, 1, 0, 0, 0]));
        let plain = film(&mvex);
        // Without the tables that would say it.
        let at = plain.windows(4).position(|window| window == b"ctts").unwrap();
        let plain = [&plain[..at], b"free", &plain[at + 4..]].concat();
        let fragment = |run: &Vec<u8>| {
            let traf = boxed(b"traf", &[full(b"tfhd", 0x02_0000, &[1]), run.clone()].concat());
            boxed(b"moof", &traf)
        };
        let fragments: Vec<u8> = runs.iter().flat_map(fragment).collect();
        read_bytes(&[plain, fragments].concat()).tracks[0].offsets.differ
    };
    // Sizes alone; an offset of the data and the first sample's flags before sizes and offsets.
    assert!(!film(&[run(0x200, &[2, 10, 20])]));
    assert!(film(&[run(0xa05, &[2, 8, 0, 10, 512, 20, 1024])]));
    assert!(!film(&[run(0xa05, &[2, 8, 0, 10, 512, 20, 512])]));
    assert!(film(&[run(0x800, &[1, 0]), run(0x800, &[1, 512])]));
    // What claims more than there is.
    assert!(!film(&[run(0xf05, &[u32::MAX, 8, 0, 1, 2, 3, 0]), run(0x800, &[])]));
}

#[test]
fn an_edit_of_no_length_is_open_but_in_fragments() {
    let open = |more: &[u8]| {
        let mut bytes = film(more);
        let at = bytes.windows(4).position(|window| window == b"elst").unwrap();
        bytes[at + 24..at + 28].fill(0);
        let structure = read_bytes(&bytes);
        (structure.has_open_edit(), structure.tracks[0].length.edited_ms)
    };
    assert_eq!((read_bytes(&film(b"")).has_open_edit(), open(b"")), (false, (true, None)));
    assert!(!open(&boxed(b"mvex", &full(b"trex", 0, &[1, 1, 0, 0, 0]))).0);
}

#[test]
fn claimed_counts_end_with_the_table_and_with_the_budget() {
    let claim = |count: u32| {
        let mut bytes = film(b"");
        let at = bytes.windows(4).position(|window| window == b"stts").unwrap() + 8;
        bytes[at..at + 4].copy_from_slice(&count.to_be_bytes());
        read_bytes(&bytes).tracks[0].length
    };
    assert_eq!(claim(u32::MAX), claim(2));
    assert_eq!((claim(1).samples, claim(0).samples), (99, 0));
    let mut bytes = film(b"");
    let at = bytes.windows(4).position(|window| window == b"stts").unwrap() + 12;
    bytes[at..at + 8].fill(0xff);
    // 2³²−1 samples of 2³²−1 ticks neither overflow nor cost anything.
    assert!(read_bytes(&bytes).tracks[0].length.ticks > 1 << 60);
}

/// What a film's index is turned into by chance: bytes, sizes and counts at their edges, pieces cut out and doubled.
fn mutated(film: &[u8], seed: u64) -> Vec<u8> {
    // Knuth's generator: the same films each time.
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    const EDGES: [u32; 8] = [0, 1, 7, 8, 9, 0x7fff_ffff, 0x8000_0000, u32::MAX];
    let mut bytes = film.to_vec();
    for _ in 0..=below(6) {
        let at = below(bytes.len() - 24);
        match below(5) {
            0 => bytes[at] ^= 1 << below(8),
            1 => bytes[at..at + 4].copy_from_slice(&EDGES[below(8)].to_be_bytes()),
            2 => {
                // A size of 64 bits.
                bytes[at..at + 4].copy_from_slice(&1u32.to_be_bytes());
                bytes[at + 8..at + 16].copy_from_slice(&(u64::MAX >> below(64)).to_be_bytes());
            }
            3 => drop(bytes.drain(at..at + below(24))),
            _ => {
                let piece = bytes[at..at + 24].to_vec();
                let to = below(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

#[test]
fn no_bytes_bring_the_reader_down_and_what_it_finds_is_bounded() {
    let film = film(b"");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("film");
    let (honest, mut changed) = (read_bytes(&film), 0);
    for seed in 0..4000 {
        std::fs::write(&path, mutated(&film, seed)).unwrap();
        let structure = read(&path).unwrap();
        assert!(structure.tracks.len() <= MAX_TRACKS && structure.top.len() <= MAX_BOXES);
        for track in &structure.tracks {
            assert!(track.entries.len() <= 64 && track.used_entries.len() <= 64);
            let _ = (track.length.shown_ms(), track.length.claimed_ms(), track.used().count());
            let _ = (
                crate::read::sample_entry::obstacle(track, "h264"),
                crate::read::sample_entry::other_codec(track, "pcm_s24le"),
            );
        }
        changed += usize::from(structure != honest);
    }
    assert!(changed > 1000, "hardly anything was changed: {changed}");
}
