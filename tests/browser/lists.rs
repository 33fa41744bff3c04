//! Lists: a page and its spreadsheet hold the same rows.
use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};

use crate::support::catalogue::{BAG, DROP};
use crate::support::{planted, reviewed};

use super::{ROLES, Stage};

/// Titles that a spreadsheet would take for a formula, and one that it would not.
const TITLES: [&str; 4] = ["=1+1", "+8613800000000", "@钢铁", "钢铁是有颜色的"];

#[tokio::test(flavor = "multi_thread")]
async fn the_spreadsheet_of_a_list_holds_the_works_of_the_list_and_no_formula() {
    let Some(stage) = Stage::new().await else { return };
    for title in TITLES {
        reviewed::work(&stage.pipeline, title, &[DROP, BAG]).await;
    }
    planted::work(&stage.pipeline, "不在此列", &[DROP, BAG]).await;
    stage.person("李组织", &ROLES).await;
    let browser = &stage.browser;
    browser.open("/works?state=awaiting_review").await;
    let script = "return [...document.querySelectorAll('table.list tbody th a')].map((it) => it.textContent.trim())";
    let shown: BTreeSet<String> = serde_json::from_value(browser.ask(script).await).expect("titles");
    assert_eq!(shown, TITLES.map(str::to_owned).into());
    // Printed, the page shows only the list.
    browser.on_paper(true).await;
    let seen = "return ['table.list', '.head nav', 'form.bar', '.noprint', '.foot'].filter((it) => document.querySelector(it)?.checkVisibility())";
    assert_eq!(browser.ask(seen).await, serde_json::json!(["table.list"]));
    browser.picture("works-on-paper", "zh", 1280).await;
    browser.on_paper(false).await;
    let file = browser.attribute("a[download][href*='xlsx']", "href").await.expect("a link to the spreadsheet");
    let bytes = browser.download(&file).await;
    let mut book = Xlsx::new(Cursor::new(bytes)).expect("a spreadsheet");
    let (name, sheet) = book.worksheets().into_iter().next().expect("a sheet");
    let text = |cell: &Data| cell.to_string();
    let found: BTreeSet<String> = sheet.rows().flatten().map(text).filter(|it| TITLES.contains(&it.as_str())).collect();
    assert_eq!(found, shown);
    assert!(!sheet.rows().flatten().any(|cell| text(cell) == "不在此列"), "works that the list leaves out");
    let formulas = book.worksheet_formula(&name).expect("the sheet's formulas");
    assert!(formulas.rows().flatten().all(String::is_empty), "formulas in {name}");
    stage.close();
}
