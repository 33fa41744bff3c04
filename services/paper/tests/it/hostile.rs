//! Files of attackers: each is refused with its reason, within the memory and time of a small file.
use paper::{Limits, Refusal};
use pipeline::lang::Lang;

use crate::support::{archive, read, refused, rows, workbook, workbook_of};

#[test]
fn a_bomb_is_refused_before_it_is_parsed() {
    // 128 MiB of blanks in 128 KiB.
    let blanks = vec![b' '; 128 << 20];
    assert_eq!(refused(&workbook("", &[("xl/sharedStrings.xml", &blanks)])), Refusal::UnpacksTooLarge);
    // Each part is harmless, but not all of them together.
    let small = vec![b' '; 1 << 20];
    let names: Vec<String> = (0..80).map(|part| format!("xl/media/{part}")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &*small)).collect();
    assert_eq!(refused(&workbook("", &parts)), Refusal::UnpacksTooLarge);
}

#[test]
fn a_size_that_lies_is_not_believed() {
    // The central directory states that the part has one byte.
    let blanks = vec![b' '; 96 << 20];
    let mut bytes = workbook("", &[("xl/sharedStrings.xml", &blanks)]);
    let size = (blanks.len() as u32).to_le_bytes();
    let at: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, window)| *window == size).map(|(at, _)| at).collect();
    assert!(!at.is_empty());
    for at in at {
        bytes[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    assert!(matches!(refused(&bytes), Refusal::UnpacksTooLarge | Refusal::Damaged));
}

#[test]
fn a_million_rows_are_refused() {
    let data: String =
        (1..=1_000_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>")).collect();
    assert_eq!(refused(&workbook(&data, &[])), Refusal::TooManyRows { most: 2000 });
    let text = "x\n".repeat(1_000_000);
    assert_eq!(refused(text.as_bytes()), Refusal::TooManyRows { most: 2000 });
}

#[test]
fn one_cell_in_the_farthest_corner_costs_nothing() {
    let far = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>"#;
    assert_eq!(rows(&workbook(far, &[])), [["1"], ["2"]]);
    let wide = r#"<row r="3"><c r="XFD3"><v>1</v></c></row>"#;
    assert_eq!(refused(&workbook(wide, &[])), Refusal::TooWide { row: 3, most: 64 });
    let claim =
        br#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>
        <mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>"#;
    assert_eq!(rows(&workbook_of(claim, &[])), [vec!["1"; 64]]);
}

#[test]
fn entities_are_refused() {
    let laughs = br#"<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>"#;
    assert_eq!(refused(&workbook("", &[("xl/sharedStrings.xml", laughs)])), Refusal::Entities);
    let file = br#"<!DOCTYPE w [<!ENTITY f SYSTEM "file:///etc/passwd">]><worksheet><sheetData/></worksheet>"#;
    assert_eq!(refused(&workbook_of(file, &[])), Refusal::Entities);
    // Across the border between two chunks of decompressed bytes.
    for blanks in [65_530, 65_536, 65_545, 131_070] {
        let late = [" ".repeat(blanks).as_bytes(), file].concat();
        assert_eq!(refused(&workbook("", &[("xl/theme.xml", &late)])), Refusal::Entities, "{blanks}");
    }
    // An undeclared entity makes the XML invalid.
    let data = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>&f;</t></is></c></row>"#;
    assert_eq!(refused(&workbook(data, &[])), Refusal::Damaged);
}

#[test]
fn what_is_no_workbook_is_refused_by_name() {
    assert_eq!(refused(&archive(&[("a.txt", b"x")])), Refusal::Damaged);
    assert_eq!(refused(b"PK\x03\x04"), Refusal::Damaged);
    let whole = workbook("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>", &[]);
    for length in (4..whole.len()).step_by(97) {
        assert_eq!(refused(&whole[..length]), Refusal::Damaged, "{length}");
    }
    assert_eq!(refused(&workbook("", &[])), Refusal::Empty);
    assert_eq!(refused(&workbook("<row><c><v>1</v>", &[])), Refusal::Damaged);
    assert_eq!(refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), Refusal::OldFormat);
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused(&[b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &stream[..]].concat()), Refusal::Encrypted);
}

#[test]
fn a_part_that_is_changed_by_one_byte_is_read_or_refused_and_never_panics() {
    let data = r#"<row r="1"><c r="A1" t="str"><v>早晨</v></c><c r="B1"><v>13812345678</v></c></row>"#;
    let whole = workbook(data, &[]);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let _ = read(&bytes, &Limits::default());
    }
}

#[test]
fn each_limit_is_kept() {
    let data = r#"<row r="1"><c r="A1" t="str"><v>abcd</v></c><c r="B1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>"#;
    let bytes = workbook(data, &[]);
    let all = Limits::default();
    let refused = |limits: Limits| read(&bytes, &limits).unwrap_err();
    assert_eq!(refused(Limits { file_bytes: 100, ..all }), Refusal::FileTooLarge { most_bytes: 100 });
    assert_eq!(refused(Limits { parts: 4, ..all }), Refusal::TooManyParts { most: 4 });
    assert_eq!(refused(Limits { unpacked_bytes: 200, ..all }), Refusal::UnpacksTooLarge);
    assert_eq!(refused(Limits { sheets: 0, ..all }), Refusal::TooManySheets { most: 0 });
    assert_eq!(refused(Limits { rows: 1, ..all }), Refusal::TooManyRows { most: 1 });
    assert_eq!(refused(Limits { columns: 1, ..all }), Refusal::TooWide { row: 1, most: 1 });
    assert_eq!(refused(Limits { cell_chars: 3, ..all }), Refusal::CellTooLong { row: 1, column: 1, most: 3 });
    assert_eq!(refused(Limits { text_bytes: 5, ..all }), Refusal::TooMuchText);
    read(&bytes, &Limits { rows: 2, columns: 2, cell_chars: 4, text_bytes: 6, sheets: 1, parts: 5, ..all }).unwrap();
}

#[test]
fn each_refusal_has_a_code_and_a_sentence_in_both_languages() {
    let all = [
        Refusal::UnknownFormat,
        Refusal::OldFormat,
        Refusal::Encrypted,
        Refusal::Damaged,
        Refusal::UnknownEncoding,
        Refusal::Entities,
        Refusal::Empty,
        Refusal::FileTooLarge { most_bytes: 8 << 20 },
        Refusal::TooManyParts { most: 1 },
        Refusal::UnpacksTooLarge,
        Refusal::TooManySheets { most: 1 },
        Refusal::TooManyRows { most: 1 },
        Refusal::TooWide { row: 1, most: 1 },
        Refusal::CellTooLong { row: 1, column: 1, most: 1 },
        Refusal::TooMuchText,
    ];
    let mut codes: Vec<&str> = all.iter().map(Refusal::code).collect();
    for refusal in all {
        assert!(refusal.code().starts_with("sheet_"));
        assert!(refusal.text(Lang::Zh).ends_with('。') && refusal.text(Lang::En).ends_with('.'));
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
}
