//! Delivery to Bilibili's open platform: each work exists there once, whatever happens to workers, calls, tokens and
//! webhooks, and a recalled work is checked to be gone.
use std::path::Path;
use std::time::Duration;

use pipeline::id::SubmissionId;
use serde_json::Value;
use uuid::Uuid;

use crate::delivery::status;
use crate::support::platforms::bilibili::{Bilibili, PART_BYTES, Settings};
use crate::support::platforms::{Emulator, Fault, World};
use crate::support::wait::wait_until_true;
use crate::support::{catalogue, planted};
use story::Story;

mod recall;
mod story;
mod tokens;

const PARTNER: &str = "bilibili";
const SOON: Duration = Duration::from_secs(180);
/// For 600 MB, whose digest a debug build computes twice while all other tests run. A release build needs a few
/// seconds.
const LONG: Duration = Duration::from_secs(480);

#[tokio::test(flavor = "multi_thread")]
async fn a_work_goes_live_at_bilibili_once_with_its_film_its_texts_and_its_address() {
    let story = Story::new(Settings::default(), &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    let id = story.released("新型工业化：一座灯塔工厂").await;
    let delivery = story.is(id, "live").await;
    let archives = story.bilibili.archives();
    let [archive] = archives.as_slice() else { panic!("not one archive: {archives:?}") };
    assert_eq!(archive.title, "新型工业化：一座灯塔工厂");
    let number = &id.simple().to_string()[20..];
    assert_eq!(archive.desc, format!("一部测试短片\n作品编号 {number}-1"));
    assert_eq!((archive.tag.as_str(), archive.copyright), ("绿色低碳", 1));
    assert_eq!(delivery["public_url"], format!("https://www.bilibili.com/video/{}", archive.resource_id));
    same_bytes(&story.bilibili.film(&archive.upload_token), &planted::film_path(&story.pipeline, id));
    story.pipeline.truth.reaches(id, "published", SOON).await;
    assert_eq!(story.bilibili.world.journal.names()[..5], ["init", "part", "complete", "cover", "add"]);
    let query = "select count(*) from exchanges where outcome <> 'answered'";
    assert_eq!(story.pipeline.truth.count(query).await, 0, "every request has its answer in the evidence");
    story.keeps_secrets().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_of_600_mb_sends_no_finished_part_again() {
    const BYTES: u64 = 600_000_000;
    const KILLED_AT: u32 = 40;
    let story = Story::new(Settings::default(), &[]).await;
    let first = story.pipeline.serve("first", &["publish"]).await;
    // The part during which the worker dies is sent but not acknowledged.
    story.bilibili.world.faults.after("part", KILLED_AT - 1, Fault::Hang);
    let id = planted::film(&story.pipeline, "六百兆", &[PARTNER], BYTES).await;
    story.release(id).await;
    wait_until_true("forty parts are sent", LONG, async || story.calls("part") >= KILLED_AT as usize).await;
    first.kill();
    story.pipeline.serve("second", &["publish"]).await;
    story.pipeline.truth.reaches(id, "published", LONG).await;
    story.is(id, "live").await;

    let count = BYTES.div_ceil(PART_BYTES) as u32;
    let parts = story.bilibili.world.journal.of("part");
    let number =
        |entry: &crate::support::platforms::Entry| entry.query["part_number"].parse::<u32>().expect("a number");
    let finished: Vec<u32> = parts.iter().filter(|part| part.fault.is_none()).map(number).collect();
    assert_eq!(finished, (1..=count).collect::<Vec<u32>>(), "every part was taken once, in order");
    assert_eq!(parts.len() as u32, count + 1, "only the part that was cut off was sent twice");
    assert_eq!((story.calls("init"), story.calls("complete"), story.calls("add")), (1, 1, 1));
    let archives = story.bilibili.archives();
    same_bytes(&story.bilibili.film(&archives[0].upload_token), &planted::film_path(&story.pipeline, id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_took_effect_and_was_not_answered_is_read_back_and_exists_once() {
    let story = Story::new(Settings::default(), &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    // Each answer is lost in another way; the first by silence, which lasts as long as our timeout.
    let faults = [Fault::CommitThenTimeOut, Fault::CommitThenCut, Fault::HalfAnswer, Fault::AnotherId];
    for (at, fault) in faults.into_iter().enumerate() {
        let title = format!("没有回答之{at}");
        story.bilibili.world.faults.once("add", fault.clone());
        let id = story.released(&title).await;
        story.asked("add", at + 1).await;
        if fault != Fault::CommitThenTimeOut {
            story.is(id, "live").await;
        }
        story.exists_once(&title);
    }
    for id in story.pipeline.truth.texts("select id::text from submissions").await {
        story.is(id.parse().expect("an id"), "live").await;
    }
    assert_eq!(story.calls("add"), 4, "nothing was submitted twice");
    assert_eq!(story.bilibili.archives().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_never_arrived_is_made_again_and_a_busy_platform_is_waited_for() {
    let story = Story::new(Settings::default(), &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    let faults = &story.bilibili.world.faults;
    faults.once("init", Fault::TooMany(1));
    faults.once("part", Fault::Status(500));
    faults.once("cover", Fault::Cut);
    faults.once("add", Fault::Cut);
    faults.once("add", Fault::TooMany(1));
    story.bilibili.answer_instead("add", 123_028, "投稿过于频繁");
    let id = story.released("第三次才到").await;
    // The code asks for ten seconds.
    story.is(id, "live").await;
    story.exists_once("第三次才到");
    assert_eq!(story.calls("add"), 4);
    let inits = story.bilibili.world.journal.of("init");
    let waited = inits[1].at - inits[0].at;
    assert!(waited >= chrono::TimeDelta::seconds(1), "Retry-After was kept: {waited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_budget_that_ends_right_behind_the_submission_does_not_make_a_second_one() {
    // Four calls at once, then one in fifteen seconds: init, complete, cover, and add.
    let budget =
        r#"limits = { calls_per_minute = { value = 4, tag = "A", source = "a story", valid_from = "2024-06-01" } }"#;
    let file = format!("{}{budget}\n", catalogue::partner("B站", "bilibili"));
    let story = Story::of(Bilibili::new(Settings::default()), file, &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    let id = story.released("限额").await;
    story.is(id, "live").await;
    story.exists_once("限额");
    assert_eq!(story.calls("add"), 1, "{:?}", story.bilibili.world.journal.names());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_wakes_the_delivery_and_a_second_one_does_nothing() {
    // The next look by ourselves is ten minutes away: only the webhook can be the cause.
    let settings = Settings { review: Duration::from_secs(1), ..Settings::default() };
    let story = Story::new(settings, &[("POLL_BASE_S", "600")]).await;
    let service = story.pipeline.serve("publish", &["publish"]).await;
    let url =
        format!("http://{}/partners/bilibili/webhook", service.partner_address().expect("an address for partners"));
    story.bilibili.set(|settings| settings.webhook = Some(url.clone()));
    story.bilibili.world.notices.doubled(1000);
    story.bilibili.world.notices.shuffled(Duration::from_millis(500));
    let unsigned = reqwest::Client::new().post(&url).body(r#"{"event":"video_open"}"#).send().await.expect("an answer");
    assert_eq!(unsigned.status().as_u16(), 401);
    let id = story.released("回调").await;
    story.is(id, "live").await;
    wait_until_true("both are answered", SOON, async || story.bilibili.world.notices.sent().len() == 2).await;
    for sent in story.bilibili.world.notices.sent() {
        assert_eq!(sent.answers, [Some(200)], "{:?}", sent.notice.name);
    }
    let history = "select count(*) from history where what = 'delivery_changed' and detail->>'state' = 'live'";
    assert_eq!(story.pipeline.truth.count(history).await, 1);
    story.pipeline.truth.reaches(id, "published", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_stops_everything_until_it_is_right() {
    let story = Story::new(Settings::default(), &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    let clock = &story.bilibili.world.clock;
    clock.set(clock.now() + chrono::TimeDelta::seconds(900));
    let id = story.released("时钟不准").await;
    story.asked("init", 1).await;
    let answered = story.bilibili.world.journal.of("init")[0].answered();
    assert_eq!(answered["code"], 4003, "{answered}");
    clock.set(clock.now() - chrono::TimeDelta::seconds(900));
    story.is(id, "live").await;
    story.exists_once("时钟不准");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_refuses_what_the_platform_refuses() {
    let bilibili = Emulator::start(Bilibili::new(Settings::default()), World::new(1)).await;
    let ask = async |path: &str, headers: &[(&str, &str)], body: &'static [u8]| -> i64 {
        let mut request = reqwest::Client::new().post(format!("{}{path}", bilibili.url())).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer").text().await.expect("text");
        serde_json::from_str::<Value>(&answer).expect("JSON")["code"].as_i64().expect("a code")
    };
    let now = bilibili.world.now_s().to_string();
    let body: &[u8] = br#"{"name":"a.mp4","utype":"0"}"#;
    let signed = signed(&bilibili, body, "nonce-1", &now);
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let init = "/arcopen/fn/archive/video/init";
    assert_eq!(ask(init, &[], body).await, 4001, "unsigned");
    assert_eq!(ask(init, &signed, b"{}").await, 4002, "another body than the one that was signed");
    assert_eq!(ask(init, &signed, body).await, 0);
    assert_eq!(ask(init, &signed, body).await, 4004, "a nonce that was used");
    let token =
        bilibili.world.journal.of("init")[2].answered()["data"]["upload_token"].as_str().expect("a token").to_owned();
    let part = |number: &str| format!("/video/v2/part/upload?upload_token={token}&part_number={number}");
    assert_eq!(ask(&part("0"), &[], b"x").await, -400, "parts count from 1");
    assert_eq!(ask(&part("1"), &[], b"x").await, 0);
    assert_eq!(ask(&part("3"), &[], b"x").await, 0);
    let complete = format!("/arcopen/fn/archive/video/complete?upload_token={token}");
    let again = self::signed(&bilibili, b"", "nonce-2", &now);
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(ask(&complete, &again, b"").await, -400, "part 2 is missing, and part 1 is too small");
}

/// The headers of a request, signed by hand.
fn signed(bilibili: &Emulator<Bilibili>, body: &[u8], nonce: &str, at_s: &str) -> Vec<(&'static str, String)> {
    use hmac::{Hmac, Mac as _};
    use md5::{Digest as _, Md5};
    let keys = bilibili.keys();
    let mut headers = vec![
        ("x-bili-accesskeyid", keys.client_id),
        ("x-bili-content-md5", hex::encode(Md5::digest(body))),
        ("x-bili-signature-method", "HMAC-SHA256".to_owned()),
        ("x-bili-signature-nonce", nonce.to_owned()),
        ("x-bili-signature-version", "2.0".to_owned()),
        ("x-bili-timestamp", at_s.to_owned()),
    ];
    let text: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(keys.client_secret.as_bytes()).expect("any key does");
    mac.update(text.join("\n").as_bytes());
    headers.push(("authorization", hex::encode(mac.finalize().into_bytes())));
    headers.push(("access-token", keys.access_token));
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_kept_in_the_platforms_words() {
    let story = Story::new(Settings::default(), &[]).await;
    story.pipeline.serve("publish", &["publish"]).await;
    story.bilibili.refuse_in_review("审核不过", "画面含有第三方水印");
    let reviewed = story.released("审核不过").await;
    story.is(reviewed, "refused").await;
    assert_eq!(refusal(&story, reviewed).await, "打回：画面含有第三方水印");
    story.bilibili.answer_instead("add", 123_038, "稿件标题含有敏感词");
    let submitted = story.released("不收").await;
    story.is(submitted, "refused").await;
    assert!(refusal(&story, submitted).await.starts_with("稿件标题含有敏感词 (code 123038"));
    assert_eq!(story.calls("add"), 2, "what is refused for good is not tried again");
    let shown = status(&story.pipeline, submitted).await;
    assert_eq!(shown["id"], SubmissionId(submitted).to_string());
}

async fn refusal(story: &Story, id: Uuid) -> String {
    let query = "select machine #>> '{observed,words}' from deliveries where submission = $1";
    sqlx::query_scalar(query).bind(id).fetch_one(story.pipeline.truth.pool()).await.expect("the words of a refusal")
}

/// Compares two files piece by piece, because they may be large.
fn same_bytes(left: &Path, right: &Path) {
    use std::io::Read as _;
    let open =
        |path: &Path| std::fs::File::open(path).unwrap_or_else(|error| panic!("open {}: {error}", path.display()));
    let length = |path: &Path| std::fs::metadata(path).expect("a file's length").len();
    assert_eq!(length(left), length(right), "both files are of one length");
    let (mut left, mut right) = (open(left), open(right));
    let (mut one, mut other) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = left.read(&mut one).expect("read a file");
        if read == 0 {
            return;
        }
        right.read_exact(&mut other[..read]).expect("read a file");
        assert!(one[..read] == other[..read], "the bytes are the same");
    }
}
