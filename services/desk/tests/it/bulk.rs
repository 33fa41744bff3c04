//! Releases and recalls of many works: an outdated dry run is refused, a paused job acts on nothing, each work is
//! checked again when its turn comes, and nothing is done twice.
use reqwest::{Method, RequestBuilder};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::desk_acts::{finished, ok};
use crate::desk_browser::Browser;
use crate::stage::{Entry, Stage, refusal, says};

fn job(stage: &Stage, token: &str, body: &Value) -> RequestBuilder {
    stage.desk(Method::POST, "/api/v1/jobs", token).json(body)
}

fn ids(works: &[&Entry]) -> Value {
    works.iter().map(|work| work.id.as_str()).collect()
}

/// The job that a request creates.
async fn made(stage: &Stage, token: &str, body: &Value) -> String {
    ok(job(stage, token, body)).await["job"].as_str().unwrap().to_owned()
}

async fn order(stage: &Stage, token: &str, job: &str, word: &str) {
    let path = format!("/api/v1/jobs/{job}/order");
    ok(stage.desk(Method::POST, &path, token).json(&json!({ "order": word }))).await;
}

/// One tick of the reconciler: how many works were started.
async fn tick(stage: &Stage) -> u32 {
    stage.app.store.bulk_start(8).await.unwrap()
}

/// State, code and detail of each work of a job, by time of entry.
async fn works(stage: &Stage, token: &str, job: &str) -> Vec<String> {
    let page = stage.get(token, &format!("/api/v1/jobs/{job}/works")).await;
    let line = |work: &Value| {
        let words = ["state", "why", "detail"].map(|field| work[field].as_str().unwrap_or_default().to_owned());
        words.join(" ").trim().to_owned()
    };
    page["items"].as_array().unwrap().iter().map(line).collect()
}

/// All stored data of a delivery.
async fn delivery(stage: &Stage, work: &Entry, partner: &str) -> String {
    let whose = format!("submission = '{}' and partner = '{partner}'", work.id);
    stage.ask(format!("select to_jsonb(d)::text from deliveries d where {whose}")).await
}

#[tokio::test]
async fn a_look_at_a_release_says_what_each_partner_gets_and_a_stale_one_is_refused() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (one, two, early) = (finished(&stage).await, finished(&stage).await, stage.enter().await);
    let wish = json!({ "kind": "release", "works": ids(&[&one, &two, &early]), "partners": ["bilibili", "douyin"] });
    let look = |wish: &Value| {
        let mut wish = wish.clone();
        wish["dry_run"] = true.into();
        job(&stage, &organiser, &wish)
    };
    let seen = ok(look(&wish)).await;
    assert_eq!((&seen["works"], &seen["cannot_begin"]), (&json!(2), &json!({ "uploading": 1 })));
    let gets: Vec<_> = seen["effects"].as_array().unwrap().iter().map(|it| (&it["partner"], &it["works"])).collect();
    assert_eq!(gets, [(&json!("bilibili"), &json!(2)), (&json!("douyin"), &json!(2))]);
    let lasting: Vec<_> = seen["lasting"].as_array().unwrap().iter().map(|it| (&it["code"], &it["partner"])).collect();
    assert_eq!(lasting, [(&json!("seen_by_public"), &Value::Null), (&json!("removal_by_hand"), &json!("douyin"))]);
    assert!(seen["job"].is_null() && seen["estimate"].is_null() && seen["from"].is_null(), "{seen}");

    // In the meantime a colleague releases one of them.
    let mut stale = wish.clone();
    stale["digest"] = seen["digest"].clone();
    ok(stage.act(&organiser, &one, "release", &json!({ "partners": ["bilibili"] }))).await;
    assert_eq!(refusal(job(&stage, &organiser, &stale)).await, says(409, "changed"));
    assert_eq!(stage.ask("select count(*)::text from bulk_jobs".into()).await, "0");
    stale["digest"] = ok(look(&wish)).await["digest"].clone();
    let made = made(&stage, &organiser, &stale).await;
    assert_eq!(tick(&stage).await, 2);
    assert_eq!(works(&stage, &organiser, &made).await, ["done", "done", "skipped state_wrong uploading"]);
    let shown = stage.get(&organiser, &format!("/api/v1/jobs/{made}")).await;
    assert_eq!((&shown["state"], &shown["kind"]), (&json!("done"), &json!("release")));
    assert_eq!([stage.state(&one).await, stage.state(&two).await], ["publish", "publish"]);
}

#[tokio::test]
async fn a_dry_run_of_a_release_lists_the_texts_that_partners_do_not_accept() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (short, fine, mended) = (finished(&stage).await, finished(&stage).await, finished(&stage).await);
    for work in [&short, &fine, &mended] {
        let partners = "jsonb_set(machine, '{work,partners}', '[\"bilibili\", \"weixin_channels\"]')";
        stage.write(format!("update submissions set machine = {partners} where id = '{}'", work.id)).await;
    }
    stage.entitle(&short, "早").await;
    stage.entitle(&fine, "一座工厂的早晨").await;
    stage.entitle(&mended, "晨").await;
    let texts = format!("/api/v1/submissions/{}/deliveries/weixin_channels/texts", mended.id);
    ok(stage.desk(Method::PUT, &texts, &organiser).json(&json!({ "title": "一座工厂的早晨" }))).await;
    let wish = |partners: &[&str]| json!({ "kind": "release", "works": ids(&[&short, &fine, &mended]), "partners": partners, "dry_run": true });
    let seen = ok(job(&stage, &organiser, &wish(&["weixin_channels", "bilibili"]))).await;
    let [warning] = &seen["warnings"].as_array().unwrap()[..] else { panic!("{seen}") };
    assert_eq!(
        (&warning["partner"], &warning["code"], &warning["works"]),
        (&json!("weixin_channels"), &json!("title_too_short"), &json!(1))
    );
    assert_eq!((&warning["examples"][0]["id"], &warning["examples"][0]["title"]), (&json!(short.id), &json!("早")));
    // The single release gives the same answer.
    let single = json!({ "partners": ["weixin_channels"], "dry_run": true });
    let single = ok(stage.act(&organiser, &short, "release", &single)).await;
    assert_eq!(single["partners"][0]["warnings"][0]["zh"], warning["examples"][0]["zh"]);
    // If nothing is sent, there is no warning; a recall has none either.
    assert!(ok(job(&stage, &organiser, &wish(&["bilibili"]))).await["warnings"].is_null());
    let browser = Browser::everywhere(&stage, Role::Organiser).await;
    let look = browser.send_body("/bulk/look", "where=state%3Dawaiting_release&kind=release").await;
    let delivery = format!("/works/{}/deliveries/weixin_channels", short.id);
    assert!(look.status == 200 && look.text.contains("does not take") && look.text.contains(&delivery), "{look:?}");
}

#[tokio::test]
async fn a_paused_job_acts_on_no_work_until_it_is_resumed_and_a_cancelled_one_never_does() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (one, two) = (finished(&stage).await, finished(&stage).await);
    let job = made(&stage, &organiser, &json!({ "kind": "release", "works": ids(&[&one, &two]) })).await;
    order(&stage, &organiser, &job, "pause").await;
    assert_eq!(tick(&stage).await, 0);
    assert_eq!(
        (works(&stage, &organiser, &job).await, stage.state(&one).await),
        (vec!["waiting".to_owned(), "waiting".to_owned()], "awaiting_release".to_owned())
    );
    order(&stage, &organiser, &job, "resume").await;
    assert_eq!(tick(&stage).await, 2);
    assert_eq!(works(&stage, &organiser, &job).await, ["done", "done"]);
    let recall = json!({ "kind": "recall", "works": ids(&[&one, &two]), "reason": "disputed" });
    let job = made(&stage, &organiser, &recall).await;
    order(&stage, &organiser, &job, "cancel").await;
    assert_eq!(tick(&stage).await, 0);
    assert_eq!(works(&stage, &organiser, &job).await, ["cancelled job_cancelled", "cancelled job_cancelled"]);
    assert_eq!(stage.state(&one).await, "publish");
}

#[tokio::test]
async fn a_work_that_changed_before_its_turn_is_refused_and_kept_with_the_code() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (same, withdrawn, again, elsewhere) =
        (finished(&stage).await, finished(&stage).await, finished(&stage).await, finished(&stage).await);
    let all = ids(&[&same, &withdrawn, &again, &elsewhere]);
    let wish = json!({ "kind": "release", "works": all, "reason": "chosen by the jury" });
    let job = made(&stage, &organiser, &wish).await;
    assert_eq!(stage.api(Method::DELETE, &withdrawn).send().await.unwrap().status(), 204);
    // Another run: its files are not those of the decision, although it is at the gate again.
    let run = "update submissions set run = 2, machine = jsonb_set(machine, '{run}', '2')";
    stage.execute(format!("{run} where id = '{}'", again.id)).await;
    ok(stage.act(&organiser, &elsewhere, "release", &json!({ "partners": ["bilibili"] }))).await;
    assert_eq!(tick(&stage).await, 1);
    assert_eq!(
        works(&stage, &organiser, &job).await,
        ["done", "skipped state_wrong withdrawn", "skipped changed awaiting_release", "skipped changed publish",]
    );
    let refused = stage.get(&organiser, &format!("/api/v1/jobs/{job}/works?state=skipped")).await;
    assert_eq!(refused["items"].as_array().unwrap().len(), 3);
    let rows = stage.trail(&same).await;
    assert_eq!((rows[0].act.as_str(), rows[0].reason.as_deref()), ("released", Some("chosen by the jury")));
    assert_eq!((stage.state(&again).await, stage.trail(&again).await.len()), ("awaiting_release".into(), 0));
}

#[tokio::test]
async fn a_recall_leaves_alone_what_was_recalled_and_waits_for_no_other_job() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let (one, two) = (finished(&stage).await, finished(&stage).await);
    for work in [&one, &two] {
        ok(stage.act(&organiser, work, "release", &json!({}))).await;
    }
    ok(stage.act(&organiser, &one, "recall", &json!({ "reason": "first", "partners": ["bilibili"] }))).await;
    let gone = delivery(&stage, &one, "bilibili").await;
    assert!(gone.contains(r#""recalled""#), "{gone}");
    // The job of new runs contains both works, and has not started.
    made(&stage, &organiser, &json!({ "from": "publish", "works": ids(&[&one, &two]) })).await;

    let wish = json!({ "kind": "recall", "works": ids(&[&one, &two]), "reason": "disputed", "dry_run": true });
    let seen = ok(job(&stage, &organiser, &wish)).await;
    assert_eq!((&seen["works"], &seen["in_another_job"]), (&json!(2), &json!(0)), "{seen}");
    let loses: Vec<_> = seen["effects"].as_array().unwrap().iter().map(|it| (&it["partner"], &it["works"])).collect();
    assert_eq!(loses, [(&json!("bilibili"), &json!(1)), (&json!("douyin"), &json!(2))]);
    assert_eq!(seen["lasting"][0]["code"], "revoked");
    let job =
        made(&stage, &organiser, &json!({ "kind": "recall", "works": ids(&[&one, &two]), "reason": "disputed" })).await;
    let begun = tick(&stage).await;
    assert!(begun >= 2, "{begun}");
    assert_eq!(works(&stage, &organiser, &job).await, ["done", "done"]);
    assert_eq!(delivery(&stage, &one, "bilibili").await, gone, "nothing of it was touched");
    for (work, partner) in [(&one, "douyin"), (&two, "bilibili"), (&two, "douyin")] {
        let row: Value = serde_json::from_str(&delivery(&stage, work, partner).await).unwrap();
        assert_eq!((&row["machine"]["desired"], &row["recall_reason"]), (&json!("gone"), &json!("disputed")), "{row}");
        assert!(row["recall_due"].is_string(), "{row}");
    }
    assert_eq!([stage.state(&one).await, stage.state(&two).await], ["revoked", "revoked"]);
}

#[tokio::test]
async fn two_replicas_do_no_work_twice() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let mut entries = Vec::new();
    for _ in 0..12 {
        entries.push(finished(&stage).await);
    }
    let all = ids(&entries.iter().collect::<Vec<_>>());
    let job = made(&stage, &organiser, &json!({ "kind": "release", "works": all })).await;
    let (other, _) = stage.replica().await;
    let mut begun = 0;
    // If two tick at the same time, one of them may find the job locked by the other.
    for _ in 0..100 {
        let (here, there) = tokio::join!(stage.app.store.bulk_start(8), other.store.bulk_start(8));
        begun += here.unwrap() + there.unwrap();
        if begun >= 12 {
            break;
        }
    }
    assert_eq!((begun, works(&stage, &organiser, &job).await), (12, vec!["done".to_owned(); 12]));
    let twice = "select count(*)::text from (select submission from audit where act = 'released' group by submission having count(*) > 1) as it";
    assert_eq!(stage.ask(twice.into()).await, "0");
    assert_eq!(stage.ask("select count(*)::text from audit where act = 'released'".into()).await, "12");
    other.stop.cancel();
}

#[tokio::test]
async fn fields_of_another_kind_of_job_and_a_recall_without_a_reason_are_refused() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let work = finished(&stage).await;
    let works = ids(&[&work]);
    for wrong in [
        json!({ "kind": "recall", "works": works }),
        json!({ "kind": "recall", "works": works, "reason": " " }),
        json!({ "kind": "recall", "works": works, "reason": "x", "at": "2099-01-01T20:00:00+08:00" }),
        json!({ "kind": "release", "works": works, "from": "probe" }),
        json!({ "kind": "release", "works": works, "replace": true }),
        json!({ "kind": "reprocess", "works": works }),
        json!({ "works": works, "from": "probe", "at": "2099-01-01T20:00:00+08:00" }),
    ] {
        assert_eq!(refusal(job(&stage, &organiser, &wrong)).await, says(422, "field_wrong"), "{wrong}");
    }
    let unknown = json!({ "kind": "withdraw", "works": works });
    assert_eq!(refusal(job(&stage, &organiser, &unknown)).await, says(400, "body_not_json"));
    // Later: each delivery stores the time.
    let later = json!({ "kind": "release", "works": works, "at": "2099-01-01T20:00:00+08:00" });
    let later = made(&stage, &organiser, &later).await;
    assert_eq!(tick(&stage).await, 1);
    let row: Value = serde_json::from_str(&delivery(&stage, &work, "bilibili").await).unwrap();
    assert_eq!(row["machine"]["not_before"], "2099-01-01T12:00:00Z");
    let shown = stage.get(&organiser, &format!("/api/v1/jobs/{later}")).await;
    assert_eq!(shown["at"], "2099-01-01T12:00:00Z");
}
