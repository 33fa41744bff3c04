//! The template that units fill in.
use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use paper::Limits;
use pipeline::catalogue::Catalogue;
use pipeline::form::id;
use pipeline::lang::Lang;
use pipeline::sheet::{Cells, SheetError};

use crate::support::read;

#[test]
fn the_template_is_read_as_a_sheet_without_works() {
    for contest in Catalogue::builtin().contests.values() {
        for lang in [Lang::Zh, Lang::En] {
            let bytes = paper::template(contest, lang).unwrap();
            let book = read(&bytes, &Limits::default()).unwrap();
            let [sheet] = &book.sheets[..] else { panic!("the lists are hidden") };
            let cells: Vec<Cells> =
                sheet.rows.iter().map(|row| Cells { number: row.number, text: &row.cells }).collect();
            let sheet = pipeline::sheet::read(contest, "某省工信厅", &cells);
            assert_eq!(sheet, Err(SheetError::NoWorks), "{} {lang}", contest.id);
        }
    }
}

#[test]
fn themes_are_chosen_from_a_list() {
    let catalogue = Catalogue::builtin();
    let contest = &catalogue.contests[&Catalogue::DEMO.into()];
    let bytes = paper::template(contest, Lang::Zh).unwrap();
    let mut workbook = Xlsx::new(Cursor::new(&bytes)).unwrap();
    let lists = workbook.worksheet_range("选项").unwrap();
    let themes: Vec<String> =
        contest.field(id::THEME).unwrap().choices.iter().map(|choice| choice.zh.clone()).collect();
    let in_column = |column: usize| {
        let cells = lists.rows().filter_map(|row| row.get(column).filter(|cell| **cell != Data::Empty));
        cells.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!((0..lists.width()).any(|column| in_column(column) == themes), "{lists:?}");
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut page = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut page).unwrap();
    assert!(page.contains(&format!("$1:$C${}", themes.len())), "the theme's list: {page}");
}
