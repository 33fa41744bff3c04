//! Acts of people on deliveries by hand: which act a delivery waits for, what counts as evidence, and what is stored of
//! it.
use chrono::TimeDelta;
use pipeline::delivery::{Delivery, DeliveryEvent, IntentId, RecallBy, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::{BagFile, ObjectKey};
use reqwest::Method;
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::stage::{Entry, Stage, bytes};

const BY_HAND: &str = "weixin_channels";
const PUBLIC: &str = "https://channels.weixin.qq.com/video/1";

pub(crate) fn handed() -> DeliveryEvent {
    DeliveryEvent::HandedToOperator { intent: IntentId(Uuid::now_v7()) }
}

/// A bag that was handed over and that a person recalls.
pub(crate) fn taken_back() -> [DeliveryEvent; 3] {
    [handed(), DeliveryEvent::Unwanted, DeliveryEvent::RecallStarted { by: RecallBy::Operator }]
}

/// A delivery of the entry, after these events.
pub(crate) async fn plant(stage: &Stage, entry: &Entry, partner: &str, events: &[DeliveryEvent]) {
    let mut delivery = Delivery::new(1);
    for event in events {
        assert!(delivery.apply(event.clone()), "{event:?}");
    }
    let machine = serde_json::to_string(&delivery).unwrap();
    let row = format!("'{}', '{partner}', '{machine}', '{}', 1", entry.id, delivery.observed.name());
    stage.execute(format!("insert into deliveries (submission, partner, machine, state, run) values ({row})")).await;
}

/// Status and body of an act on a delivery.
async fn act(stage: &Stage, token: &str, entry: &Entry, partner: &str, what: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/v1/submissions/{}/deliveries/{partner}/{what}", entry.id);
    let answer = stage.desk(Method::POST, &path, token).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Status and code of a refusal.
fn refused((status, body): (u16, Value)) -> (u16, String) {
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn says(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

async fn get(stage: &Stage, token: &str, path: &str) -> Value {
    let answer = stage.desk(Method::GET, path, token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

pub(crate) async fn state(stage: &Stage, entry: &Entry, partner: &str) -> String {
    let whose = format!("submission = '{}' and partner = '{partner}'", entry.id);
    stage.ask(format!("select state from deliveries where {whose}")).await
}

async fn count(stage: &Stage, table: &str) -> String {
    stage.ask(format!("select count(*)::text from {table}")).await
}

/// A PNG of one grey.
pub(crate) fn picture(grey: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[grey; 64 * 64]).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The same picture as the API takes it.
fn encoded(grey: u8) -> String {
    desk::act::evidence::encoded(&picture(grey))
}

#[tokio::test]
async fn the_method_and_the_state_decide_which_act_is_right_and_a_refusal_names_it() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let (waiting, going) = (stage.enter().await, stage.enter().await);
    let (intent, receipt) = (IntentId(Uuid::now_v7()), Receipt("BV1".into()));
    for partner in ["douyin", BY_HAND] {
        plant(&stage, &waiting, partner, &[handed()]).await;
        plant(&stage, &going, partner, &taken_back()).await;
    }
    let in_review = [DeliveryEvent::Sending { intent }, DeliveryEvent::Accepted { intent, receipt }];
    plant(&stage, &waiting, "bilibili", &in_review).await;
    plant(&stage, &waiting, "tiangong", &[]).await;
    let seen = json!({ "url": "https://www.douyin.com/video/1" });
    let seen_by_hand = json!({ "url": PUBLIC });
    for (entry, partner, what, body, wanted) in [
        (&waiting, "douyin", "delivered", &seen, "awaits_confirmation"),
        (&waiting, "bilibili", "delivered", &seen, "not_by_hand"),
        (&waiting, "tiangong", "delivered", &seen, "not_by_hand"),
        (&going, BY_HAND, "delivered", &seen_by_hand, "awaits_removal"),
        (&waiting, BY_HAND, "confirm", &json!({}), "awaits_delivery"),
        (&waiting, "bilibili", "confirm", &json!({}), "not_confirmed"),
        (&going, "douyin", "confirm", &json!({}), "awaits_removal"),
        (&waiting, BY_HAND, "recalled", &seen_by_hand, "not_recalled"),
        (&waiting, "douyin", "recalled", &seen, "not_recalled"),
    ] {
        for dry_run in [true, false] {
            let mut body = body.clone();
            body["dry_run"] = dry_run.into();
            let answer = refused(act(&stage, &operator, entry, partner, what, &body).await);
            assert_eq!(answer, says(409, wanted), "{what} at {partner}, dry run {dry_run}");
        }
    }
    let unknown = act(&stage, &operator, &waiting, "cctv", "confirm", &json!({})).await;
    assert_eq!(refused(unknown), says(404, "delivery_unknown"));
    assert_eq!(state(&stage, &waiting, "douyin").await, "awaiting_operator", "nothing was sent, so nothing is live");
    assert_eq!(
        (count(&stage, "proofs").await, count(&stage, "audit where submission is not null").await),
        ("0".into(), "0".into())
    );
}

#[tokio::test]
async fn each_delivery_says_which_act_comes_next_and_the_act_is_accepted() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, "douyin", &[handed()]).await;
    plant(&stage, &entry, BY_HAND, &[handed()]).await;
    plant(&stage, &entry, "gongxin_weibao", &taken_back()).await;
    plant(&stage, &entry, "tiangong", &[]).await;
    let path = format!("/api/v1/submissions/{}/deliveries", entry.id);
    let next = async || -> Vec<(String, Value)> {
        let listed = get(&stage, &operator, &path).await;
        let listed = listed.as_array().unwrap().iter();
        listed.map(|it| (it["partner"].as_str().unwrap().to_owned(), it["next"].clone())).collect()
    };
    let id = &entry.id;
    let step = |act: &str, command: String| json!({ "act": act, "role": "operator", "command": command });
    let wanted = [
        ("douyin", step("confirm", format!("reelmill confirm {id} --partner douyin"))),
        (
            "gongxin_weibao",
            step("prove_removal", format!("reelmill recalled {id} --partner gongxin_weibao --screenshot FILE")),
        ),
        ("tiangong", Value::Null),
        (BY_HAND, step("deliver", format!("reelmill delivered {id} --partner {BY_HAND} --url URL"))),
    ];
    assert_eq!(next().await, wanted.map(|(partner, next)| (partner.to_owned(), next)));
    for (partner, what, body, after) in [
        ("douyin", "confirm", json!({}), "planned"),
        (BY_HAND, "delivered", json!({ "url": PUBLIC }), "live"),
        ("gongxin_weibao", "recalled", json!({ "picture": encoded(1) }), "recalling"),
    ] {
        let (status, body) = act(&stage, &operator, &entry, partner, what, &body).await;
        assert_eq!((status, &body["state"]), (200, &json!(after)), "{body}");
    }
    // The placeholders of a command are not accepted as values.
    let word = act(&stage, &operator, &entry, BY_HAND, "delivered", &json!({ "url": "URL" })).await;
    assert_eq!(refused(word), says(422, "field_wrong"));
}

#[tokio::test]
async fn only_evidence_that_can_be_true_makes_a_delivery_live() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &[handed()]).await;
    let ahead = (stage.app.clock.now() + TimeDelta::days(365)).to_rfc3339();
    let before = (stage.app.clock.now() - TimeDelta::hours(1)).to_rfc3339();
    for (body, wanted) in [
        (json!({}), says(422, "evidence_missing")),
        (json!({ "url": " " }), says(422, "evidence_missing")),
        (json!({ "url": "javascript:alert(1)" }), says(422, "field_wrong")),
        (json!({ "url": "https://me:secret@channels.weixin.qq.com/1" }), says(422, "field_wrong")),
        (json!({ "url": "https://example.com/video/1" }), says(422, "address_foreign")),
        (json!({ "url": "https://evilweixin.qq.com.example/1" }), says(422, "address_foreign")),
        (json!({ "url": format!("https://channels.weixin.qq.com/{}", "x".repeat(2000)) }), says(422, "field_wrong")),
        (json!({ "picture": "AAAA", "receipt": "1" }), says(422, "picture_unreadable")),
        (json!({ "picture": "iVBORw0KGgo=", "receipt": "1" }), says(422, "picture_unreadable")),
        (json!({ "picture": "no base64", "receipt": "1" }), says(422, "field_wrong")),
        (json!({ "picture": encoded(1) }), says(422, "field_wrong")),
        (json!({ "url": PUBLIC, "picture": "AAAA" }), says(422, "picture_unreadable")),
        (json!({ "url": PUBLIC, "seen_at": ahead }), says(422, "field_wrong")),
        (json!({ "url": PUBLIC, "seen_at": before }), says(422, "field_wrong")),
        (json!({ "url": PUBLIC, "insists": true }), says(400, "body_not_json")),
    ] {
        let answer = refused(act(&stage, &operator, &entry, BY_HAND, "delivered", &body).await);
        assert_eq!(answer, wanted, "{body}");
    }
    assert_eq!(state(&stage, &entry, BY_HAND).await, "awaiting_operator");
    assert!(stage.is_empty().await, "no picture of a refused report is kept");
    assert_eq!((count(&stage, "proofs").await, count(&stage, "garbage").await), ("0".into(), "0".into()));
}

#[tokio::test]
async fn a_dry_run_says_what_the_act_then_does_and_leaves_nothing() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &[handed()]).await;
    plant(&stage, &entry, "douyin", &[handed()]).await;
    plant(&stage, &entry, "gongxin_weibao", &taken_back()).await;
    let seen_at = stage.app.clock.now().to_rfc3339();
    let (live, gone) = (encoded(1), encoded(2));
    for (partner, what, wish) in [
        (BY_HAND, "delivered", json!({ "url": PUBLIC, "picture": live, "seen_at": seen_at, "reason": "posted" })),
        ("douyin", "confirm", json!({ "reason": "agreed" })),
        ("gongxin_weibao", "recalled", json!({ "picture": gone, "seen_at": seen_at })),
    ] {
        let traces = async || {
            (
                count(&stage, "proofs").await,
                count(&stage, "audit where submission is not null").await,
                stage.objects().await,
            )
        };
        let (before, stood) = (traces().await, state(&stage, &entry, partner).await);
        let mut dry = wish.clone();
        dry["dry_run"] = true.into();
        let (status, mut said) = act(&stage, &operator, &entry, partner, what, &dry).await;
        assert_eq!((status, &said["dry_run"]), (200, &json!(true)), "{what}: {said}");
        assert_eq!((traces().await, state(&stage, &entry, partner).await), (before, stood), "{what}");
        let mut real = wish.clone();
        real["digest"] = said["digest"].clone();
        let (status, did) = act(&stage, &operator, &entry, partner, what, &real).await;
        said["dry_run"] = false.into();
        assert_eq!((status, did), (200, said), "{what}");
    }
    let mut changed = json!({ "picture": encoded(3) });
    changed["digest"] = "0".repeat(32).into();
    let answer = act(&stage, &operator, &entry, "gongxin_weibao", "recalled", &changed).await;
    assert_eq!(refused(answer), says(409, "changed"));
}

#[tokio::test]
async fn a_report_is_kept_with_time_person_and_picture() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &[handed()]).await;
    let wish = json!({ "url": PUBLIC, "picture": encoded(1), "receipt": "sph-1", "reason": "posted" });
    let (status, reply) = act(&stage, &operator, &entry, BY_HAND, "delivered", &wish).await;
    assert_eq!((status, &reply["was"], &reply["state"]), (200, &json!("awaiting_operator"), &json!("live")), "{reply}");
    let again = act(&stage, &operator, &entry, BY_HAND, "delivered", &wish).await;
    assert_eq!(refused(again), says(409, "state_wrong"));
    let deliveries = get(&stage, &operator, &format!("/api/v1/submissions/{}/deliveries", entry.id)).await;
    assert_eq!((&deliveries[0]["public_url"], &deliveries[0]["receipt"]), (&json!(PUBLIC), &json!("sph-1")));
    let proofs = get(&stage, &operator, &format!("/api/v1/submissions/{}/proofs", entry.id)).await;
    let proof = &proofs[0];
    assert_eq!((&proof["shows"], &proof["picture"], &proof["words"]), (&json!("live"), &json!(true), &json!("posted")));
    assert!(proof["by"].as_str().is_some_and(|by| by.contains("operator")), "{proof}");
    let sha256 = reply["evidence"]["picture_sha256"].as_str().unwrap();
    assert_eq!(stage.objects().await, [format!("proofs/{}/{BY_HAND}/{sha256}", entry.id)]);
    let acts = "select string_agg(act, ' ' order by act) from audit where submission is not null";
    assert_eq!(stage.ask(acts.to_owned()).await, "delivery_went_live proof_added");
}

#[tokio::test]
async fn a_repeated_request_acts_once_and_the_same_picture_is_one_object() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &taken_back()).await;
    let path = format!("{}/api/v1/submissions/{}/deliveries/{BY_HAND}/recalled", stage.desk_url, entry.id);
    let (key, wish) = (Uuid::new_v4().to_string(), json!({ "picture": encoded(1), "reason": "taken down" }));
    let send = async |key: &str, wish: &Value| {
        let request = stage.client.post(&path).bearer_auth(&operator).header("idempotency-key", key).json(wish);
        let answer = request.send().await.unwrap();
        let again = answer.headers().contains_key("idempotent-replayed");
        (answer.status().as_u16(), again, answer.json::<Value>().await.unwrap())
    };
    let first = send(&key, &wish).await;
    assert_eq!((first.0, first.1, &first.2["state"]), (200, false, &json!("recalling")), "{}", first.2);
    assert_eq!(send(&key, &wish).await, (200, true, first.2));
    let other = send(&key, &json!({ "picture": encoded(2) })).await;
    assert_eq!((other.0, &other.2["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(count(&stage, "proofs").await, "1");
    // Reported once more, by another request: a second row, the same object.
    assert_eq!(send(&Uuid::new_v4().to_string(), &wish).await.0, 200);
    assert_eq!((count(&stage, "proofs").await.as_str(), stage.objects().await.len()), ("2", 1));
    assert_eq!(state(&stage, &entry, BY_HAND).await, "recalling", "the publish stage looks first");
}

#[tokio::test]
async fn a_removal_is_proven_by_picture_or_address_and_insisted_on_only_by_picture() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &taken_back()).await;
    let ahead = (stage.app.clock.now() + TimeDelta::days(365)).to_rfc3339();
    for (body, wanted) in [
        (json!({}), says(422, "evidence_missing")),
        (json!({ "picture": "AAAA" }), says(422, "picture_unreadable")),
        (json!({ "picture": encoded(1), "seen_at": ahead }), says(422, "field_wrong")),
        (json!({ "picture": encoded(1), "seen_at": "2024-08-15T20:00:00+08:00" }), says(422, "field_wrong")),
        (json!({ "url": PUBLIC, "insists": true }), says(422, "evidence_missing")),
        (json!({ "url": "https://example.com/1" }), says(422, "address_foreign")),
    ] {
        let answer = refused(act(&stage, &operator, &entry, BY_HAND, "recalled", &body).await);
        assert_eq!(answer, wanted, "{body}");
    }
    assert!(stage.is_empty().await, "no picture of a refused report is kept");
    let (status, reply) = act(&stage, &operator, &entry, BY_HAND, "recalled", &json!({ "url": PUBLIC })).await;
    assert_eq!((status, &reply["looks_at"]), (200, &json!(PUBLIC)), "{reply}");
    let insists = json!({ "picture": encoded(1), "insists": true });
    assert_eq!(act(&stage, &operator, &entry, BY_HAND, "recalled", &insists).await.0, 200);
    let proofs = get(&stage, &operator, &format!("/api/v1/submissions/{}/proofs", entry.id)).await;
    let reply: Vec<_> = proofs.as_array().unwrap().iter().map(|it| (&it["picture"], &it["insists"])).collect();
    assert_eq!(reply, [(&json!(false), &json!(false)), (&json!(true), &json!(true))]);
}

#[tokio::test]
async fn a_delivery_of_another_contest_does_not_exist() {
    let stage = Stage::new().await;
    let elsewhere = stage.token(Role::Operator, Some("small")).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &[handed()]).await;
    for (what, body) in
        [("delivered", json!({ "url": PUBLIC })), ("confirm", json!({})), ("recalled", json!({ "url": PUBLIC }))]
    {
        let answer = act(&stage, &elsewhere, &entry, BY_HAND, what, &body).await;
        assert_eq!(refused(answer), says(404, "submission_unknown"), "{what}");
    }
    for what in ["bag", "bag/web.mp4"] {
        let path = format!("/api/v1/submissions/{}/deliveries/{BY_HAND}/{what}", entry.id);
        assert_eq!(stage.desk(Method::GET, &path, &elsewhere).send().await.unwrap().status(), 404, "{what}");
    }
}

#[tokio::test]
async fn a_picture_that_was_garbage_is_kept_once_it_proves_something() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, None).await;
    let entry = stage.enter().await;
    plant(&stage, &entry, BY_HAND, &taken_back()).await;
    let (id, partner): (SubmissionId, PartnerId) = (entry.id.parse().unwrap(), BY_HAND.into());
    let key = ObjectKey::Proof(id, partner, sha256_of(&encoded(1))).to_string();
    stage.app.store.note_unproven(&key).await.unwrap();
    stage.execute("update garbage set due = now()".to_owned()).await;
    assert_eq!(act(&stage, &operator, &entry, BY_HAND, "recalled", &json!({ "picture": encoded(1) })).await.0, 200);
    assert!(stage.app.store.take_garbage(10).await.unwrap().is_empty());
    // A later report that is refused does not make it garbage either.
    stage.app.store.note_unproven(&key).await.unwrap();
    assert_eq!(count(&stage, "garbage").await, "0");
    // A sweeper that took the row before the object was spared must no longer delete anything.
    let late = runtime::store::files::garbage::Garbage { id: 1, prefix: key.clone(), keep: Vec::new(), single: true };
    assert!(!stage.app.store.sweep_single(&late, &stage.app.objects).await.unwrap());
    assert_eq!(stage.objects().await, [key]);
}

fn sha256_of(picture: &str) -> [u8; 32] {
    use base64::Engine as _;
    Sha256::digest(base64::engine::general_purpose::STANDARD.decode(picture).unwrap()).into()
}

/// Stores a bag as the publish stage leaves it; returns its film.
async fn bag(stage: &Stage, entry: &Entry) -> Vec<u8> {
    plant(stage, entry, BY_HAND, &[handed()]).await;
    let id: SubmissionId = entry.id.parse().unwrap();
    let film = bytes(300_000);
    let mut files = Vec::new();
    for (name, content) in [
        ("social-1080.mp4", film.clone()),
        ("social-1080.jpg", b"\xff\xd8\xffpicture".to_vec()),
        ("cover-4x3.jpg", b"\xff\xd8\xffcover".to_vec()),
        ("checksums.sha256", b"sums".to_vec()),
    ] {
        let key = ObjectKey::Bag(id, 1, BY_HAND.into(), BagFile::new(name).unwrap());
        files.push(json!({ "name": name, "bytes": content.len(), "sha256": hex::encode(Sha256::digest(&content)) }));
        stage.app.objects.put_bytes(&key, content).await.unwrap();
    }
    let receipt = json!({ "run": 1, "files": files, "prefix": ObjectKey::bag_prefix(id, 1, &BY_HAND.into()) });
    let texts = json!({ "title": "钢铁侠", "text": null, "tags": ["工业"] });
    let set = format!("update deliveries set receipt = '{receipt}' where submission = '{}'", entry.id);
    stage.execute(set).await;
    let texts = format!(
        "insert into partner_texts (submission, partner, texts)
         select submission, partner, '{texts}' from deliveries where submission = '{}'",
        entry.id
    );
    stage.execute(texts).await;
    film
}

#[tokio::test]
async fn a_bag_lists_its_files_and_what_to_enter_and_gives_any_part_of_a_file() {
    let stage = Stage::new().await;
    let operator = stage.token(Role::Operator, Some("demo")).await;
    let entry = stage.enter().await;
    let film = bag(&stage, &entry).await;
    let place = format!("/api/v1/submissions/{}/deliveries/{BY_HAND}/bag", entry.id);
    let reply = get(&stage, &operator, &place).await;
    assert_eq!(
        (&reply["run"], &reply["state"], &reply["next"]["act"]),
        (&json!(1), &json!("awaiting_operator"), &json!("deliver"))
    );
    let list = &reply["checklist"];
    assert_eq!((&list["title"], &list["text"], &list["tags"]), (&json!("钢铁侠"), &json!("…"), &json!(["工业"])));
    assert_eq!((&list["videos"], &list["covers"]), (&json!(["social-1080.mp4"]), &json!(["cover-4x3.jpg"])));
    assert_eq!(list["ai_use"], "assisted");
    let first = &reply["files"][0];
    assert_eq!((&first["name"], &first["bytes"]), (&json!("social-1080.mp4"), &json!(film.len())));
    assert_eq!(first["sha256"], hex::encode(Sha256::digest(&film)));
    assert_eq!(first["url"], format!("{place}/social-1080.mp4"));

    let fetch = async |file: &str, range: &str| {
        let request = stage.desk(Method::GET, &format!("{place}/{file}"), &operator).header("range", range);
        request.send().await.unwrap()
    };
    let whole = fetch("social-1080.mp4", "bytes=0-").await;
    assert_eq!((whole.status().as_u16(), &whole.headers()["content-type"]), (206, &"video/mp4".parse().unwrap()));
    assert_eq!(whole.bytes().await.unwrap(), film);
    let rest = fetch("social-1080.mp4", "bytes=299990-").await;
    assert_eq!(rest.headers()["content-range"], "bytes 299990-299999/300000");
    assert_eq!(rest.bytes().await.unwrap(), film[299_990..]);
    assert_eq!(fetch("social-1080.mp4", "bytes=300000-").await.status(), 416);
    for file in ["metadata.json", "..%2F..%2Fsource", "%2e%2e"] {
        assert_eq!(fetch(file, "bytes=0-").await.status(), 404, "{file}");
    }
}

#[tokio::test]
async fn a_bag_exists_only_for_delivery_by_hand_and_until_the_recall() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let entry = stage.enter().await;
    bag(&stage, &entry).await;
    plant(&stage, &entry, "douyin", &[handed()]).await;
    let status = async |partner: &str| {
        let path = format!("/api/v1/submissions/{}/deliveries/{partner}/bag", entry.id);
        let answer = stage.desk(Method::GET, &path, &organiser).send().await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(status(BY_HAND).await, says(200, ""));
    assert_eq!(status("douyin").await, says(404, "bag_unknown"));
    assert_eq!(status("bilibili").await, says(404, "delivery_unknown"));
    let mut delivery = Delivery::new(1);
    assert!(taken_back().into_iter().all(|event| delivery.apply(event)));
    let machine = serde_json::to_string(&delivery).unwrap();
    let set = format!("update deliveries set machine = '{machine}', state = 'recalling' where partner = '{BY_HAND}'");
    stage.execute(set).await;
    assert_eq!(status(BY_HAND).await, says(404, "bag_unknown"));
}
