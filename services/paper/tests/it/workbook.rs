//! Workbooks as programs write them.
use rust_xlsxwriter::{Format, Formula, Workbook};

use crate::support::{read, rows, workbook};

#[test]
fn numbers_dates_and_truths_are_text_as_it_was_meant() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "电话").unwrap();
    sheet.write(1, 0, 13_812_345_678_i64).unwrap();
    sheet.write(1, 1, "013812345678").unwrap();
    let date = Format::new().set_num_format("yyyy年m月d日");
    sheet.write_with_format(1, 2, 45_504, &date).unwrap();
    sheet.write_with_format(1, 3, 45_504.5, &Format::new().set_num_format("yyyy-mm-dd hh:mm")).unwrap();
    sheet.write_with_format(1, 4, 0.002_372_685, &Format::new().set_num_format("mm:ss")).unwrap();
    sheet.write(1, 5, true).unwrap();
    sheet.write(1, 6, 0.1 + 0.2).unwrap();
    sheet.write_with_format(1, 7, 912_345_678_901_234_i64, &Format::new().set_num_format("0.00E+00")).unwrap();
    let read = rows(&workbook.save_to_buffer().unwrap());
    assert_eq!(read[0], ["电话"]);
    let text = [
        "13812345678",
        "013812345678",
        "2024-07-31",
        "2024-07-31T12:00:00",
        "00:03:25",
        "TRUE",
        "0.3",
        "912345678901234",
    ];
    assert_eq!(read[1], text);
}

#[test]
fn a_formula_is_the_value_that_was_stored_with_it() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, Formula::new("=1+1").set_result("7")).unwrap();
    sheet.write(0, 1, Formula::new("=HYPERLINK(\"http://127.0.0.1:9/\",\"早晨\")").set_result("早晨")).unwrap();
    sheet.write(0, 2, Formula::new("='[http://127.0.0.1:9/a.xlsx]S'!A1").set_result("外部")).unwrap();
    sheet.write(0, 3, "=cmd|' /C calc'!A0").unwrap();
    let read = rows(&workbook.save_to_buffer().unwrap());
    assert_eq!(read, [["7", "早晨", "外部", "=cmd|' /C calc'!A0"]]);
}

#[test]
fn a_link_to_another_file_is_not_followed() {
    let link = br#"<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>"#;
    let target = br#"<Relationships><Relationship Id="x" Type="externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>"#;
    let more: [(&str, &[u8]); 2] =
        [("xl/externalLinks/externalLink1.xml", link), ("xl/externalLinks/_rels/externalLink1.xml.rels", target)];
    let data = r#"<row r="1"><c r="A1" t="str"><f>[1]S!A1</f><v>缓存</v></c><c r="B1"><f>[1]S!B1</f></c></row>"#;
    assert_eq!(rows(&workbook(data, &more)), [["缓存"]]);
}

#[test]
fn each_cell_of_a_merged_region_has_the_text_of_its_first() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.merge_range(0, 0, 0, 2, "推荐汇总表", &Format::new()).unwrap();
    for (row, title) in ["一", "二", "三"].iter().enumerate() {
        sheet.write(row as u32 + 1, 0, *title).unwrap();
    }
    sheet.merge_range(1, 1, 2, 2, "甲单位", &Format::new()).unwrap();
    // These rows are empty: the region does not turn them into rows.
    sheet.merge_range(10, 0, 20, 1, "", &Format::new()).unwrap();
    let read = rows(&workbook.save_to_buffer().unwrap());
    let expected: [&[&str]; 4] =
        [&["推荐汇总表"; 3], &["一", "甲单位", "甲单位"], &["二", "甲单位", "甲单位"], &["三"]];
    assert_eq!(read, expected);
}

#[test]
fn rows_keep_their_numbers_and_hidden_sheets_are_left_out() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("汇总").unwrap();
    sheet.write(4, 2, "x").unwrap();
    // As if a clerk had formatted the whole column.
    for row in 5..3000 {
        sheet.write_blank(row, 0, &Format::new().set_bold()).unwrap();
    }
    workbook.add_worksheet().set_name("说明").unwrap();
    let lists = workbook.add_worksheet().set_name("选项").unwrap();
    lists.set_hidden(true).write(0, 0, "高端升级").unwrap();
    let more = workbook.add_worksheet().set_name("续表").unwrap();
    more.write(0, 0, "y").unwrap();
    let book = read(&workbook.save_to_buffer().unwrap(), &paper::Limits::default()).unwrap();
    let names: Vec<&str> = book.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(names, ["汇总", "续表"]);
    assert_eq!(
        (book.sheets[0].rows[0].number, &*book.sheets[0].rows[0].cells),
        (5, &["", "", "x"].map(String::from)[..])
    );
}

#[test]
fn text_is_what_can_be_seen_of_it() {
    let data = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t xml:space=\"preserve\"> 早\u{200b}晨\u{202e} &amp;&#10;二 </t></is></c></row>";
    assert_eq!(rows(&workbook(data, &[])), [["早晨 &\n二"]]);
}
