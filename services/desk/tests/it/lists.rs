//! Lists as files: exactly the works of the list, no formula from typed text, and the tables that organisers submit.
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use desk::act::{self, Caller};
use desk::export::{self, Format, Kind};
use desk::view::works::{self, Filter};
use pages::Say;
use pipeline::lang::Lang;
use pipeline::person::{Actor, Sees};
use reqwest::Method;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use serde_json::json;

use crate::stage::{Entry, Stage, desk_of};

const ZH: Say = Say { lang: Lang::Zh };

fn caller() -> Caller {
    Caller { by: Actor::Organiser.into(), sees: Sees::All, roles: None, key: None }
}

/// The rows of a spreadsheet, headings first, as a reader's program would see them; it contains no formula.
fn rows_of(bytes: Vec<u8>) -> Vec<Vec<Data>> {
    let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let name = workbook.sheet_names()[0].clone();
    let formulas = workbook.worksheet_formula(&name).unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()), "{formulas:?}");
    workbook.worksheet_range(&name).unwrap().rows().map(<[Data]>::to_vec).collect()
}

/// A column of texts, by its heading.
fn column(rows: &[Vec<Data>], heading: &str) -> Vec<String> {
    let at = rows[0].iter().position(|it| *it == *heading).unwrap_or_else(|| panic!("{heading}: {:?}", rows[0]));
    rows[1..].iter().map(|row| row[at].to_string()).collect()
}

impl Stage {
    /// Copies of an entry, each with an id of its own.
    pub(crate) async fn multiply(&self, entry: &Entry, times: u32) {
        self.execute(format!(
            "insert into submissions select (jsonb_populate_record(s, jsonb_build_object(
                'id', gen_random_uuid(), 'receipt', null, 'title', '作品 ' || n, 'state', case when n % 2 = 0 then 'published' else s.state end))).*
            from submissions s, generate_series(1, {times}) n where s.id = '{}'",
            entry.id
        ))
        .await;
    }

    pub(crate) async fn entitle(&self, entry: &Entry, title: &str) {
        self.execute(format!("update submissions set title = '{title}' where id = '{}'", entry.id)).await;
    }

    async fn file(&self, filter: &Filter, kind: Kind, format: Format) -> Result<Vec<u8>, Problem> {
        let desk = desk_of(&self.app);
        export::export(&desk, &caller(), filter, kind, format, ZH).await.map(|file| file.bytes)
    }

    /// The ids of the list, page by page.
    async fn listed(&self, filter: &Filter) -> Vec<String> {
        let (desk, mut wanted, mut ids) = (desk_of(&self.app), filter.clone(), Vec::new());
        loop {
            let page = works::works(&desk, &caller(), &wanted).await.unwrap();
            ids.extend(page.items.iter().map(|line| line.id.to_string()));
            let Some(next) = page.next else { return ids };
            wanted.cursor = Some(next);
        }
    }
}

#[tokio::test]
async fn a_file_holds_exactly_the_works_of_the_list_over_several_pages() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.multiply(&entry, 450).await;
    for filter in [
        Filter::default(),
        Filter { state: Some("published".into()), limit: Some(30), ..Filter::default() },
        Filter { title: Some("作品 1".into()), ..Filter::default() },
    ] {
        let listed = stage.listed(&filter).await;
        assert!(listed.len() > 100, "{}", listed.len());
        let rows = rows_of(stage.file(&filter, Kind::List, Format::Xlsx).await.unwrap());
        assert_eq!(column(&rows, "作品编号"), listed);
        // A filter with a later page gives the same list.
        let further = Filter { cursor: Some(listed[20].clone()), ..filter.clone() };
        let text = String::from_utf8(stage.file(&further, Kind::Summary, Format::Csv).await.unwrap()).unwrap();
        let ids = text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().to_owned());
        assert_eq!(ids.collect::<Vec<_>>(), listed);
    }
    let nothing = Filter { title: Some("没有这样的名称".into()), ..Filter::default() };
    assert_eq!(rows_of(stage.file(&nothing, Kind::List, Format::Xlsx).await.unwrap()).len(), 1, "headings alone");
}

#[tokio::test]
async fn nothing_that_people_typed_becomes_a_formula_or_a_number() {
    let stage = Stage::new().await;
    let titles = ["=HYPERLINK(\"http://x\")", "+8613812345678", "-1", "@sum", "13812345678"];
    for title in titles {
        let entry = stage.enter().await;
        stage.entitle(&entry, title).await;
    }
    let rows = rows_of(stage.file(&Filter::default(), Kind::List, Format::Xlsx).await.unwrap());
    let at = rows[0].iter().position(|it| *it == *"作品名称").unwrap();
    let mut cells: Vec<&Data> = rows[1..].iter().map(|row| &row[at]).collect();
    cells.reverse();
    let expected: Vec<Data> = titles.iter().map(|title| Data::String((*title).to_owned())).collect();
    assert_eq!(cells, expected.iter().collect::<Vec<_>>());
    let csv = stage.file(&Filter::default(), Kind::List, Format::Csv).await.unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("\u{feff}作品编号,"), "{csv}");
    for harmless in ["\"'=HYPERLINK(\"\"http://x\"\")\"", "'+8613812345678", "'-1", "'@sum"] {
        assert!(csv.contains(harmless), "{harmless}: {csv}");
    }
}

#[tokio::test]
async fn partners_addresses_stand_in_columns_in_the_order_of_the_call() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let url = "https://www.bilibili.com/video/BV1";
    for (partner, observed) in [
        ("bilibili", json!({ "state": "live", "receipt": "BV1", "public_url": url })),
        ("cctv", json!({ "state": "planned" })),
    ] {
        let machine = json!({ "run": 1, "desired": "live", "observed": observed });
        let state = observed["state"].as_str().unwrap();
        stage
            .execute(format!(
                "insert into deliveries (submission, partner, machine, state, run)
                values ('{}', '{partner}', '{machine}', '{state}', 1)",
                entry.id
            ))
            .await;
    }
    let filter = Filter { contest: Some("demo".into()), ..Filter::default() };
    let rows = rows_of(stage.file(&filter, Kind::List, Format::Xlsx).await.unwrap());
    let contest = stage.app.catalogue.contest(&"demo".into()).unwrap();
    let names: Vec<_> = stage.app.catalogue.partners_of(contest).iter().map(|it| it.name.zh.clone()).collect();
    let headings: Vec<String> = rows[0].iter().map(ToString::to_string).collect();
    assert_eq!(headings[headings.len() - names.len()..], names);
    assert_eq!((column(&rows, "B站"), column(&rows, "央视网")), (vec![url.to_owned()], vec!["待投放".to_owned()]));
    // The submitted tables contain addresses only, and only those at which the work is online.
    let rows = rows_of(stage.file(&filter, Kind::Summary, Format::Xlsx).await.unwrap());
    assert_eq!((column(&rows, "B站"), column(&rows, "央视网")), (vec![url.to_owned()], vec![String::new()]));
    assert_eq!(rows[1][0], Data::Float(1.0));
}

#[tokio::test]
async fn the_table_of_opinions_says_who_decided_what_and_why() {
    let stage = Stage::new().await;
    let screener = stage.token(Role::Screener, None).await;
    let (accepted, refused, waiting) = (stage.enter().await, stage.enter().await, stage.enter().await);
    for entry in [&accepted, &refused, &waiting] {
        stage.put(entry, "awaiting_review").await;
    }
    for (entry, body) in [
        (&accepted, json!({ "decision": "accept" })),
        (&refused, json!({ "decision": "refuse", "words": "不是工业题材" })),
    ] {
        let answer = stage.act(&screener, entry, "review", &body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let rows = rows_of(stage.file(&Filter::default(), Kind::Opinions, Format::Xlsx).await.unwrap());
    assert_eq!(column(&rows, "初筛意见"), ["待初筛", "不通过", "通过"], "newest first");
    assert_eq!(column(&rows, "意见说明"), ["", "不是工业题材", ""]);
    assert_eq!(column(&rows, "初筛人"), ["", "screener of the test", "screener of the test"]);
    assert!(column(&rows, "初筛时间")[1].starts_with("20"), "{rows:?}");
}

#[tokio::test]
async fn a_list_that_is_too_long_for_a_file_is_refused() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.multiply(&entry, 20_000).await;
    let problem = stage.file(&Filter::default(), Kind::List, Format::Csv).await.unwrap_err();
    assert_eq!(problem.code.name(), "too_many_works");
    assert!(problem.text(Lang::Zh).contains("20000"), "{problem}");
    let half = Filter { state: Some("published".into()), ..Filter::default() };
    let text = String::from_utf8(stage.file(&half, Kind::List, Format::Csv).await.unwrap()).unwrap();
    assert_eq!(text.lines().count(), 10_001);
}

#[tokio::test]
async fn a_look_at_personal_data_is_recorded_with_its_reason() {
    let stage = Stage::new().await;
    let (desk, entry) = (desk_of(&stage.app), stage.enter().await);
    let id = entry.id.parse().unwrap();
    let entrant = act::contact::contact(&desk, &caller(), id, "通知领奖").await.unwrap();
    assert_eq!(entrant.contact.phone.as_deref(), Some("13812345678"));
    let [row] = &stage.trail(&entry).await[..] else { panic!("one look, one row") };
    assert_eq!((row.act.as_str(), row.reason.as_deref()), ("contact_read", Some("通知领奖")));
    // A work of another contest does not exist, and a search for it is not recorded in the trail.
    let elsewhere = Caller { sees: Some("small".into()).into(), ..caller() };
    let problem = act::contact::contact(&desk, &elsewhere, id, "通知领奖").await.err().unwrap();
    assert_eq!(problem.code.name(), "submission_unknown");
    // After the withdrawal it is forgotten.
    assert!(stage.api(Method::DELETE, &entry).send().await.unwrap().status().is_success());
    let problem = act::contact::contact(&desk, &caller(), id, "通知领奖").await.err().unwrap();
    assert_eq!(problem.code.name(), "contact_forgotten");
    let looks = stage.trail(&entry).await.into_iter().filter(|row| row.act == "contact_read").count();
    assert_eq!(looks, 1);
}
