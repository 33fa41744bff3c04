//! The page of an entry: its number, its key, its printed receipt, its progress, and live changes. All but the last
//! without a script.
use futures::StreamExt;
use pipeline::screening::{Outcome, Rule, RuleVerdict, Verdict};
use reqwest::header::{COOKIE, LOCATION};
use upload::Change;

use crate::enter::Clerk;
use crate::stage::{Entry, Stage};

/// The link on a page.
fn link_of(page: &str) -> String {
    let mut codes = page.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next());
    codes.find(|it| it.contains("/entries/")).expect("a link").to_owned()
}

/// The entry for the API, with the key in the link.
fn entry_of(link: &str) -> Entry {
    let token = link.rsplit('#').next().unwrap().to_owned();
    Entry { id: uuid::Uuid::parse_str(token.split('.').next().unwrap()).unwrap().to_string(), token }
}

/// What strangers must not see.
const PRIVATE: [&str; 4] = ["一座工厂的早晨", "张三", "13812345678", "数智赋能"];

#[tokio::test]
async fn a_number_shows_strangers_the_number_and_the_state_only() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let number = path.strip_prefix("/entries/").unwrap();
    assert!(number.starts_with("DEMO-") && number.len() == 19, "{number}");
    let mut stranger = Clerk::new(&stage);
    let (status, page) = stranger.open(&path).await;
    assert!(status == 200 && page.contains(number) && page.contains("待上传"), "{page}");
    for private in PRIVATE {
        assert!(!page.contains(private), "{private} in {page}");
    }
    // As people type it.
    let typed = path.replace("/entries/DEMO-", "/entries/demo").replace('-', "%20");
    let answer = clerk.client.get(format!("{}{typed}", stage.url)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()[LOCATION].to_str().unwrap()), (303, path.as_str()));
}

#[tokio::test]
async fn a_guessed_number_opens_nothing_and_is_counted() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let last = path.bytes().last().unwrap();
    let mistyped = format!("{}{}", &path[..path.len() - 1], char::from(if last == b'9' { b'0' } else { last + 1 }));
    let id = stage.ask("select id::text from submissions".into()).await;
    let other = pipeline::receipt::Receipt::new("DEMO", 1);
    for wrong in [mistyped, format!("/entries/{id}"), format!("/entries/{other}"), "/entries/x".into()] {
        let (status, page) = clerk.open(&wrong).await;
        assert!(status == 404 && page.contains("没有这个回执编号"), "{wrong}: {status} {page}");
    }
    let counted = stage.app.store.metrics().text().unwrap();
    let counted = String::from_utf8(counted).unwrap();
    for line in ["reason=\"malformed\"} 3\n", "reason=\"unknown\"} 1\n"] {
        assert!(counted.contains(&format!("reelmill_auth_failures_total{{door=\"entrants\",{line}")), "{line}");
    }
}

#[tokio::test]
async fn the_link_is_the_key_and_opens_the_entry_anywhere() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let link = link_of(&clerk.open(&path).await.1);
    let mut elsewhere = Clerk::new(&stage);
    let wrong = elsewhere.post(&format!("{path}/open"), &[("key", &format!("{link}x"))]).await;
    assert_eq!(wrong.status(), 403);
    assert!(!wrong.text().await.unwrap().contains("一座工厂的早晨"));
    assert_eq!(elsewhere.post(&format!("{path}/open"), &[("key", &link)]).await.status(), 303);
    assert!(elsewhere.open(&path).await.1.contains("一座工厂的早晨"));
    // The key of one entry opens no other one.
    let another = Clerk::new(&stage).enters().await;
    assert_eq!(elsewhere.post(&format!("{another}/open"), &[("key", &link)]).await.status(), 403);
}

#[tokio::test]
async fn a_replaced_link_stops_at_once_everywhere_and_the_new_one_opens() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let old = link_of(&clerk.open(&path).await.1);
    let upload = stage.create(&entry_of(&old), 8).await;
    let mut elsewhere = Clerk::new(&stage);
    elsewhere.post(&format!("{path}/open"), &[("key", &old)]).await;

    assert!(clerk.open(&format!("{path}/key")).await.1.contains("旧链接立即失效"));
    assert_eq!(clerk.post(&format!("{path}/key"), &[]).await.status(), 303);
    let new = link_of(&clerk.open(&path).await.1);
    assert_ne!(new, old);
    // The other browser has the old key: it sees no more than strangers, and its program and its upload are refused.
    assert!(!elsewhere.open(&path).await.1.contains("一座工厂的早晨"));
    assert_eq!(elsewhere.post(&format!("{path}/withdraw"), &[]).await.status(), 401);
    assert_eq!(elsewhere.post(&format!("{path}/open"), &[("key", &old)]).await.status(), 403);
    let patch = |key: &str| stage.patch(&upload, &entry_of(key), 0, b"film".to_vec()).send();
    assert_eq!(patch(&old).await.unwrap().status(), 403);
    assert_eq!(patch(&new).await.unwrap().status(), 204);
    let said = "select string_agg(what, ',' order by id) from history where what like 'key%'";
    assert_eq!(stage.ask(said.into()).await, "key_replaced");
    let trail = "select string_agg(act || ' ' || actor, ',') from audit where act like 'key%'";
    assert_eq!(stage.ask(trail.into()).await, "key_replaced entrant");
}

#[tokio::test]
async fn an_ended_link_opens_nothing_and_the_work_takes_part_as_before() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let link = link_of(&clerk.open(&path).await.1);
    assert_eq!(clerk.post(&format!("{path}/key/end"), &[]).await.status(), 303);
    assert!(!clerk.open(&path).await.1.contains("一座工厂的早晨"));
    assert_eq!(clerk.post(&format!("{path}/open"), &[("key", &link)]).await.status(), 403);
    // Neither does a key whose digest would be the stored value.
    assert_eq!(clerk.post(&format!("{path}/open"), &[("key", "")]).await.status(), 403);
    assert_eq!(stage.ask("select state from submissions".into()).await, "uploading");
    assert_eq!(stage.ask("select count(*)::text from history where what = 'key_revoked'".into()).await, "1");
}

#[tokio::test]
async fn the_receipt_on_paper_has_what_the_entry_proves_and_no_key() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let link = link_of(&clerk.open(&path).await.1);
    let print = format!("{path}/print");
    let (_, page) = clerk.open(&print).await;
    assert!(page.contains("尚未上传") && page.contains("一座工厂的早晨") && page.contains("数智赋能"), "{page}");
    let entry = entry_of(&link);
    let upload = stage.create(&entry, 7).await;
    stage.send(&upload, &entry, 0, b"no film").await;
    let (_, page) = clerk.open(&print).await;
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(b"no film"));
    assert!(page.contains(&digest) && !page.contains("尚未上传"), "{page}");
    let secret = link.rsplit('.').next().unwrap();
    assert!(!page.contains(secret) && page.contains(&path), "the paper may be handed on: {page}");
}

#[tokio::test]
async fn an_entry_of_an_earlier_release_gets_a_number_when_it_is_first_needed() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.execute("update submissions set receipt = null".into()).await;
    let read = async || {
        let request = stage.client.get(format!("{}/api/v1/submissions/{}", stage.url, entry.id));
        let status: serde_json::Value = request.bearer_auth(&entry.token).send().await.unwrap().json().await.unwrap();
        status["receipt"].as_str().unwrap().to_owned()
    };
    let number = read().await;
    assert_eq!(read().await, number);
    assert_eq!(Clerk::new(&stage).open(&format!("/entries/{number}")).await.0, 200);
}

#[tokio::test]
async fn every_rule_has_its_value_and_a_broken_one_what_to_do() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let rule = |rule, outcome, measured: &str| RuleVerdict {
        rule,
        measured: measured.into(),
        measured_zh: None,
        limit: "1080".into(),
        limit_zh: None,
        outcome,
        curable: true,
        zh: "短边不足".into(),
        en: "too small".into(),
        rejection: None,
        others: Vec::new(),
    };
    let verdict = Verdict {
        rules: vec![rule(Rule::Resolution, Outcome::Fail, "1280×720"), rule(Rule::Aspect, Outcome::Pass, "16:9")],
    };
    let json = serde_json::to_string(&verdict).unwrap();
    stage.execute(format!("update submissions set verdict = '{json}'")).await;
    let (_, page) = clerk.open(&path).await;
    assert!(page.contains("1280×720") && page.contains("不符合") && page.contains("16:9"), "{page}");
    assert_eq!(page.matches("处理办法：").count(), 1, "{page}");
    assert!(page.contains("放大低分辨率的成片无效"), "{page}");
}

#[tokio::test]
async fn an_open_page_hears_of_its_entry_until_its_link_is_replaced() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let entry = entry_of(&link_of(&clerk.open(&path).await.1));
    let id = pipeline::id::SubmissionId(entry.id.parse().unwrap());
    let events = format!("{path}/events");
    assert_eq!(Clerk::new(&stage).open(&events).await.0, 401);
    let stream = clerk.client.get(format!("{}{events}", stage.url)).header(COOKIE, clerk.line(&events));
    let stream = stream.send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut parts = stream.bytes_stream();
    let mut heard = String::new();
    let mut until = async |wanted: &str| {
        while !heard.contains(wanted) {
            let part = tokio::time::timeout(crate::stage::PATIENCE, parts.next()).await.expect("in time");
            let Some(part) = part else { return false };
            heard.push_str(&String::from_utf8_lossy(&part.unwrap()));
        }
        true
    };
    assert!(until(": open").await);
    let change = |state: &str| Change::Of(id, Some(state.to_owned()));
    stage.app.live.send(Change::Of(pipeline::id::SubmissionId(uuid::Uuid::nil()), Some("foreign".into())));
    stage.app.live.send(change("probe"));
    assert!(until("\"state\":\"probe\"").await);
    clerk.post(&format!("{path}/key"), &[]).await;
    stage.app.live.send(change("screen"));
    assert!(!until("\"state\":\"screen\"").await, "the stream of the old key ends");
}
