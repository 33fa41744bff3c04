//! Bulk acts and deliveries in a browser without scripts: the dry run before the job, an outdated one, orders to the
//! job, and reports by hand.
use pipeline::object_key::ObjectKey;
use runtime::store::people::tokens::Role;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::desk_acts::{finished, ok};
use crate::desk_browser::{Browser, Shown};
use crate::desk_deliveries::{handed, picture, plant, state, taken_back};
use crate::stage::Stage;

#[tokio::test]
async fn a_job_is_begun_after_a_look_and_a_stale_look_is_shown_again() {
    let stage = Stage::new().await;
    let (one, two) = (finished(&stage).await, finished(&stage).await);
    let organiser = stage.token(Role::Organiser, None).await;
    let browser = Browser::everywhere(&stage, Role::Organiser).await;
    let works = format!("works={}&works={}", one.id, two.id);
    let choice = browser.open(&format!("/bulk/new?{works}")).await;
    assert!(choice.status == 200 && choice.text.contains("2 works"), "{}", choice.text);

    let nothing = browser.send_body("/bulk/look", "kind=release").await;
    assert!(nothing.status == 422 && nothing.text.contains("field_wrong"), "{}", nothing.text);
    let wish = format!("{works}&kind=release&partners=bilibili&from=transcode");
    let look = browser.send_body("/bulk/look", &wish).await;
    assert!(look.status == 200 && look.text.contains("Bilibili"), "{}", look.text);
    assert_eq!(stage.ask("select count(*)::text from bulk_jobs".into()).await, "0");

    ok(stage.act(&organiser, &one, "release", &json!({ "partners": ["douyin"] }))).await;
    let begin = |look: &Shown| format!("{wish}&digest={}&key={}", look.hidden("digest"), look.hidden("key"));
    let stale = browser.send_body("/bulk", &begin(&look)).await;
    assert!(stale.status == 409 && stale.text.contains("<code>changed</code>"), "{}", stale.text);
    assert_ne!(stale.hidden("digest"), look.hidden("digest"));
    let begun = browser.send_body("/bulk", &begin(&stale)).await;
    assert!(begun.status == 303 && begun.to.starts_with("/jobs/"), "{} {}", begun.status, begun.text);
    // Pressing the button twice creates one job.
    assert_eq!(browser.send_body("/bulk", &begin(&stale)).await.to, begun.to);
    assert_eq!(stage.ask("select count(*)::text from bulk_jobs".into()).await, "1");

    let order = format!("{}/order", begun.to);
    for (word, shows) in [("pause", "paused"), ("resume", "running")] {
        assert_eq!(browser.send_body(&order, &format!("order={word}")).await.to, begun.to);
        let job = browser.open(&begun.to).await;
        assert!(job.text.contains(shows) && job.text.contains("<progress"), "{word}: {}", job.text);
    }
    let again = browser.send_body(&order, "order=resume").await;
    assert!(again.status == 409 && again.text.contains("state_wrong"), "{}", again.text);
    assert_eq!(stage.app.store.bulk_start(8).await.unwrap(), 2);
    let job = browser.open(&format!("{}?state=done", begun.to)).await;
    assert!(job.text.contains(&one.id) && job.text.contains(&two.id), "{}", job.text);
    assert!(browser.open("/jobs").await.text.contains("2/2"));
}

#[tokio::test]
async fn the_board_shows_who_acts_next_and_a_person_reports_confirms_and_proves_by_form() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    plant(&stage, &entry, "weixin_channels", &[handed()]).await;
    plant(&stage, &entry, "douyin", &[handed()]).await;
    plant(&stage, &entry, "gongxin_weibao", &taken_back()).await;
    let due = "update deliveries set recall_due = now() + interval '5 hours 30 minutes', recall_reason = '版权争议'";
    stage.execute(format!("{due} where partner = 'gongxin_weibao'")).await;
    let browser = Browser::everywhere(&stage, Role::Operator).await;
    let board = browser.open("/deliveries?waits=person").await;
    for shown in ["a person delivers it", "a person confirms it", "time left: 5 h", "版权争议"] {
        assert!(board.text.contains(shown), "{shown}: {}", board.text);
    }
    let elsewhere = browser.open("/deliveries?waits=person&partner=cctv").await;
    assert!(elsewhere.text.contains("No delivery meets these conditions"), "{}", elsewhere.text);

    let at = |partner: &str| format!("/works/{}/deliveries/{partner}", entry.id);
    let (page, reported) = (at("weixin_channels"), format!("{}/delivered", at("weixin_channels")));
    let refused = browser.send_picture(&reported, &[("reason", "看到了")], None).await;
    assert!(refused.status == 422 && refused.text.contains("evidence_missing"), "{}", refused.text);
    assert!(refused.text.contains("看到了"), "what was entered is still there");
    let url = ("url", "https://channels.weixin.qq.com/video/1");
    let key = browser.open(&page).await.hidden("key");
    let done = browser.send_picture(&reported, &[url, ("key", &key)], Some(&picture(99))).await;
    assert_eq!((done.status, done.to.as_str()), (303, page.as_str()), "{}", done.text);
    let again = browser.send_picture(&reported, &[url, ("key", &key)], Some(&picture(99))).await;
    assert_eq!(again.status, 303, "the same form again: {}", again.text);
    assert_eq!((state(&stage, &entry, "weixin_channels").await, stage.objects().await.len()), ("live".to_owned(), 1));
    let shown = browser.open(&page).await.text;
    let proof = shown.split_once("/proofs/").expect("a link to the picture").1.split('"').next().unwrap();
    opens_as_a_picture(&stage, &browser, &format!("{page}/proofs/{proof}")).await;

    assert_eq!(browser.send(&format!("{}/confirm", at("douyin")), &[]).await.status, 303);
    assert_ne!(state(&stage, &entry, "douyin").await, "awaiting_operator");
    let proven = format!("{}/recalled", at("gongxin_weibao"));
    let insists = browser.send_picture(&proven, &[url, ("insists", "true")], None).await;
    assert!(insists.status == 422 && insists.text.contains("evidence_missing"), "{}", insists.text);
    assert_eq!(browser.send_picture(&proven, &[("insists", "true")], Some(&picture(99))).await.status, 303);
    assert_eq!(stage.ask("select count(*)::text from proofs where shows = 'gone'".into()).await, "1");
}

/// The picture of a report as a browser receives it: its bytes, served as a picture and as nothing else.
async fn opens_as_a_picture(stage: &Stage, browser: &Browser, path: &str) {
    let answer = browser.get(path).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let proof = path.rsplit_once('/').unwrap().1;
    assert_eq!((answer.status().as_u16(), header("content-type")), (200, "image/png".to_owned()));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-disposition"), format!("inline; filename=\"{proof}.png\""));
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(answer.bytes().await.unwrap(), picture(99));
    // Of another partner, of no report, and a file that is not a picture.
    let elsewhere = path.replace("weixin_channels", "douyin");
    let none = path.replace(proof, "0190c0de-0000-7000-8000-000000000000");
    for path in [elsewhere, none] {
        assert_eq!(browser.open(&path).await.status, 404, "{path}");
    }
    let work = stage.ask("select submission::text from proofs".into()).await.parse().unwrap();
    let key = ObjectKey::Proof(work, "weixin_channels".into(), Sha256::digest(picture(99)).into());
    stage.app.objects.put_bytes(&key, "<script>alert(1)</script>").await.unwrap();
    assert_eq!(browser.open(path).await.status, 404, "bytes that are no picture");
    stage.app.objects.put_bytes(&key, picture(99)).await.unwrap();
    let screener = Browser::everywhere(stage, Role::Screener).await;
    assert_eq!(screener.open(path).await.status, 403);
}

#[tokio::test]
async fn texts_for_a_partner_are_checked_before_they_are_kept() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let browser = Browser::everywhere(&stage, Role::Organiser).await;
    let page = format!("/works/{}/deliveries/weixin_channels", entry.id);
    let send = async |form: &[(&str, &str)]| browser.send(&format!("{page}/texts"), form).await;
    let kept = "select count(*)::text from partner_texts";
    let checked = send(&[("title", "短"), ("look", "true")]).await;
    assert!(checked.status == 200 && checked.text.contains("nothing is sent until"), "{}", checked.text);
    assert_eq!(stage.ask(kept.into()).await, "0");
    let done = send(&[("title", "一座工厂的早晨"), ("tags", "工业、制造")]).await;
    assert_eq!((done.status, done.to.as_str()), (303, page.as_str()), "{}", done.text);
    let texts = "select (texts ->> 'title') || ' ' || (texts -> 'tags' ->> 1) from partner_texts";
    assert_eq!(stage.ask(texts.into()).await, "一座工厂的早晨 制造");
    assert!(browser.open(&page).await.text.contains("The texts meet the partner"), "{page}");
    // An operator reads it and gets no form to write.
    let operator = Browser::everywhere(&stage, Role::Operator).await;
    assert!(!operator.open(&page).await.text.contains("/texts\""));
}
