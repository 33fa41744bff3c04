//! Writes a table as CSV (RFC 4180) for spreadsheet programs: UTF-8 with a byte order mark. Without the mark, Excel in
//! Chinese reads the file as GBK.
use super::sheet::{Cell, Sheet};

/// The byte order mark.
const MARK: &str = "\u{feff}";

/// Characters that start a formula in a spreadsheet. Chinese keyboards type the last four, and spreadsheets read them
/// as the first four.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The table as bytes.
pub(super) fn write(sheet: &Sheet) -> Vec<u8> {
    let mut text = String::from(MARK);
    line(&mut text, sheet.columns.iter().map(|column| column.heading.clone()));
    for row in &sheet.rows {
        line(&mut text, row.iter().map(shown));
    }
    text.into_bytes()
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// The text of a cell. An apostrophe is put before a text that a spreadsheet would take for a formula, and is visible
/// there. Quotation marks alone do not help, because programs remove them before they look for a formula. A space would
/// work too, but is easily lost.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) if text.starts_with(FORMULA) => format!("'{text}"),
        Cell::Text(text) => text.clone(),
    }
}

/// The cell, in quotation marks if it needs them.
fn quoted(text: &str) -> String {
    let plain = !text.contains([',', ';', '"', '\r', '\n', '\t']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Column;
    use super::*;

    fn written(cell: Cell) -> String {
        let sheet = Sheet { columns: vec![Column::new("甲", 8)], rows: vec![vec![cell]], ..Sheet::default() };
        let text = String::from_utf8(write(&sheet)).unwrap();
        let body = text.strip_prefix("\u{feff}甲\r\n").expect("a byte order mark and the headings");
        body.strip_suffix("\r\n").expect("one line").to_owned()
    }

    #[test]
    fn nothing_that_people_typed_is_a_formula() {
        for text in ["=1+1", "+86", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"] {
            let written = written(text.into());
            let inside = written.trim_matches('"');
            assert_eq!(inside, format!("'{text}"), "{text:?}");
        }
        assert_eq!(written("1=1".into()), "1=1");
    }

    #[test]
    fn separators_and_quotation_marks_are_quoted() {
        assert_eq!(written("甲,乙".into()), "\"甲,乙\"");
        assert_eq!(written("他说\"好\"".into()), "\"他说\"\"好\"\"\"");
        assert_eq!(written("=\"a\",b".into()), "\"'=\"\"a\"\",b\"");
        assert_eq!(written(Cell::Number(7)), "7");
        assert_eq!(written("13812345678".into()), "13812345678");
        assert_eq!(written(Cell::EMPTY), "");
    }
}
