//! Spreadsheets in the sandboxed child.
use media::protocol::{Job, Limits};
use paper::{Answer, Refusal};

use crate::support::{done, run};

fn answer(bytes: &[u8], limits: paper::Limits) -> Answer {
    let input = tempfile::tempdir().unwrap();
    std::fs::write(input.path().join("sheet"), bytes).unwrap();
    done(run(Job::Sheet { file: "sheet".into(), limits }, Limits::sheet(), Some(input.path()), None))
}

#[test]
fn a_sheet_is_read_in_the_sandbox() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "作品名称").unwrap();
    sheet.write(1, 0, 13_812_345_678_i64).unwrap();
    let Answer::Read(book) = answer(&workbook.save_to_buffer().unwrap(), paper::Limits::default()) else { panic!() };
    book.check(&paper::Limits::default()).unwrap();
    let cells: Vec<&str> = book.sheets[0].rows.iter().flat_map(|row| &row.cells).map(String::as_str).collect();
    assert_eq!(cells, ["作品名称", "13812345678"]);
    let Answer::Read(book) = answer("标题,主题\n早晨,绿色低碳".as_bytes(), paper::Limits::default()) else {
        panic!()
    };
    assert_eq!(book.sheets[0].rows.len(), 2);
}

#[test]
fn a_refusal_is_an_answer_of_the_child_too() {
    assert_eq!(answer(b"<html>", paper::Limits::default()), Answer::Refused(Refusal::UnknownFormat));
    let few = paper::Limits { rows: 1, ..paper::Limits::default() };
    assert_eq!(answer(b"a\nb", few), Answer::Refused(Refusal::TooManyRows { most: 1 }));
}
