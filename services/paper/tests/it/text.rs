//! CSV files as Excel, WPS and other programs write them.
use encoding_rs::GB18030;
use paper::Refusal;

use crate::support::{refused, rows};

const TEXT: &str = "作品名称,电话,简介\r\n\"早晨,\"\"一\"\"\",13812345678,\"两行\r\n的简介\"\r\n\r\n晚上,=\"0591\",x";

fn expected() -> Vec<Vec<String>> {
    let rows: [[&str; 3]; 3] =
        [["作品名称", "电话", "简介"], ["早晨,\"一\"", "13812345678", "两行\n的简介"], ["晚上", "0591", "x"]];
    rows.iter().map(|row| row.map(String::from).to_vec()).collect()
}

#[test]
fn each_encoding_of_the_office_is_read() {
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| ["\u{feff}", TEXT].concat().encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    assert_eq!(rows(TEXT.as_bytes()), expected());
    assert_eq!(rows(["\u{feff}", TEXT].concat().as_bytes()), expected());
    assert_eq!(rows(&GB18030.encode(TEXT).0), expected());
    assert_eq!(rows(&utf16(u16::to_le_bytes)), expected());
    assert_eq!(rows(&utf16(u16::to_be_bytes)), expected());
}

#[test]
fn tabs_and_semicolons_separate_too() {
    assert_eq!(rows("a\tb,c\td".as_bytes()), [["a", "b,c", "d"]]);
    assert_eq!(rows("a;b;c,d\n".as_bytes()), [["a", "b", "c,d"]]);
    assert_eq!(rows("一行".as_bytes()), [["一行"]]);
}

#[test]
fn what_is_no_table_is_refused() {
    assert_eq!(refused(b"a,\xff\xff\xff,b"), Refusal::UnknownEncoding);
    assert_eq!(refused(b"a,\"b\nc,d"), Refusal::Damaged);
    assert_eq!(refused(b"<html><table>"), Refusal::UnknownFormat);
    assert_eq!(refused(b"%PDF-1.7"), Refusal::UnknownFormat);
    assert_eq!(refused(b"\x00\x00\x00\x18ftypmp42"), Refusal::UnknownFormat);
    assert_eq!(refused(b""), Refusal::Empty);
    assert_eq!(refused(b" ,\n,, \n"), Refusal::Empty);
}
