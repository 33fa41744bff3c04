//! Delivery to a partner's SFTP server, which is the real sshd: the files there, recovery after a crash, what receipts
//! can and cannot change, and what a recall means when the partner may have a copy.
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::delivery::status;
use crate::support::planted::{self, RENDITION};
use crate::support::wait::{holds_for, wait_until_true};
use crate::support::{Proxy, Sshd};
use stage::{Stage, check_folder, receipt};

mod stage;

/// The partner of these tests.
const TV: &str = "tv";
/// Everything that has to happen while other tests run too.
const SOON: Duration = Duration::from_secs(180);
/// Long enough for several polls of a receipt.
const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_is_complete_with_its_description_and_receipts_make_it_live() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish", &[]).await;
    let id = stage.released(3_000_000).await;
    stage.is(id, "in_review").await;
    let files = check_folder(&stage, id);
    let adi = String::from_utf8(files["ADI.XML"].clone()).expect("text");
    let md5 = hex::encode(<md5::Md5 as md5::Digest>::digest(&files[&format!("{RENDITION}.mp4")]));
    assert!(adi.contains(&md5) && adi.contains("智造之光"), "{adi}");
    let marker: Value = serde_json::from_slice(&files[".done"]).expect("JSON");
    assert_eq!((&marker["submission"], &marker["run"]), (&json!(id), &json!(1)));
    assert_eq!(
        marker["files"].as_array().map(Vec::len),
        Some(files.len() - 1),
        "the marker lists every file: {marker}"
    );

    // An acknowledgement is not publication.
    for status in ["accepted", "ingested"] {
        stage.answer(id, &receipt(id, status));
        let said = |answer: &Value| answer["status"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(status));
        wait_until_true("the receipt is read", SOON, async || {
            stage.evidence("receipt").await.iter().any(|(_, answer)| said(answer))
        })
        .await;
        assert_eq!(status_of(&stage, id).await, "in_review");
    }
    let mut published = receipt(id, "published");
    published["url"] = json!("https://tv.example/v/1");
    stage.answer(id, &published);
    assert_eq!(stage.is(id, "live").await["public_url"], "https://tv.example/v/1");
    stage.pipeline.truth.reaches(id, "published", SOON).await;
}

async fn status_of(stage: &Stage, id: Uuid) -> Value {
    let status = status(&stage.pipeline, id).await;
    let deliveries = status["deliveries"].as_array().expect("deliveries");
    deliveries.iter().find(|delivery| delivery["partner"] == TV).expect("the partner's delivery")["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_in_xml_can_refuse_in_the_partners_words() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish", &[]).await;
    let id = stage.released(40_000).await;
    stage.is(id, "in_review").await;
    let refused = format!(
        "<?xml version=\"1.0\"?><receipt><submission>{id}</submission><run>1</run><status>refused</status>\
         <reason>&#x97F3;频过响 &lt;-10 LKFS&gt;</reason></receipt>"
    );
    stage.answer_with(id, "receipt.xml", refused.as_bytes());
    stage.is(id, "refused").await;
    let words = "select machine->'observed'->>'words' from deliveries where partner = 'tv'";
    assert_eq!(stage.pipeline.truth.texts(words).await, ["音频过响 <-10 LKFS>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_of_a_film_goes_on_where_it_was() {
    let stage = Stage::new().await;
    let proxy = Proxy::to(&stage.sshd.address()).await;
    let port = proxy.port().to_string();
    let through = [("PARTNER_TV_SFTP_PORT", port.as_str())];
    let first = stage.serve("first", &through).await;
    proxy.swallow_after(5_000_000);
    let bytes = 12_000_000;
    let id = stage.released(bytes).await;
    wait_until_true("the line dies", SOON, async || proxy.swallowed_bytes() > 0).await;
    let part = stage.folder(id).join(format!("{RENDITION}.mp4.part"));
    let arrived = || std::fs::metadata(&part).map(|it| it.len()).unwrap_or_default();
    wait_until_true("the film has arrived in part", SOON, async || arrived() > 4_000_000).await;
    first.kill();
    proxy.mend();
    let there = arrived();
    assert!(there < bytes, "{there}");
    assert!(!stage.folder(id).join(".done").exists());

    let _second = stage.serve("second", &through).await;
    stage.is(id, "in_review").await;
    check_folder(&stage, id);
    let film = format!("{RENDITION}.mp4");
    let sent = stage.evidence("transfer").await;
    let (_, sent) = sent
        .iter()
        .find(|(request, _)| request["file"].as_str().is_some_and(|it| it.ends_with(&film)))
        .expect("evidence of the film");
    // Bytes in flight when the worker died may still have been written after we looked.
    let kept = sent["kept"].as_u64().expect("bytes");
    assert!(kept >= there && kept < bytes, "{sent}, {there} were there");
    assert_eq!(sent["sent"], bytes - kept, "nothing that was there is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_half_and_is_not_ours_is_replaced() {
    let stage = Stage::new().await;
    let id = stage.released(2_000_000).await;
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("our film");
    std::fs::create_dir_all(stage.folder(id)).expect("the folder");
    let mut other = film[..1_000_000].to_vec();
    other[500_000] ^= 1;
    std::fs::write(stage.folder(id).join(format!("{RENDITION}.mp4.part")), other).expect("half a film");
    // A file of the same length as ours, with other content; and an answer to something else, from before.
    std::fs::write(stage.folder(id).join(format!("{RENDITION}.jpg")), b"not a picture").expect("another file");
    std::fs::write(stage.folder(id).join("receipt.json"), receipt(id, "published").to_string())
        .expect("an old receipt");
    let _service = stage.serve("publish", &[]).await;
    stage.is(id, "in_review").await;
    check_folder(&stage, id);
    let sent = stage.evidence("transfer").await;
    let film = format!("{RENDITION}.mp4");
    let (_, sent) = sent
        .iter()
        .find(|(request, _)| request["file"].as_str().is_some_and(|it| it.ends_with(&film)))
        .expect("evidence of the film");
    assert_eq!(sent, &json!({ "kept": 500_000, "sent": 1_500_000 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_host_key_gets_nothing() {
    let stage = Stage::new().await;
    let other = Sshd::start();
    let env = [("PARTNER_TV_SFTP_HOST_KEY", other.host_key()), ("MAX_ATTEMPTS", "2")];
    let _service = stage.serve("publish", &env).await;
    let id = stage.released(40_000).await;
    let part = stage.pipeline.truth.part_is(id, "publish", "parked", SOON).await;
    let words = part.last_error.unwrap_or_default();
    assert!(words.contains("and not the pinned SHA256:"), "{words}");
    assert_eq!(stage.sshd.files(), BTreeMap::new());
    assert_eq!(status_of(&stage, id).await, "planned");
    assert!(!stage.sshd.log().contains("Accepted"), "no login");
    let key = stage.sshd.user_key();
    let line = key.lines().nth(1).expect("a line of the key");
    for (table, row) in stage.pipeline.truth.every_row().await {
        assert!(!row.contains(line), "{table} holds our private key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_waited_for_and_that_is_no_failure() {
    let mut stage = Stage::new().await;
    stage.sshd.stop();
    let _service = stage.serve("publish", &[("MAX_ATTEMPTS", "1")]).await;
    let id = stage.released(40_000).await;
    wait_until_true("it was tried several times", SOON, async || stage.evidence("connect").await.len() >= 3).await;
    assert_eq!(status_of(&stage, id).await, "planned");
    stage.sshd.restart();
    stage.is(id, "in_review").await;
    check_folder(&stage, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_receipts_are_noted_and_change_nothing() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish", &[]).await;
    let id = stage.released(40_000).await;
    stage.is(id, "in_review").await;
    let secret = stage.pipeline.dir().join("published.json");
    std::fs::write(&secret, receipt(id, "published").to_string()).expect("a file elsewhere");
    let huge = format!("{{\"pad\":\"{}\"}}", "x".repeat(10_000_000));
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><receipt><status>&b;</status></receipt>";
    let other = receipt(Uuid::now_v7(), "published").to_string();
    let hostile: [(&str, &str, &str); 4] = [
        ("receipt.json", &huge, "more than"),
        ("receipt.xml", bomb, "document type"),
        ("receipt.json", &other, "another submission"),
        ("receipt.json", "{", "no JSON"),
    ];
    let was_noted = async |words: &str| {
        let evidence = stage.evidence("receipt").await;
        evidence.iter().any(|(_, answer)| answer["problem"].as_str().is_some_and(|it| it.contains(words)))
    };
    for (name, content, words) in hostile {
        stage.answer_with(id, name, content.as_bytes());
        wait_until_true(&format!("it is noted: {words}"), SOON, async || was_noted(words).await).await;
        std::fs::remove_file(stage.folder(id).join(name)).expect("the partner's mistake is mended");
    }
    std::os::unix::fs::symlink(&secret, stage.folder(id).join("receipt.json")).expect("a link");
    wait_until_true("the link is noted", SOON, async || was_noted("no regular file").await).await;
    holds_for("the delivery stays as it was", A_WHILE, async || status_of(&stage, id).await == "in_review").await;
    std::fs::remove_file(stage.folder(id).join("receipt.json")).expect("remove the link");
    stage.answer(id, &receipt(id, "published"));
    stage.is(id, "live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_whose_answer_was_lost_is_read_back_and_not_put_twice() {
    let stage = Stage::new().await;
    let first = stage.serve("first", &[]).await;
    let id = planted::film(&stage.pipeline, "智造之光", &[TV], 40_000).await;
    let gate = stage.pipeline.truth.gate("deliveries", "new.state = 'in_review'").await;
    stage.command(&["release", &id.to_string()]).await;
    stage.pipeline.truth.reaches_gate(SOON).await;
    let marker = stage.folder(id).join(".done");
    let put = std::fs::metadata(&marker).and_then(|it| it.modified()).expect("the marker was put");
    first.kill();
    gate.open().await;
    let _second = stage.serve("second", &[]).await;
    stage.is(id, "in_review").await;
    check_folder(&stage, id);
    assert_eq!(std::fs::metadata(&marker).and_then(|it| it.modified()).expect("the marker"), put);
    assert_eq!(stage.evidence("submit").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_any_receipt_removing_the_files_is_the_recall() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish", &[]).await;
    let id = stage.released(40_000).await;
    stage.is(id, "in_review").await;
    stage.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await;
    stage.is(id, "recalled").await;
    assert_eq!(stage.sshd.files(), BTreeMap::new());
    assert!(!stage.sshd.drop_dir().join(id.to_string()).exists(), "the folder is gone too");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_partner_has_it_only_its_own_word_ends_a_recall() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish", &[]).await;
    let id = stage.released(40_000).await;
    stage.is(id, "in_review").await;
    stage.answer(id, &receipt(id, "published"));
    stage.is(id, "live").await;
    stage.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await;
    wait_until_true("the partner is asked", SOON, async || stage.files(id).contains_key("recall.json")).await;
    let left: Vec<String> = stage.files(id).into_keys().collect();
    assert_eq!(left, ["recall.json", "receipt.json"], "our files are gone, and cannot be fetched any more");
    holds_for("it is not recalled on our word", A_WHILE, async || status_of(&stage, id).await == "recalling").await;
    stage.answer(id, &receipt(id, "recalled"));
    stage.is(id, "recalled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_the_partner_moved_without_a_word_is_a_persons_task() {
    let stage = Stage::new().await;
    let _service = stage.serve("publish", &[]).await;
    let id = stage.released(40_000).await;
    stage.is(id, "in_review").await;
    std::fs::rename(stage.folder(id), stage.pipeline.dir().join("taken")).expect("the partner moves it");
    stage.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await;
    stage.is(id, "recalling").await;
    let by = async || {
        stage.pipeline.truth.texts("select machine->'observed'->>'by' from deliveries where partner = 'tv'").await
    };
    wait_until_true("a person is asked", SOON, async || by().await == ["operator"]).await;
    assert_eq!(status_of(&stage, id).await, "recalling");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_that_meets_a_running_transfer_wins_and_no_marker_is_ever_put() {
    let stage = Stage::new().await;
    let proxy = Proxy::to(&stage.sshd.address()).await;
    let port = proxy.port().to_string();
    let _service = stage.serve("publish", &[("PARTNER_TV_SFTP_PORT", &port)]).await;
    proxy.swallow_after(3_000_000);
    let id = stage.released(8_000_000).await;
    wait_until_true("the line stands still", SOON, async || proxy.swallowed_bytes() > 0).await;
    stage.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await;
    proxy.mend();
    stage.is(id, "recalled").await;
    // The incomplete delivery never counted, and still all of it is removed.
    holds_for("nothing is left or comes back", A_WHILE, async || stage.sshd.files().is_empty()).await;
}
