//! The pages of lists, of one work and of trouble in a browser without scripts: pages link forward and back, files
//! contain the list, acts show a dry run before they are done, and personal data is shown once and recorded.
use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Reader, Xlsx, open_workbook_from_rs};
use runtime::store::people::tokens::Role;
use uuid::Uuid;

use crate::desk_browser::{Browser, Shown, hidden};
use crate::desk_deliveries::{handed, plant};
use crate::stage::{Entry, Stage};

/// Every work that a page links to, from the top.
fn works(page: &str) -> Vec<String> {
    let links = page.split("<th scope=\"row\"><a id=\"w").skip(1);
    let link = |it: &str| it.split_once("href=\"/works/").unwrap().1.split_once('"').unwrap().0.to_owned();
    links.map(link).collect()
}

/// The target of the link with this relation.
fn link(page: &str, rel: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("rel=\"{rel}\" href=\""))?;
    Some(rest.split_once('"').unwrap().0.to_owned())
}

async fn park(stage: &Stage, entry: &Entry) {
    stage
        .execute(format!(
            "insert into parts (submission, run, stage, part, status, attempt, last_error, not_before, finished_at)
            values ('{}', 1, 'probe', 'mezzanine', 'parked', 5, 'no space left', now(), now())",
            entry.id
        ))
        .await;
}

#[tokio::test]
async fn pages_of_a_list_lead_on_and_back_and_its_file_has_all_of_them() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.multiply(&entry, 100).await;
    let reader = Browser::everywhere(&stage, Role::Auditor).await;
    let first = reader.page("/works?contest=demo&state=&title=").await;
    assert!(first.contains("101 found"), "{first}");
    assert_eq!(link(&first, "prev"), None);
    let (mut seen, mut page, mut pages) = (works(&first), first.clone(), 1);
    while let Some(next) = link(&page, "next") {
        assert!(next.contains("contest=demo"), "{next}");
        let after = reader.page(&next).await;
        let before = reader.page(&link(&after, "prev").expect("a way back")).await;
        assert_eq!(works(&before), works(&page), "the page before");
        seen.extend(works(&after));
        (page, pages) = (after, pages + 1);
    }
    assert_eq!((seen.len(), pages), (101, 3));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 101);
    let answer = reader.get("/works.xlsx?contest=demo&state=").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; filename=\"list-2") && disposition.contains(".xlsx"), "{disposition}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(answer.bytes().await.unwrap())).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    let ids: Vec<String> = range.rows().skip(1).map(|row| row[0].to_string()).collect();
    assert_eq!(ids, seen);
    let Shown { status, text, .. } = reader.open("/works.csv?kind=scores").await;
    assert!(status == 400 && text.contains("filter_unknown") && text.contains("opinions"), "{status}: {text}");
}

#[tokio::test]
async fn what_people_typed_is_text_in_a_page() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.entitle(&entry, "<script>alert(1)</script>").await;
    let reader = Browser::everywhere(&stage, Role::Screener).await;
    for path in ["/works".to_owned(), format!("/works/{}", entry.id)] {
        let page = reader.page(&path).await;
        assert!(!page.contains("<script>alert") && page.contains("alert(1)"), "{path}");
    }
}

#[tokio::test]
async fn a_list_leads_to_bulk_acts_on_all_that_its_filter_finds_however_many() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let organiser = Browser::everywhere(&stage, Role::Organiser).await;
    stage.entitle(&entry, "绿色 \"工厂\"").await;
    stage.multiply(&entry, 60).await;
    let other = stage.enter().await;
    stage.entitle(&other, "山村").await;
    plant(&stage, &other, "douyin", &[handed()]).await;
    for (filter, works) in [
        ("state=uploading", 32),
        ("title=%E4%BD%9C%E5%93%81", 60),
        ("title=%E4%BD%9C%E5%93%81+2&contest=demo", 11),
        ("title=%E7%BB%BF%E8%89%B2+%22%E5%B7%A5%E5%8E%82%22", 1),
        ("title=%E5%B1%B1&unit=no+such+unit", 0),
        ("partner=douyin&delivery=awaiting_operator", 1),
        ("partner=bilibili&delivery=awaiting_operator", 0),
        ("delivery=awaiting_operator&contest=demo", 1),
    ] {
        let page = organiser.page(&format!("/works?{filter}")).await;
        let link =
            page.split_once("href=\"/bulk/new?where=").map(|(_, rest)| rest.split_once('"').unwrap().0.to_owned());
        assert_eq!(link.is_some(), works > 0, "{filter}: {page}");
        let Some(link) = link else { continue };
        assert!(page.contains(&format!("{works} found")), "{filter}: {page}");
        // The act receives what was given to the page of the choice, and finds exactly these works: none of them can be
        // released.
        let look = organiser.send_body("/bulk/look", &format!("where={link}&kind=reprocess&from=probe")).await;
        assert!(look.text.contains("state_wrong") && look.status == 409, "{filter}: {look:?}");
    }
    let screener = Browser::everywhere(&stage, Role::Screener).await;
    assert!(!screener.page("/works").await.contains("/bulk/new"));
}

#[tokio::test]
async fn one_work_says_what_happened_and_what_comes_next() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.put(&entry, "awaiting_review").await;
    let screener = Browser::everywhere(&stage, Role::Screener).await;
    let page = screener.page(&format!("/works/{}", entry.id)).await;
    for said in ["The work was entered.", "A reviewer decides.", "/queue/screening/", "13812345678"] {
        assert_eq!(page.contains(said), said != "13812345678", "{said}");
    }
    assert!(!page.contains("Audit trail") && !page.contains("See who entered it"), "not a screener's");
    let auditor = Browser::everywhere(&stage, Role::Auditor).await;
    assert!(auditor.page(&format!("/works/{}", entry.id)).await.contains("Audit trail"));
    let elsewhere = Browser::within(&stage, Role::Screener, "small").await;
    assert_eq!(elsewhere.open(&format!("/works/{}", entry.id)).await.status, 404);
}

#[tokio::test]
async fn personal_data_is_shown_to_an_organiser_once_and_recorded() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let organiser = Browser::everywhere(&stage, Role::Organiser).await;
    let path = format!("/works/{}/contact", entry.id);
    let Shown { status, text, .. } = organiser.send(&path, &[("reason", "通知领奖")]).await;
    assert_eq!(status, 200);
    assert!(text.contains("13812345678") && text.contains("recorded"), "{text}");
    let [row] = &stage.trail(&entry).await[..] else { panic!("one look, one row") };
    assert_eq!((row.act.as_str(), row.reason.as_deref()), ("contact_read", Some("通知领奖")));
    assert!(row.person.is_some() && row.credential.is_some(), "by a person in a session");
    assert_eq!(organiser.open(&path).await.status, 405, "there is no address that shows it again");
    let auditor = Browser::everywhere(&stage, Role::Auditor).await;
    assert_eq!(auditor.send(&path, &[]).await.status, 403);
    assert_eq!(stage.trail(&entry).await.len(), 1);
}

#[tokio::test]
async fn an_act_is_looked_at_first_and_refused_once_the_work_has_changed() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let operator = Browser::everywhere(&stage, Role::Operator).await;
    let path = format!("/works/{}/withdraw", entry.id);
    assert!(operator.page(&path).await.contains("Preview"));
    let look = [("step", "look"), ("reason", "报送人要求")];
    let Shown { status, text, .. } = operator.send(&path, &look).await;
    assert!(status == 200 && text.contains("withdrawn") && text.contains("cannot be restored"), "{status}: {text}");
    assert!(stage.trail(&entry).await.is_empty(), "a look changes nothing");
    let digest = hidden(&text, "digest");
    stage.put(&entry, "awaiting_review").await;
    let key = Uuid::new_v4().to_string();
    let send = async |digest: &str, key: &str| {
        let form = [("step", "do"), ("digest", digest), ("reason", "报送人要求"), ("key", key)];
        operator.send(&path, &form).await
    };
    let Shown { status, text, .. } = send(&digest, &key).await;
    assert!(status == 409 && text.contains("<code>changed</code>") && text.contains("Look again"), "{status}: {text}");
    let digest = operator.send(&path, &look).await.hidden("digest");
    let key = Uuid::new_v4().to_string();
    let done = format!("/works/{}?done=withdraw", entry.id);
    assert_eq!(send(&digest, &key).await.leads_to(), done);
    assert_eq!(send(&digest, &key).await.leads_to(), done, "the same form again is the same act");
    let rows = stage.trail(&entry).await;
    assert_eq!(rows.iter().filter(|row| row.act == "withdrawn").count(), 1, "{rows:?}");
    let page = operator.page(&done).await;
    assert!(page.contains("Done: Withdraw for the entrant"), "{page}");
}

#[tokio::test]
async fn a_film_is_held_and_let_go_by_a_form() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let organiser = Browser::everywhere(&stage, Role::Organiser).await;
    let path = format!("/works/{}/hold", entry.id);
    let Shown { status, text, .. } = organiser.send(&path, &[("step", "do"), ("held", "yes")]).await;
    assert!(status == 422 && text.contains("field_wrong"), "{status}: {text}");
    assert_eq!(organiser.send(&path, &[("step", "do"), ("held", "yes"), ("reason", "版权争议")]).await.status, 303);
    assert!(organiser.page(&format!("/works/{}", entry.id)).await.contains("版权争议"));
    assert!(organiser.page(&path).await.contains("Lift the hold"));
    let Shown { status, text, .. } = organiser.send(&path, &[("step", "look"), ("held", "no")]).await;
    assert!(status == 200 && text.contains("held → not held") && !text.contains("may be deleted"), "{status}: {text}");
    let digest = text.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // In the meantime the film is held for another reason.
    stage.execute("update submissions set held_reason = '调查'".to_owned()).await;
    let lift = [("step", "do"), ("held", "no"), ("digest", digest.as_str())];
    let Shown { status, text, .. } = organiser.send(&path, &lift).await;
    assert!(status == 409 && text.contains("changed") && text.contains("调查"), "{status}: {text}");
    stage.execute("update submissions set held_reason = '版权争议'".to_owned()).await;
    assert_eq!(organiser.send(&path, &lift).await.status, 303);
    assert!(organiser.page(&path).await.contains("Hold the film"));
    // Nothing else keeps the film of a withdrawn work.
    let state = r#"'{state}', '{"state": "withdrawn"}'"#;
    let withdrawn =
        format!("update submissions set machine = jsonb_set(machine, {state}), state = 'withdrawn', held_at = now()");
    stage.execute(withdrawn).await;
    let text = organiser.send(&path, &[("step", "look"), ("held", "no")]).await.text;
    assert!(text.contains("may be deleted and cannot be restored"), "{text}");
}

#[tokio::test]
async fn trouble_leads_to_the_form_that_cures_it() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.standing_at_probe(&entry).await;
    park(&stage, &entry).await;
    let operator = Browser::everywhere(&stage, Role::Operator).await;
    let page = operator.page("/trouble").await;
    let path = format!("/works/{}/retry", entry.id);
    assert!(page.contains(&format!("href=\"{path}\"")) && page.contains("no space left"), "{page}");
    assert!(operator.page(&path).await.contains("no space left"));
    let Shown { status, text, .. } = operator.send(&path, &[("step", "look")]).await;
    assert!(status == 200 && text.contains("<td>1"), "{status}: {text}");
    assert_eq!(operator.send(&path, &[("step", "do"), ("reason", "磁盘已扩容")]).await.status, 303);
    let status = stage.ask(format!("select status::text from parts where submission = '{}'", entry.id)).await;
    assert_eq!(status, "pending");
    let Shown { status, text, .. } = operator.send(&path, &[("step", "look")]).await;
    assert!(status == 409 && text.contains("nothing_parked"), "{status}: {text}");
}

impl Stage {
    /// The film is complete and its probe is running.
    async fn standing_at_probe(&self, entry: &Entry) {
        let state = r#"{"state": "at", "stage": "probe", "pending": ["mezzanine"]}"#;
        self.execute(format!(
            "update submissions set machine = jsonb_set(machine, '{{state}}', '{state}'), state = 'probe' where id = '{}'",
            entry.id
        ))
        .await;
    }
}
