//! A work's page offers exactly the acts that would be accepted: in every state, its offers are compared with the acts'
//! own dry runs. An act that would be refused has a page that states why and has no form.
use pipeline::lang::Lang;
use pipeline::person::Held;
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::desk_acts::{finished, ok};
use crate::desk_browser::Browser;
use crate::stage::{Entry, Stage};

/// Acts with a dry run, the role that may do each, and a well-formed request.
fn acts() -> [(&'static str, Role, Value); 6] {
    let until = runtime::clock::Clock::default().now() + chrono::TimeDelta::days(1);
    [
        ("release", Role::Organiser, json!({ "dry_run": true })),
        ("recall", Role::Organiser, json!({ "dry_run": true, "reason": "a test" })),
        ("reprocess", Role::Organiser, json!({ "dry_run": true, "from": "probe" })),
        ("cure", Role::Organiser, json!({ "dry_run": true, "until": until, "reason": "a test" })),
        ("retry", Role::Operator, json!({ "dry_run": true })),
        ("withdraw", Role::Operator, json!({ "dry_run": true })),
    ]
}

/// Every state that a work can be in.
fn states() -> Vec<Value> {
    let at = |stage: &str, part: &str| json!({ "state": "at", "stage": stage, "pending": [part] });
    let plain = ["uploading", "awaiting_review", "awaiting_release", "published", "withdrawn", "revoked"];
    let mut states: Vec<Value> = plain.iter().map(|state| json!({ "state": state })).collect();
    states.extend([at("probe", "mezzanine"), at("screen", "mezzanine"), at("transcode", "audio")]);
    states.extend([at("assemble", "rendition/web-720"), at("publish", "partner/bilibili")]);
    states.push(json!({ "state": "rejected", "stage": "screen", "reason": { "code": "no_video" } }));
    states
}

async fn put(stage: &Stage, entry: &Entry, state: &Value) {
    let name = state["stage"].as_str().filter(|_| state["state"] == "at");
    let name = name.or(state["state"].as_str()).unwrap();
    let machine = format!("jsonb_set(machine, '{{state}}', '{state}')");
    let set = format!("update submissions set machine = {machine}, state = '{name}'");
    stage.execute(format!("{set} where id = '{}'", entry.id)).await;
}

async fn staff(stage: &Stage) -> Browser {
    Browser::of(stage, Lang::Zh, &[Role::Organiser, Role::Operator].map(Held::everywhere)).await
}

#[tokio::test]
async fn a_page_offers_an_act_in_exactly_the_states_in_which_its_dry_run_is_accepted() {
    let stage = Stage::new().await;
    let browser = staff(&stage).await;
    let tokens = [Role::Organiser, Role::Operator];
    let tokens = [stage.token(tokens[0], None).await, stage.token(tokens[1], None).await];
    let entry = finished(&stage).await;
    let (mut offered, mut withheld) = (0, 0);
    for state in states() {
        put(&stage, &entry, &state).await;
        let page = browser.page(&format!("/works/{}", entry.id)).await;
        for (act, role, wish) in acts() {
            let token = if role == Role::Organiser { &tokens[0] } else { &tokens[1] };
            let accepted = stage.act(token, &entry, act, &wish).send().await.unwrap().status().is_success();
            let path = format!("/works/{}/{act}", entry.id);
            assert_eq!(page.contains(&format!("href=\"{path}\"")), accepted, "{act} in {state}");
            let form = browser.page(&path).await;
            assert_eq!(form.contains("<form class=\"act\""), accepted, "the form of {act} in {state}: {form}");
            assert_eq!(form.contains("当前状态："), !accepted && act != "retry", "why {act} in {state}: {form}");
            (offered, withheld) = if accepted { (offered + 1, withheld) } else { (offered, withheld + 1) };
        }
        // A film can be held in every state.
        assert!(page.contains(&format!("/works/{}/hold", entry.id)), "{state}");
    }
    assert!(offered > 15 && withheld > 15, "{offered} {withheld}");
}

#[tokio::test]
async fn a_failed_part_offers_another_try_and_another_job_withholds_a_new_run() {
    let stage = Stage::new().await;
    let (browser, organiser) = (staff(&stage).await, stage.token(Role::Organiser, None).await);
    let (work, other) = (finished(&stage).await, finished(&stage).await);
    let part = "'transcode', 'segment/3', 'parked', 5, 'no space left', now(), now()";
    let columns = "submission, run, stage, part, status, attempt, last_error, not_before, finished_at";
    stage.execute(format!("insert into parts ({columns}) values ('{}', 1, {part})", work.id)).await;
    let page = browser.page(&format!("/works/{}/retry", work.id)).await;
    assert!(page.contains("转码 · 片段 3：no space left"), "{page}");

    let again = format!("href=\"/works/{}/reprocess\"", other.id);
    assert!(browser.page(&format!("/works/{}", other.id)).await.contains(&again));
    let job = json!({ "works": [work.id, other.id], "from": "transcode" });
    ok(stage.desk(reqwest::Method::POST, "/api/v1/jobs", &organiser).json(&job)).await;
    assert!(!browser.page(&format!("/works/{}", other.id)).await.contains(&again));
    let refused = browser.page(&format!("/works/{}/reprocess", other.id)).await;
    assert!(refused.contains("in_another_job") && !refused.contains("name=\"from\""), "{refused}");
}

#[tokio::test]
async fn a_form_lists_only_partners_at_which_the_act_changes_something() {
    let stage = Stage::new().await;
    let (browser, organiser) = (staff(&stage).await, stage.token(Role::Organiser, None).await);
    let work = finished(&stage).await;
    let partner = |page: &str, id: &str| page.contains(&format!("name=\"partners\" value=\"{id}\""));
    let form = browser.page(&format!("/works/{}/release", work.id)).await;
    assert!(partner(&form, "bilibili") && partner(&form, "douyin") && !partner(&form, "cctv"), "the plan's: {form}");
    ok(stage.act(&organiser, &work, "release", &json!({ "partners": ["bilibili"] }))).await;
    let form = browser.page(&format!("/works/{}/release", work.id)).await;
    assert!(!partner(&form, "bilibili") && partner(&form, "douyin"), "{form}");
    let form = browser.page(&format!("/works/{}/recall", work.id)).await;
    assert!(partner(&form, "bilibili") && !partner(&form, "douyin"), "{form}");
}
