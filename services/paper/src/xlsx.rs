//! Worksheets of an .xlsx, cell by cell. Links to other files, macros, pictures and formulas are never followed or
//! evaluated. Only cells are read, and for a formula the value that was stored with it.
use std::io::Cursor;

use calamine::{Reader, SheetType, SheetVisible, Xlsx};

use crate::book::{Book, Collector};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::{cell, package};

/// Reads an .xlsx.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Book, Refusal> {
    package::check(bytes, limits)?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|_| Refusal::Damaged)?;
    let shown = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    let names: Vec<String> = workbook.sheets_metadata().iter().filter(shown).map(|sheet| sheet.name.clone()).collect();
    let mut collector = Collector::new(limits);
    for name in names {
        let merged = workbook.merge_cells_by_sheet_name(&name).map_err(|_| Refusal::Damaged)?;
        let mut reader = workbook.worksheet_cells_reader(&name).map_err(|_| Refusal::Damaged)?;
        let mut cells = collector.sheet(&name)?;
        while let Some(found) = reader.next_cell().map_err(|_| Refusal::Damaged)? {
            let (row, column) = found.get_position();
            cells.put(row, column, &cell::text(found.get_value()))?;
        }
        for region in merged {
            cells.merge(region.start, region.end)?;
        }
        cells.end();
    }
    collector.book()
}
