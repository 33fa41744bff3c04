//! Takes an ISO file apart into its boxes, lets a test change them, and puts it together again. The index has to come last, as ffmpeg
//! writes it by itself, so that no sample moves when it grows.
use std::fs;
use std::path::Path;

/// Boxes that hold boxes, as far as tests go into them.
const NESTED: [&[u8; 4]; 7] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta"];

/// One box.
#[derive(Clone, Debug)]
pub struct Node {
    pub kind: [u8; 4],
    pub payload: Vec<u8>,
    pub kids: Vec<Node>,
}

/// A box of these bytes.
pub fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32 + 8).to_be_bytes()[..], kind, payload].concat()
}

/// The big-endian number of four bytes at `at`.
pub fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn parse(bytes: &[u8]) -> Vec<Node> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 8 <= bytes.len() {
        let size = number(bytes, at) as usize;
        let kind: [u8; 4] = bytes[at + 4..at + 8].try_into().unwrap();
        let payload = bytes[at + 8..at + size].to_vec();
        let nested = NESTED.contains(&&kind);
        let kids = if nested { parse(&payload) } else { Vec::new() };
        found.push(Node { kind, payload: if nested { Vec::new() } else { payload }, kids });
        at += size;
    }
    found
}

impl Node {
    fn bytes(&self) -> Vec<u8> {
        let inner: Vec<u8> = self.kids.iter().flat_map(Node::bytes).collect();
        boxed(&self.kind, &[self.payload.clone(), inner].concat())
    }

    /// The box at `path`, kinds separated by slashes.
    pub fn at(&mut self, path: &str) -> &mut Node {
        path.split('/').fold(self, |node, kind| {
            let found = node.kids.iter_mut().find(|kid| kid.kind == kind.as_bytes());
            found.unwrap_or_else(|| panic!("no {kind} of {path}"))
        })
    }

    /// Whether there is a box at `path`.
    pub fn has(&self, path: &str) -> bool {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let kid = self.kids.iter().find(|kid| kid.kind == first.as_bytes());
        kid.is_some_and(|kid| rest.is_empty() || kid.has(rest))
    }

    /// Writes a number of four bytes at `at` of the box's payload.
    pub fn set(&mut self, at: usize, value: u32) {
        self.payload[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// The table's rows of `N` numbers, after the first `skip` bytes.
    pub fn rows<const N: usize>(&self, skip: usize) -> Vec<[u32; N]> {
        let rows = self.payload[skip..].chunks_exact(4 * N);
        rows.map(|row| std::array::from_fn(|column| number(row, 4 * column))).collect()
    }

    /// Replaces the rows of the table and their count, which is the number before them.
    pub fn set_rows<const N: usize>(&mut self, skip: usize, rows: &[[u32; N]]) {
        self.payload.truncate(skip);
        self.set(skip - 4, rows.len() as u32);
        self.payload.extend(rows.iter().flatten().flat_map(|value| value.to_be_bytes()));
    }
}

/// Changes the film at `path`: `change` gets its box `moov`, and all bytes before it.
pub fn change(path: &Path, change: impl FnOnce(&mut Node, &mut Vec<u8>)) {
    let bytes = fs::read(path).unwrap();
    let mut top = parse(&bytes);
    let mut moov = top.pop().unwrap();
    assert_eq!(&moov.kind, b"moov", "the index is not last");
    let mut before = bytes[..bytes.len() - moov.bytes().len()].to_vec();
    change(&mut moov, &mut before);
    fs::write(path, [before, moov.bytes()].concat()).unwrap();
}

/// The track of a handler: `vide` or `soun`.
pub fn track<'a>(moov: &'a mut Node, handler: &[u8; 4]) -> &'a mut Node {
    let is = |node: &Node| {
        let mdia = node.kids.iter().find(|kid| &kid.kind == b"mdia");
        mdia.and_then(|mdia| mdia.kids.iter().find(|kid| &kid.kind == b"hdlr"))
            .is_some_and(|it| &it.payload[8..12] == handler)
    };
    moov.kids.iter_mut().filter(|kid| &kid.kind == b"trak").find(|kid| is(kid)).unwrap()
}

/// Replaces the first sample entry of a track: `change` gets its code and what follows.
pub fn entry(track: &mut Node, change: impl FnOnce(&[u8; 4], &[u8]) -> ([u8; 4], Vec<u8>)) {
    let stsd = track.at("mdia/minf/stbl/stsd");
    let size = number(&stsd.payload, 8) as usize;
    let code: [u8; 4] = stsd.payload[12..16].try_into().unwrap();
    let (code, content) = change(&code, &stsd.payload[16..8 + size]);
    let rest = stsd.payload[8 + size..].to_vec();
    stsd.payload.truncate(8);
    stsd.payload.extend([boxed(&code, &content), rest].concat());
}

/// Without the box `colr` in a picture's entry, and with `more` at its end.
pub fn picture_entry(content: &[u8], more: &[u8]) -> Vec<u8> {
    let mut kept = content[..78].to_vec();
    for part in parse(&content[78..]) {
        if &part.kind != b"colr" {
            kept.extend(part.bytes());
        }
    }
    [&kept[..], more].concat()
}

/// A box `colr` of numbers.
pub fn nclx(primaries: u16, transfer: u16, matrix: u16, full_range: bool) -> Vec<u8> {
    let numbers = [primaries, transfer, matrix].map(u16::to_be_bytes).concat();
    boxed(b"colr", &[&b"nclx"[..], &numbers, &[u8::from(full_range) << 7]].concat())
}

/// Writes these brands into the box `ftyp` at the beginning of a film; its size stays.
pub fn brands(before: &mut [u8], major: &[u8; 4], compatible: &[&[u8; 4]]) {
    let room = number(before, 0) as usize / 4 - 4;
    before[8..12].copy_from_slice(major);
    for place in 0..room {
        before[16 + 4 * place..20 + 4 * place].copy_from_slice(compatible[place.min(compatible.len() - 1)]);
    }
}

/// Splits samples of the picture's track in two, each where `cut` says after how many bytes, by its number and bytes. The first part
/// lasts for one tick.
pub fn split(track: &mut Node, before: &[u8], cut: impl Fn(usize, &[u8]) -> Option<usize>) {
    let stbl = track.at("mdia/minf/stbl");
    assert!(!stbl.has("ctts"), "only for pictures in the order of showing");
    let sizes: Vec<u32> = stbl.at("stsz").rows::<1>(12).iter().map(|row| row[0]).collect();
    let chunks: Vec<u32> = stbl.at("stco").rows::<1>(8).iter().map(|row| row[0]).collect();
    let runs = stbl.at("stsc").rows::<3>(8);
    let deltas: Vec<u32> =
        stbl.at("stts").rows::<2>(8).iter().flat_map(|[count, delta]| vec![*delta; *count as usize]).collect();
    let keys: Vec<u32> = stbl.at("stss").rows::<1>(8).iter().map(|row| row[0]).collect();
    let (mut new_sizes, mut new_deltas, mut new_keys, mut new_runs) = (vec![], vec![], vec![], vec![]);
    let mut sample = 0;
    for (chunk, offset) in chunks.iter().enumerate() {
        let run = runs.iter().rev().find(|[first, ..]| *first as usize <= chunk + 1).unwrap();
        let (mut at, begin) = (*offset as usize, new_sizes.len());
        for _ in 0..run[1] {
            let size = sizes[sample];
            let bytes = &before[at..at + size as usize];
            match cut(sample, bytes) {
                Some(head) => {
                    new_sizes.extend([[head as u32], [size - head as u32]]);
                    new_deltas.extend([[1, 1], [1, deltas[sample] - 1]]);
                }
                None => {
                    new_sizes.push([size]);
                    new_deltas.push([1, deltas[sample]]);
                }
            }
            // The picture itself is the last part.
            if keys.contains(&(sample as u32 + 1)) {
                new_keys.push([new_sizes.len() as u32]);
            }
            (at, sample) = (at + size as usize, sample + 1);
        }
        new_runs.push([chunk as u32 + 1, (new_sizes.len() - begin) as u32, run[2]]);
    }
    stbl.at("stsz").set_rows(12, &new_sizes);
    stbl.at("stts").set_rows(8, &new_deltas);
    stbl.at("stss").set_rows(8, &new_keys);
    stbl.at("stsc").set_rows(8, &new_runs);
}
