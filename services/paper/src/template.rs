//! The template of a recommending unit's sheet: headings, cells in the format "text", and lists to choose from.
use pipeline::catalogue::Contest;
use pipeline::lang::Lang;
use pipeline::sheet::{Column, Holds, columns};
use rust_xlsxwriter::{
    DataValidation, DataValidationRule, Format, FormatAlign, FormatBorder, Formula, Workbook, XlsxError,
};

/// Prepared rows: more works than any unit may enter.
const ROWS: u32 = 500;
/// The format's number for A4.
const A4: u8 = 9;
/// Characters of a hint that Excel shows at a cell, and of the message for a wrong value.
const HINT_CHARS: usize = 255;

/// The template's texts, Chinese and English.
struct Words {
    sheet: &'static str,
    lists: &'static str,
    choose: &'static str,
}

/// The template for a contest, as the bytes of an .xlsx.
///
/// # Errors
/// If the contest's texts do not fit into the format.
pub fn template(contest: &Contest, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let words = match lang {
        Lang::Zh => Words { sheet: "推荐汇总表", lists: "选项", choose: "请从列表中选择。" },
        Lang::En => Words { sheet: "Recommended works", lists: "Choices", choose: "Choose from the list." },
    };
    let columns = columns(contest);
    let mut workbook = Workbook::new();
    let cell = Format::new().set_num_format("@").set_text_wrap().set_align(FormatAlign::Top);
    let heading = cell.clone().set_bold().set_border(FormatBorder::Thin).set_background_color(0x00E8_ECF0);
    let page = workbook.add_worksheet();
    page.set_name(words.sheet)?.set_freeze_panes(1, 0)?;
    page.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    for (column, place) in columns.iter().zip(0_u16..) {
        let star = if column.required() { "*" } else { "" };
        page.set_column_width(place, width(column))?.set_column_format(place, &cell)?;
        page.write_string_with_format(0, place, format!("{}{star}", column.label(lang)), &heading)?;
        if let Some(rule) = rule(column, place, lang, &words)? {
            page.add_data_validation(1, place, ROWS, place, &rule)?;
        }
    }
    // Lists within a rule are limited to 255 characters; ranges are not.
    let lists = workbook.add_worksheet();
    lists.set_name(words.lists)?.set_hidden(true);
    for (column, place) in columns.iter().zip(0_u16..) {
        for (choice, row) in column.choices(lang).iter().zip(0_u32..) {
            lists.write_string(row, place, *choice)?;
        }
    }
    workbook.save_to_buffer()
}

/// What a cell of the column accepts, as far as Excel can check it; the form's rules decide.
fn rule(column: &Column, place: u16, lang: Lang, words: &Words) -> Result<Option<DataValidation>, XlsxError> {
    let Holds::Answer(field) = column.holds else { return Ok(None) };
    let count = column.choices(lang).len();
    let hint = field.hint.as_ref().map(|hint| if lang == Lang::Zh { &hint.zh } else { &hint.en });
    let rule = if count > 0 {
        let name = rust_xlsxwriter::utility::column_number_to_name(place);
        let list = Formula::new(format!("='{}'!${name}$1:${name}${count}", words.lists));
        DataValidation::new().allow_list_formula(list).set_error_message(words.choose)?
    } else {
        DataValidation::new().allow_text_length(DataValidationRule::LessThanOrEqualTo(field.max_chars.max(1)))
    };
    let Some(hint) = hint else { return Ok(Some(rule)) };
    let shown: String = hint.chars().take(HINT_CHARS).collect();
    rule.set_input_message(shown).map(Some)
}

/// Width of a column, in characters of the usual font.
fn width(column: &Column) -> f64 {
    match column.holds {
        Holds::Number => 6.0,
        Holds::File => 30.0,
        Holds::Answer(field) if field.max_chars > 200 => 40.0,
        Holds::Answer(_) => 18.0,
    }
}
