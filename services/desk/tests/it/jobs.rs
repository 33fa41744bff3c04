//! New runs and jobs at the desk: a dry run states what the act does and is refused in the same cases, an outdated
//! digest is refused, and people who are bound to a contest see and create only its jobs.
use reqwest::{Method, RequestBuilder};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::desk_acts::{finished, ok};
use crate::stage::{Entry, Stage, refusal, says};

/// What a dry run and its act must report alike.
const ALIKE: [&str; 6] = ["from", "works", "cannot_begin", "in_another_job", "under_way", "digest"];

fn job(stage: &Stage, token: &str, body: &Value) -> RequestBuilder {
    stage.desk(Method::POST, "/api/v1/jobs", token).json(body)
}

fn order(stage: &Stage, token: &str, job: &str, word: &str) -> RequestBuilder {
    let path = format!("/api/v1/jobs/{job}/order");
    stage.desk(Method::POST, &path, token).json(&json!({ "order": word }))
}

/// The same request with one more field.
fn with(wish: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut wish = wish.clone();
    wish[name] = value.into();
    wish
}

async fn detail(request: RequestBuilder) -> String {
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["detail"].as_str().unwrap_or_default().to_owned()
}

async fn jobs(stage: &Stage) -> String {
    stage.ask("select count(*)::text from bulk_jobs".into()).await
}

/// A finished work of the contest `small`.
async fn small(stage: &Stage) -> Entry {
    let entry = stage.enter_into("small", "digital").await;
    stage.put(&entry, "awaiting_release").await;
    entry
}

#[tokio::test]
async fn a_dry_run_of_one_work_says_what_the_act_does_and_changes_nothing() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let work = finished(&stage).await;
    let again = |body: &Value| stage.act(&organiser, &work, "reprocess", body);
    let wish = json!({ "from": "probe", "reason": "new rules" });
    let planned = ok(again(&with(&wish, "dry_run", true))).await;
    assert_eq!((&planned["works"], &planned["dry_run"]), (&json!(1), &json!(true)));
    assert!(planned["job"].is_null() && planned["estimate"]["cpu_hours"].is_number(), "{planned}");
    assert_eq!((jobs(&stage).await.as_str(), stage.trail(&work).await.len()), ("0", 0));
    let done = ok(again(&with(&wish, "digest", planned["digest"].clone()))).await;
    for field in ALIKE {
        assert_eq!(done[field], planned[field], "{field}");
    }
    assert!(done["job"].is_string() && done["estimate"].is_null(), "{done}");
    let state = format!("select state from submissions where id = '{}'", work.id);
    assert_eq!(stage.ask(state).await, "probe");
    assert_eq!(stage.trail(&work).await[0].reason.as_deref(), Some("new rules"));
}

#[tokio::test]
async fn a_dry_run_of_a_job_says_what_the_act_does_and_changes_nothing() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (one, two, taken) = (finished(&stage).await, finished(&stage).await, finished(&stage).await);
    let early = stage.enter().await;
    let other = json!({ "from": "probe", "works": [taken.id, early.id] });
    ok(job(&stage, &organiser, &other)).await;
    let wish = json!({ "from": "probe", "where": "contest=demo" });
    let planned = ok(job(&stage, &organiser, &with(&wish, "dry_run", true))).await;
    assert_eq!((&planned["works"], &planned["in_another_job"]), (&json!(2), &json!(2)), "{planned}");
    assert_eq!(jobs(&stage).await, "1");
    let done = ok(job(&stage, &organiser, &with(&wish, "digest", planned["digest"].clone()))).await;
    for field in ALIKE {
        assert_eq!(done[field], planned[field], "{field}");
    }
    let id = done["job"].as_str().unwrap();
    let shown = stage.get(&organiser, &format!("/api/v1/jobs/{id}")).await;
    assert_eq!((&shown["state"], &shown["contest"]), (&json!("running"), &json!("demo")));
    assert_eq!(shown["works"], json!({ "skipped": 2, "waiting": 2 }));
    let works = stage.get(&organiser, &format!("/api/v1/jobs/{id}/works?limit=3")).await;
    assert_eq!(works["items"][0]["submission"], one.id.as_str());
    assert_eq!(works["items"][1]["submission"], two.id.as_str());
    let next = works["next"].as_str().expect("there is a second page");
    let rest = stage.get(&organiser, &format!("/api/v1/jobs/{id}/works?limit=3&cursor={next}")).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), rest["next"].is_null()), (1, true));
}

#[tokio::test]
async fn what_the_act_refuses_its_dry_run_refuses_in_the_same_words() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (taken, also, early) = (finished(&stage).await, finished(&stage).await, stage.enter().await);
    ok(job(&stage, &organiser, &json!({ "from": "probe", "works": [taken.id, also.id] }))).await;
    let unknown = "01900000-0000-7000-8000-000000000000";
    for (wish, status, code) in [
        (json!({ "from": "probe", "where": "state=revoked" }), 409, "nothing_selected"),
        (json!({ "from": "probe", "works": [] }), 409, "nothing_selected"),
        (json!({ "from": "probe", "works": [unknown, early.id] }), 404, "submission_unknown"),
        (json!({ "from": "probe", "works": [early.id] }), 409, "state_wrong"),
        (json!({ "from": "probe", "where": "state=uploading" }), 409, "state_wrong"),
        (json!({ "from": "probe", "works": [taken.id] }), 409, "in_another_job"),
        (json!({ "from": "probe", "where": "state=awaiting_release" }), 409, "in_another_job"),
        (json!({ "from": "probe", "where": "state=revoked", "works": [taken.id] }), 422, "field_wrong"),
        (json!({ "from": "probe" }), 422, "field_wrong"),
        (json!({ "from": "assemble", "where": "state=revoked" }), 400, "body_not_json"),
        (json!({ "from": "probe", "where": "state=uploading", "partners": ["youku"] }), 422, "partner_unknown"),
    ] {
        let dry = with(&wish, "dry_run", true);
        let planned = detail(job(&stage, &organiser, &dry)).await;
        assert_eq!(refusal(job(&stage, &organiser, &dry)).await, says(status, code), "{dry}");
        assert_eq!(refusal(job(&stage, &organiser, &wish)).await, says(status, code), "{wish}");
        assert_eq!(detail(job(&stage, &organiser, &wish)).await, planned, "{wish}");
    }
    for (work, code) in [(&early, "state_wrong"), (&taken, "in_another_job")] {
        for dry_run in [true, false] {
            let wish = json!({ "from": "probe", "dry_run": dry_run });
            let request = stage.act(&organiser, work, "reprocess", &wish);
            assert_eq!(refusal(request).await, says(409, code), "{wish}");
        }
    }
    assert_eq!(jobs(&stage).await, "1");
}

#[tokio::test]
async fn a_digest_holds_until_a_state_or_what_is_desired_at_a_partner_changes() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (one, two) = (finished(&stage).await, finished(&stage).await);
    let delivery = |state: &str| {
        let row = format!("'{}', 'bilibili', '{{\"desired\": \"live\"}}', '{state}', 1", one.id);
        format!("insert into deliveries (submission, partner, machine, state, run) values ({row})")
    };
    stage.execute(delivery("planned")).await;
    let wish = json!({ "from": "probe", "where": "state=awaiting_release", "dry_run": true });
    let dry = async |wish: &Value| ok(job(&stage, &organiser, wish)).await["digest"].clone();
    let first = dry(&wish).await;
    let stale = with(&with(&wish, "dry_run", false), "digest", first.clone());

    stage.execute("update deliveries set state = 'sending', updated_at = now()".into()).await;
    assert_eq!(dry(&wish).await, first, "progress is not part of it");
    let desired = |it: &str| format!("update deliveries set machine = '{{\"desired\": \"{it}\"}}'");
    stage.execute(desired("gone")).await;
    assert_eq!(refusal(job(&stage, &organiser, &stale)).await, says(409, "changed"));
    assert_eq!(refusal(job(&stage, &organiser, &with(&stale, "dry_run", true))).await, says(409, "changed"));
    stage.execute(desired("live")).await;
    stage.put(&two, "published").await;
    assert_eq!(refusal(job(&stage, &organiser, &stale)).await, says(409, "changed"), "a work left the selection");
    stage.put(&two, "awaiting_release").await;
    assert_eq!(jobs(&stage).await, "0");
    ok(job(&stage, &organiser, &stale)).await;

    // One work: the digest is the same as for a selection that finds only this work.
    let three = small(&stage).await;
    let wish = json!({ "from": "probe", "dry_run": true });
    let seen = ok(stage.act(&organiser, &three, "reprocess", &wish)).await["digest"].clone();
    assert_eq!(dry(&json!({ "from": "probe", "where": "contest=small", "dry_run": true })).await, seen);
    stage.put(&three, "published").await;
    let stale = json!({ "from": "probe", "digest": seen });
    assert_eq!(refusal(stage.act(&organiser, &three, "reprocess", &stale)).await, says(409, "changed"));
}

#[tokio::test]
async fn a_misspelled_name_in_a_selection_is_refused_with_those_that_exist() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    finished(&stage).await;
    for (text, listed) in [
        ("state=nope", "awaiting_release"),
        ("theme=gren", "green"),
        ("theme!=gren", "green"),
        ("contest=dmo", "demo"),
        ("partner=bilbili", "bilibili"),
        ("colour=red", "contest, theme, state"),
        ("state=nope", "可用"),
    ] {
        for dry_run in [true, false] {
            let wish = json!({ "from": "probe", "where": text, "dry_run": dry_run });
            assert_eq!(refusal(job(&stage, &organiser, &wish)).await, says(422, "field_wrong"), "{wish}");
            let said = detail(job(&stage, &organiser, &wish)).await;
            assert!(said.starts_with("where：") && said.contains(listed), "{wish}: {said}");
        }
    }
    assert_eq!(jobs(&stage).await, "0");
}

#[tokio::test]
async fn people_who_are_bound_to_a_contest_see_and_make_its_jobs_alone() {
    let stage = Stage::new().await;
    let everywhere = stage.token(Role::Organiser, None).await;
    let bound = stage.token(Role::Organiser, Some("small")).await;
    let auditor = stage.token(Role::Auditor, Some("demo")).await;
    let (demo, own, later) = (finished(&stage).await, small(&stage).await, small(&stage).await);
    let made = |answer: Value| answer["job"].as_str().unwrap().to_owned();
    let theirs = made(ok(job(&stage, &everywhere, &json!({ "from": "probe", "where": "contest=demo" }))).await);

    let foreign = json!({ "from": "probe", "where": "contest=demo" });
    assert_eq!(refusal(job(&stage, &bound, &foreign)).await, says(403, "contest_foreign"));
    let named = json!({ "from": "probe", "works": [demo.id, own.id] });
    assert_eq!(refusal(job(&stage, &bound, &named)).await, says(404, "submission_unknown"));
    let ours = made(ok(job(&stage, &bound, &json!({ "from": "probe", "where": "state=awaiting_release" }))).await);
    let shown = stage.get(&bound, &format!("/api/v1/jobs/{ours}")).await;
    assert_eq!((&shown["contest"], &shown["works"]), (&json!("small"), &json!({ "waiting": 2 })));
    assert_eq!(shown["selection"], "contest=small state=awaiting_release");

    let ids = async |token: &str| -> Vec<String> {
        let page = stage.get(token, "/api/v1/jobs").await;
        page["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&everywhere).await, [ours.clone(), theirs.clone()]);
    assert_eq!(ids(&bound).await, std::slice::from_ref(&ours));
    assert_eq!(ids(&auditor).await, std::slice::from_ref(&theirs));
    for path in [format!("/api/v1/jobs/{theirs}"), format!("/api/v1/jobs/{theirs}/works")] {
        assert_eq!(refusal(stage.desk(Method::GET, &path, &bound)).await, says(404, "job_unknown"), "{path}");
    }
    assert_eq!(refusal(order(&stage, &bound, &theirs, "cancel")).await, says(404, "job_unknown"));
    assert_eq!(ok(order(&stage, &bound, &ours, "cancel")).await["state"], "cancelled");
    // The trail of a contest states who created its jobs and who stopped them.
    let reader = stage.token(Role::Auditor, Some("small")).await;
    let trail = stage.get(&reader, "/api/v1/audit?act=bulk_job_changed").await;
    assert_eq!((trail["items"].as_array().unwrap().len(), &trail["items"][0]["after"]["job"]), (1, &json!(ours)));
    let trail = stage.get(&auditor, "/api/v1/audit?act=bulk_job_created").await;
    assert_eq!((trail["items"].as_array().unwrap().len(), &trail["items"][0]["after"]["job"]), (1, &json!(theirs)));
    // A job of a single work also belongs to its contest.
    ok(stage.act(&bound, &later, "reprocess", &json!({ "from": "probe" }))).await;
    assert_eq!(ids(&bound).await.len(), 2);
    let more = finished(&stage).await;
    let both = made(ok(job(&stage, &everywhere, &json!({ "from": "probe", "works": [own.id, more.id] }))).await);
    assert!(!ids(&bound).await.contains(&both) && ids(&everywhere).await.contains(&both));
}

#[tokio::test]
async fn a_job_is_paused_resumed_and_cancelled_and_says_how_its_works_stand() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (one, two) = (finished(&stage).await, finished(&stage).await);
    let wish = json!({ "from": "probe", "works": [one.id, two.id] });
    let made = ok(job(&stage, &organiser, &wish)).await;
    let id = made["job"].as_str().unwrap();
    let path = format!("/api/v1/jobs/{id}/order");
    let dry = stage.desk(Method::POST, &path, &organiser).json(&json!({ "order": "cancel", "dry_run": true }));
    let planned = ok(dry).await;
    assert_eq!((&planned["was"], &planned["state"]), (&json!("running"), &json!("cancelled")));
    assert_eq!(planned["works"], json!({ "cancelled": 2 }));
    assert_eq!(stage.get(&organiser, &format!("/api/v1/jobs/{id}")).await["state"], "running");
    for (word, state) in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")] {
        assert_eq!(ok(order(&stage, &organiser, id, word)).await["state"], state, "{word}");
        assert_eq!(refusal(order(&stage, &organiser, id, word)).await, says(409, "state_wrong"), "{word} again");
    }
    assert_eq!(refusal(order(&stage, &organiser, id, "resume")).await, says(409, "state_wrong"));
    assert_eq!(refusal(order(&stage, &organiser, id, "stop")).await, says(400, "body_not_json"));
    let nil = uuid::Uuid::nil().to_string();
    assert_eq!(refusal(order(&stage, &organiser, &nil, "pause")).await, says(404, "job_unknown"));
    let shown = stage.get(&organiser, &format!("/api/v1/jobs/{id}")).await;
    assert_eq!((&shown["state"], &shown["works"]), (&json!("cancelled"), &json!({ "cancelled": 2 })));
}

#[tokio::test]
async fn a_repeated_request_makes_one_job_and_gives_one_order() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (_one, _two) = (finished(&stage).await, finished(&stage).await);
    let keyed = |path: &str, key: &str, body: &Value| {
        let request = stage.client.post(format!("{}{path}", stage.desk_url)).bearer_auth(&organiser);
        request.header("idempotency-key", key).json(body)
    };
    let wish = json!({ "from": "probe", "where": "state=awaiting_release" });
    let make = || keyed("/api/v1/jobs", "make-a-job-of-two-works", &wish);
    let (first, again) = (ok(make()).await, make().send().await.unwrap());
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    assert_eq!(jobs(&stage).await, "1");
    let other = keyed("/api/v1/jobs", "make-a-job-of-two-works", &with(&wish, "from", "publish"));
    assert_eq!(refusal(other).await, says(422, "idempotency_key_reused"));
    let path = format!("/api/v1/jobs/{}/order", first["job"].as_str().unwrap());
    let pause = || keyed(&path, "pause-the-job-of-two", &json!({ "order": "pause" }));
    assert_eq!(ok(pause()).await, ok(pause()).await, "the second pause is the first one's answer");
}
