//! People read names: the catalogue's names of contests, themes and partners, and words for states and stages. Ids
//! appear in addresses, and in code elements for people who search for them.
use pipeline::lang::Lang;
use pipeline::person::Held;
use runtime::store::people::tokens::Role;
use serde_json::json;

use crate::desk_acts::{finished, ok};
use crate::desk_browser::Browser;
use crate::desk_deliveries::{handed, plant, taken_back};
use crate::stage::Stage;

/// Ids and stable names of things that have a name for people.
const IDS: [&str; 12] = [
    "bilibili",
    "douyin",
    "cctv",
    "weixin",
    "demo",
    "green",
    "awaiting_",
    "in_review",
    "transcode",
    "segment/",
    "partner/",
    "named works",
];

/// The text of a page without markup, code, and parts that are marked as not Chinese.
fn read(page: &str) -> String {
    let (_, body) = page.split_once("<main").unwrap();
    let mut text = String::new();
    for (index, piece) in body.split('<').enumerate() {
        let (tag, rest) = if index == 0 { ("", piece) } else { piece.split_once('>').unwrap_or((piece, "")) };
        let hidden = ["code", "script"].iter().any(|name| tag.starts_with(name)) || tag.contains("lang=\"en\"");
        if !hidden {
            text.push_str(rest);
            text.push('\n');
        }
    }
    text
}

#[tokio::test]
async fn no_page_shows_an_id_where_there_is_a_name() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (work, other) = (finished(&stage).await, finished(&stage).await);
    ok(stage.act(&organiser, &work, "release", &json!({ "partners": ["bilibili"], "reason": "评审通过" }))).await;
    plant(&stage, &work, "weixin_channels", &[handed()]).await;
    plant(&stage, &work, "cctv", &taken_back()).await;
    let parts = ["'transcode', 'segment/3'", "'publish', 'partner/bilibili'"];
    let columns = "submission, run, stage, part, status, attempt, last_error, not_before, finished_at";
    stage.execute(format!("delete from parts where submission = '{}'", work.id)).await;
    for part in parts {
        let row = format!("'{}', 1, {part}, 'parked', 5, 'no space left', now(), now()", work.id);
        stage.execute(format!("insert into parts ({columns}) values ({row})")).await;
    }
    let chosen = json!({ "where": "state=awaiting_release theme=digital contest=demo", "kind": "release", "partners": ["douyin"] });
    let job = ok(stage.desk(reqwest::Method::POST, "/api/v1/jobs", &organiser).json(&chosen)).await;
    let job = job["job"].as_str().unwrap();
    let browser = Browser::of(&stage, Lang::Zh, &Role::STAFF.map(Held::everywhere)).await;
    let within = Browser::of(&stage, Lang::Zh, &Role::STAFF.map(|role| Held::within(role, "demo"))).await;
    let pages = [
        "/".to_owned(),
        "/works".into(),
        "/audit".into(),
        "/trouble".into(),
        "/deliveries".into(),
        "/jobs".into(),
        format!("/jobs/{job}"),
        "/people".into(),
        "/me".into(),
        "/queue/screening".into(),
        format!("/works/{}", work.id),
        format!("/works/{}/retry", work.id),
        format!("/works/{}/recall", work.id),
        format!("/works/{}/beside/{}", work.id, other.id),
        format!("/works/{}/deliveries/bilibili", work.id),
    ];
    for path in &pages {
        for browser in [&browser, &within] {
            let text = read(&browser.page(path).await);
            for id in IDS {
                assert!(!text.contains(id), "{path} shows {id}: {text}");
            }
        }
    }
    let audit = browser.page("/audit?act=released").await;
    assert!(audit.contains(&format!("<a href=\"/works/{}\" lang=\"zh\">", work.id)), "{audit}");
    let title = stage.ask(format!("select title from submissions where id = '{}'", work.id)).await;
    assert!(read(&audit).contains(&title), "{audit}");
    let audit = read(&browser.page("/audit").await);
    assert!(audit.contains("作品范围") && audit.contains("作品状态：待发布；征选主题：数智赋能"), "{audit}");
    let look = "state=awaiting_release&unit=%E5%B7%A5%E4%BF%A1&delivery=planned&kind=release&entered_from=2020-01-01";
    let look = browser.send_body("/bulk/look", look).await.text;
    assert!(look.contains("nothing_selected") && read(&look).contains("没有符合条件的作品"), "{look}");
    let look = browser
        .send_body("/bulk/look", "state=awaiting_release&unit=%E5%B7%A5%E4%BF%A1&kind=recall&reason=x")
        .await
        .text;
    let text = read(&look);
    assert!(text.contains("推荐单位含") && text.contains("待发布") && !text.contains("awaiting_release"), "{text}");
}
