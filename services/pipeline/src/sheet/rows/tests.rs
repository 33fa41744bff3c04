use super::*;
use crate::catalogue::Catalogue;
use crate::form::YES;
use crate::lang::Lang;

fn demo() -> Contest {
    Catalogue::builtin().contests[&Catalogue::DEMO.into()].clone()
}

/// A sheet read for the demo: rows of cells, numbered from 1.
fn read_rows(rows: &[&[&str]]) -> Result<Sheet, SheetError> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&text| text.to_owned()).collect()).collect();
    let cells: Vec<Cells> = rows.iter().zip(1..).map(|(text, number)| Cells { number, text }).collect();
    read(&demo(), "某省工信厅", &cells)
}

const HEADINGS: [&str; 11] = [
    "序号",
    "作品名称*",
    "征选主题（必填）",
    "作者姓名",
    "联系电话",
    "原创承诺",
    "版权承诺",
    "AI使用",
    "文件名",
    "备注",
    "",
];

/// A sheet of these rows below the usual headings, which name the demo's columns.
fn sheet(rows: &[[&str; 9]]) -> Sheet {
    let demo = demo();
    let label = |id: &str| demo.field(id).unwrap().label.zh.clone();
    let [originality, rights, ai_use] = [id::ORIGINALITY, id::RIGHTS, id::AI_USE].map(label);
    let mut headings = HEADINGS;
    (headings[5], headings[6], headings[7]) = (&originality, &rights, &ai_use);
    let mut all: Vec<&[&str]> = vec![&["首届短视频征选活动推荐汇总表"; 9], &["推荐单位：", "某省工信厅"], &headings];
    all.extend(rows.iter().map(|row| &row[..]));
    read_rows(&all).unwrap()
}

/// Places of the errors of a work.
fn wrong(work: &Work) -> Vec<&str> {
    work.checked.as_ref().err().into_iter().flatten().map(|wrong| wrong.field.as_str()).collect()
}

#[test]
fn a_row_is_a_form() {
    let sheet = sheet(&[["1", "《早晨》", "（二）数智赋能", "张三", "13812345678", "是", "√", "无", "01.mp4"]]);
    let [work] = &sheet.works[..] else { panic!("{sheet:?}") };
    assert_eq!((work.row, work.title(), &*work.file, work.repeats), (4, "《早晨》", "01.mp4", None));
    assert_eq!(sheet.unknown, ["备注"]);
    let answer = |id: &str| work.answers.get(id).map(String::as_str);
    assert_eq!((answer(id::THEME), answer(id::UNIT)), (Some("digital"), Some("某省工信厅")));
    assert_eq!((answer(id::ORIGINALITY), answer(id::RIGHTS)), (Some(YES), Some(YES)));
}

#[test]
fn a_theme_is_known_by_its_name_however_it_is_written() {
    let english = demo().theme("digital").unwrap().en.clone();
    for written in ["数智赋能", "digital", "2.数智赋能", "主题二：数智赋能", "数 智 赋 能", &english]
    {
        let sheet = sheet(&[["", "早晨", written, "张三", "13812345678", "是", "是", "", ""]]);
        let theme = sheet.works[0].answers.get(id::THEME).map(String::as_str);
        assert_eq!(theme, Some("digital"), "{written}");
    }
    let both = sheet(&[["", "早晨", "数智赋能、绿色低碳", "张三", "13812345678", "是", "是", "", ""]]);
    assert!(wrong(&both.works[0]).contains(&id::THEME), "one theme only");
}

#[test]
fn what_is_wrong_is_what_the_form_says() {
    let sheet = sheet(&[
        ["1", "早晨", "太空", "", "打电话给我", "否", "", "", ""],
        ["2", "夜晚", "绿色低碳", "李四", "1.38E+10", "是", "是", "", ""],
    ]);
    let first = wrong(&sheet.works[0]);
    for field in [id::THEME, id::NAME, id::PHONE, id::ORIGINALITY, id::RIGHTS, id::AI_USE] {
        assert!(first.contains(&field), "{field} in {first:?}");
    }
    assert!(wrong(&sheet.works[1]).contains(&id::PHONE), "a number that lost its digits");
    let form = form::check(&demo(), &sheet.works[1].answers);
    assert_eq!(sheet.works[1].checked, form);
}

#[test]
fn a_title_that_comes_again_is_named() {
    let row = |title| ["", title, "绿色低碳", "张三", "13812345678", "是", "是", "", ""];
    let sheet = sheet(&[row("早晨"), row("夜晚"), row("《早 晨》")]);
    assert_eq!(sheet.works.iter().map(|work| work.repeats).collect::<Vec<_>>(), [None, None, Some(4)]);
}

#[test]
fn signatures_and_remarks_are_no_works() {
    let note = ["填表人：王五　联系电话：0731-12345678"; 9];
    let signature = ["", "（公章）", "", "", "", "", "", "", ""];
    let number = ["3", "", "", "", "", "", "", "", ""];
    let sheet = sheet(&[["1", "早晨", "绿色低碳", "", "", "", "", "", ""], number, note, signature]);
    assert_eq!((sheet.works.len(), sheet.notes), (1, vec![5, 6, 7]));
}

#[test]
fn a_table_without_headings_or_works_is_none() {
    assert_eq!(read_rows(&[]), Err(SheetError::NoHeadings));
    assert_eq!(read_rows(&[&["作品名称"], &["早晨"]]), Err(SheetError::NoHeadings));
    assert_eq!(read_rows(&[&["作品名称", "主题", "电话"]]), Err(SheetError::NoWorks));
    assert_eq!(read_rows(&[&["作品名称", "主题", "手机", "主题"]]), Err(SheetError::TwoColumns(2, 4)));
    for error in [SheetError::NoHeadings, SheetError::TwoColumns(1, 2), SheetError::NoWorks] {
        assert!(error.text(Lang::Zh).ends_with('。') && error.text(Lang::En).ends_with('.'));
        assert!(error.code().starts_with("sheet_"));
    }
}
