//! `/find`: an entry by the number of its receipt, and a lost link that is sent again by mail.
use reqwest::header::LOCATION;
use runtime::store::outgoing::link_mails::NewLink;

use crate::enter::{Clerk, GOOD, filled};
use crate::smtp::{Mail, Smtp};
use crate::stage::{Stage, until};

const ADDRESS: &str = "Zhang.San@example.cn";

/// Enters with a mail address; returns the path of the entry.
async fn entered(stage: &Stage) -> String {
    let form: Vec<_> = GOOD.into_iter().chain([("entrant.contact.email", ADDRESS)]).collect();
    let answer = Clerk::new(stage).post("/contests/demo/enter", &form).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// Requests a link; returns the page of the answer.
async fn asks(stage: &Stage, number: &str, address: &str) -> String {
    let request = stage.client.post(format!("{}/find", stage.url));
    let answer = filled(request, &[("number", number), ("address", address)]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert!(page.contains("已收到请求"), "{page}");
    page
}

/// The link in a mail, which contains no personal data.
fn link_of(mail: &Mail) -> String {
    let text = mail.body();
    for private in ["张三", "13812345678", "一座工厂的早晨", ADDRESS] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    mail.link()
}

#[tokio::test]
async fn a_number_leads_to_its_entry_and_a_mistyped_one_is_explained() {
    let stage = Stage::new().await;
    let path = entered(&stage).await;
    let mut clerk = Clerk::new(&stage);
    let number = path.trim_start_matches("/entries/");
    let found = clerk.client.get(format!("{}/find?number={}", stage.url, number.to_lowercase())).send().await.unwrap();
    assert_eq!((found.status().as_u16(), found.headers()[LOCATION].to_str().unwrap()), (303, path.as_str()));
    let digit = if number.ends_with('0') { '1' } else { '0' };
    let (status, page) = clerk.open(&format!("/find?number={}{digit}", &number[..number.len() - 1])).await;
    assert!(status == 422 && page.contains("编号有误，请逐位核对"), "{page}");
    // No mail server is configured.
    assert!(page.contains("请联系主办方") && !page.contains("发送新链接"), "{page}");
}

#[tokio::test]
async fn a_lost_link_comes_by_mail_and_stops_the_old_one_only_when_it_is_used() {
    let smtp = Smtp::start(&["451 4.3.0 later"]).await;
    let stage = Stage::mailing(&smtp.url).await;
    let path = entered(&stage).await;
    let (_, number) = path.split_at("/entries/".len());
    let before = stage.ask("select encode(token_sha256, 'hex') from submissions".into()).await;
    asks(&stage, number, " zhang.san@EXAMPLE.cn ").await;
    // The mail server asked for a later try; nothing is lost, and the waiting time is skipped here.
    until("the mail was tried", async || {
        stage.ask("select coalesce(max(tries), 0)::text from link_mails".into()).await == "1"
    })
    .await;
    stage.execute("update link_mails set due_at = now()".into()).await;
    stage.app.mail_waits.notify_one();
    until("the mail is there", async || smtp.mails().len() == 1).await;
    let mail = smtp.mails().remove(0);
    assert_eq!(mail.to, ADDRESS);
    let link = link_of(&mail);
    assert!(link.starts_with(&format!("https://enter.example{path}#")), "{link}");
    let sealed = "select count(*)::text from link_mails where ciphertext is null and due_at is null";
    until("it is noted as sent", async || stage.ask(sealed.into()).await == "1").await;
    // The mail alone changed nothing.
    assert_eq!(stage.ask("select encode(token_sha256, 'hex') from submissions".into()).await, before);
    let mut clerk = Clerk::new(&stage);
    let opened = clerk.post(&format!("{path}/open"), &[("key", &link)]).await;
    assert_eq!(opened.status(), 303);
    assert_ne!(stage.ask("select encode(token_sha256, 'hex') from submissions".into()).await, before);
    assert_eq!(
        stage.ask("select string_agg(what, ',') from history where what like 'key%'".into()).await,
        "key_replaced"
    );
    // It is the entry's key now, and opens it again.
    assert_eq!(Clerk::new(&stage).post(&format!("{path}/open"), &[("key", &link)]).await.status(), 303);
}

#[tokio::test]
async fn whether_number_and_address_match_is_not_said_and_nothing_is_sent_to_others() {
    let smtp = Smtp::start(&[]).await;
    let stage = Stage::mailing(&smtp.url).await;
    let path = entered(&stage).await;
    let (_, number) = path.split_at("/entries/".len());
    let other = pipeline::receipt::Receipt::new("DEMO", 1).to_string();
    let wrong = asks(&stage, number, "li.si@example.cn").await;
    assert_eq!(asks(&stage, &other, ADDRESS).await, wrong);
    assert_eq!(asks(&stage, number, ADDRESS).await, wrong);
    until("the mail is there", async || smtp.mails().len() == 1).await;
    assert_eq!(smtp.mails()[0].to, ADDRESS);
    assert_eq!(stage.ask("select count(*)::text from link_mails".into()).await, "1");
}

#[tokio::test]
async fn mails_of_one_entry_are_bounded_and_a_link_ends_with_the_day_or_with_another_key() {
    let smtp = Smtp::start(&[]).await;
    let stage = Stage::mailing(&smtp.url).await;
    let path = entered(&stage).await;
    let (_, number) = path.split_at("/entries/".len());
    for n in 1..=3 {
        asks(&stage, number, ADDRESS).await;
        until("the mail is there", async || smtp.mails().len() == n).await;
    }
    let id = stage.ask("select id::text from submissions".into()).await.parse().unwrap();
    let token = stage.app.keys.seal_for(b"test", b"x").unwrap();
    let more = NewLink { submission: pipeline::id::SubmissionId(id), token_sha256: vec![1; 32], token, lang: "zh" };
    assert!(!stage.app.store.ask_for_link(&more).await.unwrap());
    let links: Vec<String> = smtp.mails().iter().map(link_of).collect();
    let mut clerk = Clerk::new(&stage);
    let open = format!("{path}/open");
    // Using one ends the others.
    assert_eq!(clerk.post(&open, &[("key", &links[1])]).await.status(), 303);
    assert_eq!(clerk.post(&open, &[("key", &links[0])]).await.status(), 403);
    stage.execute("update link_mails set expires_at = now() - interval '1 second'".into()).await;
    assert_eq!(clerk.post(&open, &[("key", &links[2])]).await.status(), 403);
    assert!(stage.app.store.forget_links().await.unwrap() > 0);
    assert!(stage.app.store.ask_for_link(&more).await.unwrap(), "another day has its own");
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_tried_once() {
    let smtp = Smtp::start(&["550 5.1.1 unknown"]).await;
    let stage = Stage::mailing(&smtp.url).await;
    let path = entered(&stage).await;
    let (_, number) = path.split_at("/entries/".len());
    asks(&stage, number, ADDRESS).await;
    let given_up = "select count(*)::text from link_mails where tries = 1 and due_at is null and ciphertext is null";
    until("it is given up", async || stage.ask(given_up.into()).await == "1").await;
    assert!(smtp.mails().is_empty());
}
