//! Handmade files, and what is read from them.
use std::io::{Cursor, Write};

use paper::{Answer, Book, Limits, Refusal};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What is read from `bytes`; it must respect its limits.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Book, Refusal> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    match paper::read(file.path(), limits).unwrap() {
        Answer::Read(book) => {
            book.check(limits).unwrap();
            Ok(book)
        }
        Answer::Refused(refusal) => Err(refusal),
    }
}

/// The cells of the only sheet, row by row, within the usual limits.
pub(crate) fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut book = read(bytes, &Limits::default()).unwrap();
    assert_eq!(book.sheets.len(), 1);
    book.sheets.remove(0).rows.into_iter().map(|row| row.cells).collect()
}

/// Why `bytes` are refused, with the usual limits.
pub(crate) fn refused(bytes: &[u8]) -> Refusal {
    read(bytes, &Limits::default()).unwrap_err()
}

/// An archive of parts.
pub(crate) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
const PACKAGE: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>"#;
const SHEETS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="b"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

/// A workbook with one sheet of this content, and more parts.
pub(crate) fn workbook(sheet_data: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let sheet = format!(r#"<worksheet xmlns="{main}"><sheetData>{sheet_data}</sheetData></worksheet>"#);
    workbook_of(sheet.as_bytes(), more)
}

/// A workbook with one sheet of this complete part, and more parts.
pub(crate) fn workbook_of(sheet: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", PACKAGE.as_bytes()),
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", SHEETS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    parts.extend(more);
    archive(&parts)
}
