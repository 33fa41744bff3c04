//! Writes a table as a spreadsheet: one sheet, headings that stay in view, columns of suitable width, printed across A4
//! with the headings on every page. Every text is a string cell in the format "text": it is not a formula, and does not
//! become one when a person edits the cell.
use anyhow::Context;
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook};

use super::sheet::{Cell, Sheet};

/// The most characters that the format allows in a cell.
const MOST_CHARACTERS: usize = 32_767;
/// The format's number for A4.
const A4: u8 = 9;
/// The longest name that a sheet may have.
const NAME_CHARACTERS: usize = 31;

/// The table as bytes. It is synchronous and keeps a core busy, so it belongs on a thread of its own.
pub(super) fn write(sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
    let cell = || Format::new().set_align(FormatAlign::Top).set_border(FormatBorder::Thin);
    let (text, number) = (cell().set_num_format("@").set_text_wrap(), cell());
    let heading = cell().set_num_format("@").set_text_wrap().set_bold().set_background_color(0x00E8_ECF0);

    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet();
    page.set_name(named(&sheet.title))?.set_freeze_panes(1, 0)?;
    page.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    // An ampersand starts a command in headers.
    let above = |text: &str| text.replace('&', "&&");
    page.set_header(format!("&L{}&C{}&R&P / &N", above(&sheet.subtitle), above(&sheet.title)));
    for (column, place) in sheet.columns.iter().zip(0_u16..) {
        page.set_column_width(place, column.width)?;
        page.write_string_with_format(0, place, &column.heading, &heading)?;
    }
    for (line, row) in sheet.rows.iter().zip(1_u32..) {
        for (cell, column) in line.iter().zip(0_u16..) {
            match cell {
                Cell::Text(said) => page.write_string_with_format(row, column, fitting(said), &text)?,
                Cell::Number(value) => page.write_number_with_format(row, column, *value, &number)?,
            };
        }
    }
    let (rows, columns) = (u32::try_from(sheet.rows.len())?, u16::try_from(sheet.columns.len())?);
    if rows > 0 && columns > 0 {
        page.autofilter(0, 0, rows, columns - 1)?;
    }
    workbook.save_to_buffer().context("write a spreadsheet")
}

/// As much of a text as fits into a cell. Characters above U+FFFF count twice, as in the format.
fn fitting(text: &str) -> String {
    let mut room = MOST_CHARACTERS;
    text.chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= room;
            room = room.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

/// A name that is allowed for a sheet.
fn named(title: &str) -> String {
    title.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(NAME_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Column;
    use super::*;

    #[test]
    fn a_sheet_becomes_a_file_whatever_is_in_it() {
        let columns = vec![Column::new("甲", 8), Column::new("乙", 20)];
        let texts = ["=1+1", "13812345678", "", "\u{1}\u{fffe}", "𠮷"];
        let mut rows: Vec<Vec<Cell>> = texts.iter().map(|text| vec![Cell::Number(1), Cell::from(*text)]).collect();
        rows.push(vec![Cell::Number(2), "字".repeat(40_000).into()]);
        let sheet = Sheet { title: "名单 [1/2]: a & b".into(), subtitle: "A & B".into(), columns, rows };
        let bytes = write(&sheet).unwrap();
        assert!(bytes.starts_with(b"PK"), "a zip file");
        let empty = Sheet { title: "空".into(), ..Sheet::default() };
        assert!(write(&empty).unwrap().starts_with(b"PK"));
    }

    #[test]
    fn a_text_is_cut_to_what_a_cell_takes() {
        assert_eq!(fitting(&"a".repeat(40_000)).len(), MOST_CHARACTERS);
        assert_eq!(fitting(&"𠮷".repeat(20_000)).chars().count(), MOST_CHARACTERS / 2);
        assert_eq!(named("a/b'c"), "abc");
    }
}
