//! Every act of the desk, by command and by API: the same wish about the same state gets the same code and the same fields, refusals and
//! dry runs included. A changing route without a row fails the test.
//!
//! Refusals without a row: `contest_foreign`, since a command may act in every contest; `too_many_works`, since no test plants a hundred
//! thousand works; and what clap refuses before the act sees it, such as an unknown event type.
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use ::desk::act::evidence::encoded;
use pipeline::delivery::{Delivery, DeliveryEvent, IntentId, RecallBy, Receipt};
use pipeline::submission::{State, Submission};
use runtime::store::webhooks::endpoints;
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use crate::support::catalogue::{self, CONTEST, DROP};
use crate::support::process::{Ran, Service};
use crate::support::{Setup, TestPipeline, planted};

/// A partner that does not take the title of the works here.
const STRICT: &str = "strict";
/// A partner whose rules want a person's yes.
const DOUYIN: &str = "douyin";
const TITLE: &str = "短片";
/// The one site of that partner, and what it takes.
const LIMITS: &str = "sites = [\"strict.example\"]\n\n[limits]\n\
    title_min_chars = { value = 6, tag = \"A\", source = \"a test\", valid_from = \"2024-06-01\" }\n";
/// The name of every person here.
const NAME: &str = "测试员";
/// What an act that is done, or would be, answers instead of a problem's code.
const OK: &str = "";

/// What the act is about, made once for each way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// A work or person that does not exist.
    Nothing,
    /// A work in review.
    InReview,
    /// A work that waits for its release.
    Finished,
    /// A work that was released and not yet sent.
    Released,
    /// The same, its parts parked.
    Parked,
    /// A work that a reviewer refused.
    Refused,
    /// A person who is organiser and screener of the contest.
    Person,
    /// A token of such a person.
    Token,
    /// A released work whose delivery to this partner stands so.
    Delivery(&'static str, Stands),
    /// Two works that wait for their release, entered on a day of their own.
    Works,
    /// The same, which a job has.
    Job,
    /// The same, its job paused.
    PausedJob,
    /// The same, its job cancelled.
    CancelledJob,
    /// A webhook to which nothing was sent.
    Webhook,
    /// A webhook that did not take its one message.
    Undelivered,
    /// A webhook that answered 410.
    Gone,
    /// As many webhooks as there may be.
    AllWebhooks,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// Nothing was sent.
    Planned,
    /// It waits for a person.
    Handed,
    /// The partner has it and is looking.
    InReview,
    /// It can be seen.
    Live,
    /// A person is to remove it.
    ByPerson,
    /// The partner's API is to remove it.
    BySystem,
    /// It was taken back.
    Recalled,
}

impl Stands {
    /// What led there.
    fn events(self) -> Vec<DeliveryEvent> {
        let (intent, receipt) = (IntentId(Uuid::now_v7()), Receipt("known".into()));
        let (handed, sending) = (DeliveryEvent::HandedToOperator { intent }, DeliveryEvent::Sending { intent });
        let accepted = DeliveryEvent::Accepted { intent, receipt: receipt.clone() };
        let started = |by| DeliveryEvent::RecallStarted { by };
        match self {
            Stands::Planned => vec![],
            Stands::Handed => vec![handed],
            Stands::InReview => vec![sending, accepted],
            Stands::Live => vec![sending, accepted, DeliveryEvent::WentLive { receipt, public_url: None }],
            Stands::ByPerson => vec![handed, DeliveryEvent::Unwanted, started(RecallBy::Operator)],
            Stands::BySystem => vec![sending, accepted, DeliveryEvent::Unwanted, started(RecallBy::System)],
            Stands::Recalled => vec![DeliveryEvent::Unwanted],
        }
    }
}

/// One wish.
struct Row {
    about: About,
    /// The role of the token that sends it.
    role: &'static str,
    /// Method and path, with `{id}`, `{partner}`, `{person}`, `{token}`, `{job}`, `{webhook}`.
    route: &'static str,
    body: Value,
    /// The command, with the same names; `--output json` is added.
    command: &'static str,
    /// A problem's code, or [`OK`].
    code: &'static str,
}

fn row(
    about: About,
    role: &'static str,
    route: &'static str,
    body: Value,
    command: &'static str,
    code: &'static str,
) -> Row {
    Row { about, role, route, body, command, code }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    let works = [reviews(), releases(), recalls(), others(), deliver(), confirm(), recalled()];
    // Webhooks last: the last row leaves no room for one more.
    let rest = [reprocess(), jobs(), orders(), persons(), tokens(), webhooks()];
    works.into_iter().chain(rest).flatten().collect()
}

#[rustfmt::skip]
fn reviews() -> Vec<Row> {
    use About::{Finished, InReview, Nothing};
    let review = |about, body, command, code| row(about, "screener", "POST /api/v1/submissions/{id}/review", body, command, code);
    vec![
        review(InReview, json!({ "decision": "accept", "dry_run": true }), "review accept {id} --dry-run", OK),
        review(InReview, json!({ "decision": "accept" }), "review accept {id}", OK),
        review(InReview, json!({ "decision": "accept", "reason": "合格" }), "review accept {id} --reason 合格", OK),
        review(InReview, json!({ "decision": "refuse", "words": "画面" }), "review reject {id} --reason 画面", OK),
        review(InReview, json!({ "decision": "refuse", "words": "画面", "dry_run": true }), "review reject {id} --reason 画面 --dry-run", OK),
        review(Finished, json!({ "decision": "accept" }), "review accept {id}", "state_wrong"),
        review(Finished, json!({ "decision": "accept", "dry_run": true }), "review accept {id} --dry-run", "state_wrong"),
        review(Nothing, json!({ "decision": "accept" }), "review accept {id}", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn releases() -> Vec<Row> {
    use About::{Finished, InReview, Nothing, Refused, Released};
    let release = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/release", body, command, code);
    vec![
        release(Finished, json!({ "dry_run": true }), "release {id} --dry-run", OK),
        release(Finished, json!({}), "release {id}", OK),
        release(Finished, json!({ "partners": [DROP], "reason": "先行" }), "release {id} --partners drop --reason 先行", OK),
        release(Finished, json!({ "at": "2099-01-01T00:00:00Z" }), "release {id} --at 2099-01-01T00:00:00Z", OK),
        release(Finished, json!({ "partners": ["nobody"] }), "release {id} --partners nobody", "partner_unknown"),
        release(Finished, json!({ "digest": "0" }), "release {id} --digest 0", "changed"),
        release(Finished, json!({ "digest": "0", "dry_run": true }), "release {id} --digest 0 --dry-run", "changed"),
        release(InReview, json!({ "dry_run": true }), "release {id} --dry-run", "state_wrong"),
        release(InReview, json!({}), "release {id}", "state_wrong"),
        release(Released, json!({}), "release {id}", "state_wrong"),
        release(Refused, json!({}), "release {id}", "state_wrong"),
        release(Nothing, json!({}), "release {id}", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn recalls() -> Vec<Row> {
    use About::{Finished, Nothing, Refused, Released};
    let recall = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/recall", body, command, code);
    vec![
        recall(Released, json!({ "reason": "版权", "dry_run": true }), "recall {id} --reason 版权 --dry-run", OK),
        recall(Released, json!({ "reason": "版权" }), "recall {id} --reason 版权", OK),
        recall(Released, json!({ "reason": "版权", "partners": [DROP] }), "recall {id} --reason 版权 --partners drop", OK),
        recall(Released, json!({ "reason": "版权", "partners": ["nobody"] }), "recall {id} --reason 版权 --partners nobody", "partner_unknown"),
        recall(Released, json!({ "reason": "版权", "digest": "0" }), "recall {id} --reason 版权 --digest 0", "changed"),
        recall(Finished, json!({ "reason": "版权", "partners": [DROP] }), "recall {id} --reason 版权 --partners drop", OK),
        recall(Refused, json!({ "reason": "版权" }), "recall {id} --reason 版权", "state_wrong"),
        recall(Refused, json!({ "reason": "版权", "dry_run": true }), "recall {id} --reason 版权 --dry-run", "state_wrong"),
        recall(Nothing, json!({ "reason": "版权" }), "recall {id} --reason 版权", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Row> {
    use About::{Finished, Nothing, Parked, Refused, Released};
    let withdraw = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/withdraw", body, command, code);
    let hold = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/hold", body, command, code);
    let retry = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/retry", body, command, code);
    let texts = |about, body, command, code| row(about, "organiser", "PUT /api/v1/submissions/{id}/deliveries/{partner}/texts", body, command, code);
    vec![
        withdraw(Released, json!({ "dry_run": true }), "withdraw {id} --dry-run", OK),
        withdraw(Released, json!({ "reason": "来信" }), "withdraw {id} --reason 来信", OK),
        withdraw(Finished, json!({ "digest": "0" }), "withdraw {id} --digest 0", "changed"),
        withdraw(Refused, json!({}), "withdraw {id}", OK),
        withdraw(Refused, json!({ "dry_run": true }), "withdraw {id} --dry-run", OK),
        withdraw(Nothing, json!({}), "withdraw {id}", "submission_unknown"),
        hold(Finished, json!({ "held": true, "reason": "取证" }), "hold {id} --reason 取证", OK),
        hold(Finished, json!({ "held": false }), "hold {id} --lift", OK),
        hold(Nothing, json!({ "held": false }), "hold {id} --lift", "submission_unknown"),
        retry(Parked, json!({ "dry_run": true }), "retry {id} --dry-run", OK),
        retry(Parked, json!({}), "retry {id}", OK),
        retry(Parked, json!({ "stage": "publish", "part": "partner/drop" }), "retry {id}/publish/partner/drop", OK),
        retry(Finished, json!({}), "retry {id}", "nothing_parked"),
        retry(Finished, json!({ "dry_run": true }), "retry {id} --dry-run", "nothing_parked"),
        retry(Nothing, json!({}), "retry {id}", "submission_unknown"),
        texts(Finished, json!({ "title": "短", "dry_run": true }), "texts {id} --partner {partner} --title 短 --dry-run", OK),
        texts(Finished, json!({ "title": "灯塔工厂的早晨", "tags": ["工业"] }), "texts {id} --partner {partner} --title 灯塔工厂的早晨 --tags 工业", OK),
        texts(Finished, json!({ "title": "" }), "texts {id} --partner {partner} --title=", "field_wrong"),
        texts(Nothing, json!({ "title": "短" }), "texts {id} --partner {partner} --title 短", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn persons() -> Vec<Row> {
    use About::{Nothing, Person};
    let add = |body, command, code| row(Person, "admin", "POST /api/v1/persons", body, command, code);
    let roles = |about, body, command, code| row(about, "admin", "POST /api/v1/persons/{person}/roles", body, command, code);
    let end = |about, body, command, code| row(about, "admin", "POST /api/v1/persons/{person}/end", body, command, code);
    let held = |role: &str| json!([{ "role": role }]);
    vec![
        add(json!({ "name": "李明", "login": "{new}", "roles": held("auditor"), "dry_run": true }), "person add 李明 --login {new} --role auditor --dry-run", OK),
        add(json!({ "name": "李明", "login": "{new}", "roles": held("auditor") }), "person add 李明 --login {new} --role auditor", OK),
        add(json!({ "name": "李明", "login": "{person}", "roles": held("auditor") }), "person add 李明 --login {person} --role auditor", "login_taken"),
        add(json!({ "name": "李明", "login": "{person}", "roles": held("auditor"), "dry_run": true }), "person add 李明 --login {person} --role auditor --dry-run", "login_taken"),
        add(json!({ "name": "李明", "login": "Li", "roles": held("auditor") }), "person add 李明 --login Li --role auditor", "field_wrong"),
        add(json!({ "name": "李明", "login": "{new}", "roles": held("judge") }), "person add 李明 --login {new} --role judge", "field_wrong"),
        add(json!({ "name": "李明", "login": "{new}", "roles": [{ "role": "auditor", "contest": "nowhere" }] }), "person add 李明 --login {new} --role auditor@nowhere", "contest_unknown"),
        roles(Person, json!({ "add": held("auditor"), "dry_run": true }), "person role {person} --add auditor --dry-run", OK),
        roles(Person, json!({ "add": held("auditor"), "remove": held("organiser") }), "person role {person} --add auditor --remove organiser", OK),
        roles(Person, json!({ "remove": held("operator") }), "person role {person} --remove operator", "role_not_held"),
        roles(Person, json!({ "remove": held("operator"), "dry_run": true }), "person role {person} --remove operator --dry-run", "role_not_held"),
        roles(Nothing, json!({ "add": held("auditor") }), "person role {person} --add auditor", "person_unknown"),
        end(Person, json!({ "reason": "离职", "dry_run": true }), "person end {person} --reason 离职 --dry-run", OK),
        end(Person, json!({ "reason": "离职" }), "person end {person} --reason 离职", OK),
        end(Nothing, json!({ "reason": "离职" }), "person end {person} --reason 离职", "person_unknown"),
    ]
}

/// Through the API a token is made for oneself: the person of the command has the same name and role.
#[rustfmt::skip]
fn tokens() -> Vec<Row> {
    use About::{Nothing, Person, Token};
    let create = |body, command, code| row(Person, "organiser", "POST /api/v1/tokens", body, command, code);
    let revoke = |about, command, code| row(about, "organiser", "DELETE /api/v1/tokens/{token}", Value::Null, command, code);
    vec![
        create(json!({ "role": "organiser", "name": "值班", "expires": "8h" }), "token create --person {person} --role organiser --name 值班 --expires 8h", OK),
        create(json!({ "role": "organiser", "name": "值班", "contest": CONTEST }), "token create --person {person} --role organiser --name 值班 --contest test", OK),
        create(json!({ "role": "organiser", "name": "值班", "contest": "nowhere" }), "token create --person {person} --role organiser --name 值班 --contest nowhere", "contest_unknown"),
        create(json!({ "role": "organiser", "name": "值班", "expires": "400d" }), "token create --person {person} --role organiser --name 值班 --expires 400d", "field_wrong"),
        create(json!({ "role": "judge", "name": "值班" }), "token create --person {person} --role judge --name 值班", "field_wrong"),
        revoke(Token, "token revoke {token}", OK),
        revoke(Nothing, "token revoke {token}", "token_unknown"),
    ]
}

#[rustfmt::skip]
fn deliver() -> Vec<Row> {
    use About::{Finished, Nothing};
    use Stands::{ByPerson, Handed, InReview, Live, Planned};
    let at = About::Delivery;
    let deliver = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/deliveries/{partner}/delivered", body, command, code);
    let url = "https://strict.example/1";
    vec![
        deliver(at(STRICT, Handed), json!({ "url": url, "dry_run": true }), "delivered {id} --partner {partner} --url https://strict.example/1 --dry-run", OK),
        deliver(at(STRICT, Handed), json!({ "url": url, "reason": "已发布" }), "delivered {id} --partner {partner} --url https://strict.example/1 --reason 已发布", OK),
        deliver(at(STRICT, Handed), json!({ "picture": "{picture}", "receipt": "v1" }), "delivered {id} --partner {partner} --screenshot {file} --receipt v1", OK),
        deliver(at(DROP, InReview), json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", OK),
        deliver(at(DROP, InReview), json!({ "url": url, "receipt": "another" }), "delivered {id} --partner {partner} --url https://strict.example/1 --receipt another", "field_wrong"),
        deliver(at(STRICT, Handed), json!({}), "delivered {id} --partner {partner}", "evidence_missing"),
        deliver(at(STRICT, Handed), json!({ "url": "https://other.example/1" }), "delivered {id} --partner {partner} --url https://other.example/1", "address_foreign"),
        deliver(at(STRICT, Handed), json!({ "url": "ftp://strict.example/1" }), "delivered {id} --partner {partner} --url ftp://strict.example/1", "field_wrong"),
        deliver(at(STRICT, Handed), json!({ "picture": "{picture}" }), "delivered {id} --partner {partner} --screenshot {file}", "field_wrong"),
        deliver(at(STRICT, Handed), json!({ "picture": "{broken}", "receipt": "v1" }), "delivered {id} --partner {partner} --screenshot {broken_file} --receipt v1", "picture_unreadable"),
        deliver(at(STRICT, Handed), json!({ "url": url, "seen_at": "2024-08-15T20:00:00+08:00" }), "delivered {id} --partner {partner} --url https://strict.example/1 --seen-at 2024-08-15T20:00:00+08:00", "field_wrong"),
        deliver(at(STRICT, Handed), json!({ "url": url, "digest": "0" }), "delivered {id} --partner {partner} --url https://strict.example/1 --digest 0", "changed"),
        deliver(at(STRICT, Planned), json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", "state_wrong"),
        deliver(at(STRICT, Live), json!({ "url": url, "dry_run": true }), "delivered {id} --partner {partner} --url https://strict.example/1 --dry-run", "state_wrong"),
        deliver(at(DOUYIN, Handed), json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", "awaits_confirmation"),
        deliver(at(STRICT, ByPerson), json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", "awaits_removal"),
        deliver(at(DROP, Planned), json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", "not_by_hand"),
        deliver(Finished, json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", "delivery_unknown"),
        deliver(Nothing, json!({ "url": url }), "delivered {id} --partner {partner} --url https://strict.example/1", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn confirm() -> Vec<Row> {
    use About::{Finished, Nothing};
    use Stands::{ByPerson, Handed, Planned};
    let at = About::Delivery;
    let confirm = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/deliveries/{partner}/confirm", body, command, code);
    vec![
        confirm(at(DOUYIN, Handed), json!({ "dry_run": true }), "confirm {id} --partner {partner} --dry-run", OK),
        confirm(at(DOUYIN, Handed), json!({ "reason": "同意" }), "confirm {id} --partner {partner} --reason 同意", OK),
        confirm(at(DOUYIN, Handed), json!({ "digest": "0" }), "confirm {id} --partner {partner} --digest 0", "changed"),
        confirm(at(DOUYIN, Planned), json!({}), "confirm {id} --partner {partner}", "state_wrong"),
        confirm(at(DOUYIN, Planned), json!({ "dry_run": true }), "confirm {id} --partner {partner} --dry-run", "state_wrong"),
        confirm(at(DOUYIN, ByPerson), json!({}), "confirm {id} --partner {partner}", "awaits_removal"),
        confirm(at(STRICT, Handed), json!({}), "confirm {id} --partner {partner}", "awaits_delivery"),
        confirm(at(DROP, Planned), json!({}), "confirm {id} --partner {partner}", "not_confirmed"),
        confirm(Finished, json!({}), "confirm {id} --partner {partner}", "delivery_unknown"),
        confirm(Nothing, json!({}), "confirm {id} --partner {partner}", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn recalled() -> Vec<Row> {
    use About::{Finished, Nothing};
    use Stands::{ByPerson, BySystem, Handed, Recalled};
    let at = About::Delivery;
    let recalled = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/deliveries/{partner}/recalled", body, command, code);
    let url = "https://strict.example/1";
    vec![
        recalled(at(STRICT, ByPerson), json!({ "picture": "{picture}", "dry_run": true }), "recalled {id} --partner {partner} --screenshot {file} --dry-run", OK),
        recalled(at(STRICT, ByPerson), json!({ "picture": "{picture}", "reason": "已下架" }), "recalled {id} --partner {partner} --screenshot {file} --reason 已下架", OK),
        recalled(at(STRICT, ByPerson), json!({ "picture": "{picture}", "insists": true }), "recalled {id} --partner {partner} --screenshot {file} --insist", OK),
        recalled(at(STRICT, ByPerson), json!({ "url": url }), "recalled {id} --partner {partner} --url https://strict.example/1", OK),
        recalled(at(STRICT, ByPerson), json!({ "url": url, "insists": true }), "recalled {id} --partner {partner} --url https://strict.example/1 --insist", "evidence_missing"),
        recalled(at(STRICT, ByPerson), json!({}), "recalled {id} --partner {partner}", "evidence_missing"),
        recalled(at(STRICT, ByPerson), json!({ "picture": "{broken}" }), "recalled {id} --partner {partner} --screenshot {broken_file}", "picture_unreadable"),
        recalled(at(STRICT, ByPerson), json!({ "url": "https://other.example/1" }), "recalled {id} --partner {partner} --url https://other.example/1", "address_foreign"),
        recalled(at(STRICT, ByPerson), json!({ "url": url, "seen_at": "2099-01-01T00:00:00Z" }), "recalled {id} --partner {partner} --url https://strict.example/1 --seen-at 2099-01-01T00:00:00Z", "field_wrong"),
        recalled(at(STRICT, ByPerson), json!({ "url": url, "digest": "0" }), "recalled {id} --partner {partner} --url https://strict.example/1 --digest 0", "changed"),
        recalled(at(STRICT, Handed), json!({ "url": url }), "recalled {id} --partner {partner} --url https://strict.example/1", "not_recalled"),
        recalled(at(DROP, BySystem), json!({ "url": url }), "recalled {id} --partner {partner} --url https://strict.example/1", "recall_by_system"),
        recalled(at(STRICT, Recalled), json!({ "url": url }), "recalled {id} --partner {partner} --url https://strict.example/1", "state_wrong"),
        recalled(at(STRICT, Recalled), json!({ "url": url, "dry_run": true }), "recalled {id} --partner {partner} --url https://strict.example/1 --dry-run", "state_wrong"),
        recalled(Finished, json!({ "url": url }), "recalled {id} --partner {partner} --url https://strict.example/1", "delivery_unknown"),
        recalled(Nothing, json!({ "url": url }), "recalled {id} --partner {partner} --url https://strict.example/1", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn reprocess() -> Vec<Row> {
    use About::{Finished, InReview, Job, Nothing, Released};
    let reprocess = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/reprocess", body, command, code);
    vec![
        reprocess(Finished, json!({ "from": "transcode", "dry_run": true }), "reprocess {id} --from transcode --dry-run", OK),
        reprocess(Released, json!({ "from": "publish", "partners": [DROP], "replace": true, "dry_run": true }), "reprocess {id} --from publish --partner drop --replace --dry-run", OK),
        reprocess(Finished, json!({ "from": "screen", "reason": "重做" }), "reprocess {id} --from screen --reason 重做", OK),
        reprocess(Released, json!({ "from": "publish" }), "reprocess {id} --from publish", OK),
        reprocess(Finished, json!({ "from": "screen", "partners": ["nobody"] }), "reprocess {id} --from screen --partner nobody", "partner_unknown"),
        reprocess(Finished, json!({ "from": "screen", "digest": "0" }), "reprocess {id} --from screen --digest 0", "changed"),
        reprocess(Finished, json!({ "from": "screen", "digest": "0", "dry_run": true }), "reprocess {id} --from screen --digest 0 --dry-run", "changed"),
        reprocess(Finished, json!({ "from": "publish" }), "reprocess {id} --from publish", "state_wrong"),
        reprocess(InReview, json!({ "from": "transcode", "dry_run": true }), "reprocess {id} --from transcode --dry-run", "state_wrong"),
        reprocess(Job, json!({ "from": "screen" }), "reprocess {id} --from screen", "in_another_job"),
        reprocess(Nothing, json!({ "from": "screen" }), "reprocess {id} --from screen", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn jobs() -> Vec<Row> {
    use About::{Job, Nothing, Works};
    let job = |about, body, command, code| row(about, "organiser", "POST /api/v1/jobs", body, command, code);
    let works = json!(["{id}", "{second}"]);
    vec![
        job(Works, json!({ "works": works, "from": "transcode", "dry_run": true }), "reprocess {id} {second} --from transcode --dry-run", OK),
        job(Works, json!({ "works": works, "from": "transcode", "reason": "重做" }), "reprocess {id} {second} --from transcode --reason 重做", OK),
        job(Works, json!({ "where": "{where}", "from": "screen", "dry_run": true }), "reprocess --where {where} --from screen --dry-run", OK),
        job(Works, json!({ "where": "{where}", "from": "screen", "partners": [DROP], "replace": true }), "reprocess --where {where} --from screen --partner drop --replace", OK),
        job(Works, json!({ "where": "colour=red", "from": "screen" }), "reprocess --where colour=red --from screen", "field_wrong"),
        job(Works, json!({ "where": "theme=nowhere", "from": "screen" }), "reprocess --where theme=nowhere --from screen", "field_wrong"),
        job(Works, json!({ "works": works, "from": "screen", "partners": ["nobody"] }), "reprocess {id} {second} --from screen --partner nobody", "partner_unknown"),
        job(Works, json!({ "works": works, "from": "screen", "digest": "0" }), "reprocess {id} {second} --from screen --digest 0", "changed"),
        job(Works, json!({ "works": works, "from": "publish" }), "reprocess {id} {second} --from publish", "state_wrong"),
        job(Works, json!({ "where": "{where}", "from": "publish", "dry_run": true }), "reprocess --where {where} --from publish --dry-run", "state_wrong"),
        job(Job, json!({ "works": works, "from": "screen" }), "reprocess {id} {second} --from screen", "in_another_job"),
        job(Nothing, json!({ "where": "entered<2000-01-01", "from": "screen" }), "reprocess --where entered<2000-01-01 --from screen", "nothing_selected"),
        job(Nothing, json!({ "works": works, "from": "screen" }), "reprocess {id} {second} --from screen", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn orders() -> Vec<Row> {
    use About::{CancelledJob, Job, Nothing, PausedJob};
    let order = |about, body, command, code| row(about, "organiser", "POST /api/v1/jobs/{job}/order", body, command, code);
    vec![
        order(Job, json!({ "order": "pause", "dry_run": true }), "bulk pause {job} --dry-run", OK),
        order(Job, json!({ "order": "pause", "reason": "高峰" }), "bulk pause {job} --reason 高峰", OK),
        order(PausedJob, json!({ "order": "resume", "dry_run": true }), "bulk resume {job} --dry-run", OK),
        order(PausedJob, json!({ "order": "resume" }), "bulk resume {job}", OK),
        order(Job, json!({ "order": "cancel", "dry_run": true }), "bulk cancel {job} --dry-run", OK),
        order(Job, json!({ "order": "cancel" }), "bulk cancel {job}", OK),
        order(PausedJob, json!({ "order": "cancel" }), "bulk cancel {job}", OK),
        order(PausedJob, json!({ "order": "pause" }), "bulk pause {job}", "state_wrong"),
        order(Job, json!({ "order": "resume" }), "bulk resume {job}", "state_wrong"),
        order(CancelledJob, json!({ "order": "cancel" }), "bulk cancel {job}", "state_wrong"),
        order(CancelledJob, json!({ "order": "resume", "dry_run": true }), "bulk resume {job} --dry-run", "state_wrong"),
        order(Nothing, json!({ "order": "pause" }), "bulk pause {job}", "job_unknown"),
    ]
}

#[rustfmt::skip]
fn webhooks() -> Vec<Row> {
    use About::{AllWebhooks, Gone, Nothing, Undelivered, Webhook};
    let create = |about, body, command, code| row(about, "organiser", "POST /api/v1/webhooks", body, command, code);
    let rotate = |about, body, command, code| row(about, "organiser", "POST /api/v1/webhooks/{webhook}/rotate", body, command, code);
    let test = |about, body, command, code| row(about, "organiser", "POST /api/v1/webhooks/{webhook}/test", body, command, code);
    let resend = |about, body, command, code| row(about, "organiser", "POST /api/v1/webhooks/{webhook}/resend", body, command, code);
    let remove = |about, body, command, code| row(about, "organiser", "DELETE /api/v1/webhooks/{webhook}", body, command, code);
    let url = "https://receiver.example/hooks";
    vec![
        create(Nothing, json!({ "url": url }), "webhook add https://receiver.example/hooks", OK),
        create(Nothing, json!({ "url": url, "types": ["delivery.changed"], "contest": CONTEST, "reason": "门户" }), "webhook add https://receiver.example/hooks --type delivery.changed --contest test --reason 门户", OK),
        create(Nothing, json!({ "url": "http://receiver.example/" }), "webhook add http://receiver.example/", "field_wrong"),
        create(Nothing, json!({ "url": "https://10.1.2.3/" }), "webhook add https://10.1.2.3/", "field_wrong"),
        create(Nothing, json!({ "url": url, "contest": "nowhere" }), "webhook add https://receiver.example/hooks --contest nowhere", "contest_unknown"),
        rotate(Webhook, json!({ "reason": "轮换" }), "webhook rotate {webhook} --reason 轮换", OK),
        rotate(Nothing, json!({}), "webhook rotate {webhook}", "webhook_unknown"),
        test(Webhook, json!({ "reason": "试用" }), "webhook test {webhook} --reason 试用", OK),
        test(Gone, json!({}), "webhook test {webhook}", "nothing_to_resend"),
        test(Nothing, json!({}), "webhook test {webhook}", "webhook_unknown"),
        resend(Undelivered, json!({ "reason": "补发" }), "webhook resend {webhook} --reason 补发", OK),
        resend(Undelivered, json!({ "message": "{message}" }), "webhook resend {webhook} --message {message}", OK),
        resend(Undelivered, json!({ "message": "first" }), "webhook resend {webhook} --message first", "field_wrong"),
        resend(Webhook, json!({}), "webhook resend {webhook}", "nothing_to_resend"),
        resend(Gone, json!({}), "webhook resend {webhook}", "nothing_to_resend"),
        resend(Nothing, json!({}), "webhook resend {webhook}", "webhook_unknown"),
        remove(Webhook, json!({ "reason": "停用" }), "webhook remove {webhook} --reason 停用", OK),
        remove(Gone, Value::Null, "webhook remove {webhook}", OK),
        remove(Nothing, Value::Null, "webhook remove {webhook}", "webhook_unknown"),
        create(AllWebhooks, json!({ "url": url }), "webhook add https://receiver.example/hooks", "too_many_webhooks"),
    ]
}

/// The names of what one way in acts on.
struct Names(Vec<(&'static str, String)>);

impl Names {
    /// The first value of a name is the one that counts.
    fn name(&mut self, name: &'static str, value: impl ToString) {
        self.0.push((name, value.to_string()));
    }

    fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// Makes what a row is about.
async fn made(pipeline: &TestPipeline, about: About) -> Names {
    let login = |what: &str| format!("{what}-{}", Uuid::now_v7().simple());
    let unknown = || Uuid::now_v7().to_string();
    let mut names = Names(evidence(pipeline));
    match about {
        About::Nothing | About::AllWebhooks => {}
        About::Finished => names.name("{id}", planted::work(pipeline, TITLE, &[DROP, STRICT]).await),
        About::InReview => names.name("{id}", in_review(pipeline).await),
        About::Released => names.name("{id}", released(pipeline, &[DROP, STRICT]).await),
        About::Parked => {
            let id = released(pipeline, &[DROP, STRICT]).await;
            let query = "update parts set status = 'parked', attempt = 5, last_error = 'a test' where submission = $1 and stage = 'publish'";
            sqlx::query(query).bind(id).execute(pipeline.truth.pool()).await.expect("park the parts");
            names.name("{id}", id);
        }
        About::Refused => {
            let id = in_review(pipeline).await;
            pipeline.command(&["review", "reject", &id.to_string(), "--reason", "画面"]).await.exits(0);
            names.name("{id}", id);
        }
        About::Delivery(partner, stands) => {
            let id = released(pipeline, &[DROP, STRICT, DOUYIN]).await;
            stand(pipeline, id, partner, &stands.events()).await;
            names.name("{id}", id);
            names.name("{partner}", partner);
        }
        About::Works | About::Job | About::PausedJob | About::CancelledJob => {
            names.0.extend(job(pipeline, about).await);
        }
        About::Person | About::Token => {
            let person = login("person");
            let roles = ["organiser".to_owned(), format!("screener@{CONTEST}")];
            let add = ["person", "add", NAME, "--login", &person, "--role", &roles[0], &roles[1]];
            pipeline.command(&add).await.exits(0);
            if about == About::Token {
                let create = [
                    "token",
                    "create",
                    "--person",
                    &person,
                    "--role",
                    "organiser",
                    "--name",
                    "测试",
                    "--output",
                    "json",
                ];
                let created = pipeline.command(&create).await.exits(0).json();
                names.name("{token}", created["token"]["id"].as_str().expect("the token's id"));
            }
            names.name("{person}", person);
        }
        About::Webhook | About::Undelivered | About::Gone => names.0.extend(webhook(pipeline, about).await),
    }
    if about == About::AllWebhooks {
        let query = "insert into webhook_endpoints (id, host, key_id, nonce, ciphertext)
            select gen_random_uuid(), 'receiver.example', 'test', '', '' from generate_series(1, $1)";
        sqlx::query(query).bind(endpoints::MOST).execute(pipeline.truth.pool()).await.expect("plant webhooks");
    }
    // What was made stands first and is what is put in.
    for name in ["{id}", "{second}", "{token}", "{job}", "{webhook}"] {
        names.name(name, unknown());
    }
    names.name("{partner}", STRICT);
    names.name("{person}", login("nobody"));
    names.name("{new}", login("new"));
    names
}

/// A picture and a file that is none, in base64 and as files.
fn evidence(pipeline: &TestPipeline) -> Vec<(&'static str, String)> {
    let file = |name: &str, bytes: &[u8]| {
        let path = pipeline.dir().join(name);
        std::fs::write(&path, bytes).expect("write a picture");
        path.display().to_string()
    };
    let (picture, broken) = (planted::jpeg(64, 64), b"\x89PNG\r\n\x1a\nnot much of a picture");
    vec![
        ("{picture}", encoded(&picture)),
        ("{file}", file("seen.jpg", &picture)),
        ("{broken}", encoded(broken)),
        ("{broken_file}", file("broken.png", broken)),
    ]
}

/// A work that was released to these partners.
async fn released(pipeline: &TestPipeline, partners: &[&str]) -> Uuid {
    let id = planted::work(pipeline, TITLE, partners).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    id
}

/// Lets these events happen to a delivery of which nothing was sent. Its part stays open.
pub(crate) async fn stand(pipeline: &TestPipeline, id: Uuid, partner: &str, events: &[DeliveryEvent]) {
    let mut delivery = Delivery::new(1);
    for event in events {
        assert!(delivery.apply(event.clone()), "{event:?} changes nothing");
    }
    let query = "update deliveries set machine = $3, state = $4 where submission = $1 and partner = $2";
    let query = sqlx::query(query).bind(id).bind(partner).bind(Json(&delivery)).bind(delivery.observed.name());
    let changed = query.execute(pipeline.truth.pool()).await.expect("plant a delivery").rows_affected();
    assert_eq!(changed, 1, "{id} has a delivery to {partner}");
}

/// Two works of one day and, where wanted, their job.
async fn job(pipeline: &TestPipeline, about: About) -> Vec<(&'static str, String)> {
    static DAYS: AtomicI64 = AtomicI64::new(0);
    let day = DAYS.fetch_add(1, Ordering::Relaxed);
    let first = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    let second = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    let query =
        "update submissions set created_at = timestamptz '2001-01-01T12:00:00+08:00' + make_interval(days => $2::int)
        where id = any($1) returning to_char(created_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD')";
    let query = sqlx::query_scalar(query).bind([first, second]).bind(day);
    let entered: Vec<String> = query.fetch_all(pipeline.truth.pool()).await.expect("set the day of entry");
    let (first, second) = (first.to_string(), second.to_string());
    let mut job = Uuid::now_v7().to_string();
    if about != About::Works {
        let make = ["reprocess", &first, &second, "--from", "transcode", "--output", "json"];
        let made = pipeline.command(&make).await.exits(0).json();
        made["job"].as_str().expect("a job").clone_into(&mut job);
    }
    match about {
        About::PausedJob => drop(pipeline.command(&["bulk", "pause", &job]).await.exits(0)),
        About::CancelledJob => drop(pipeline.command(&["bulk", "cancel", &job]).await.exits(0)),
        _ => {}
    }
    vec![("{id}", first), ("{second}", second), ("{where}", format!("entered={}", entered[0])), ("{job}", job)]
}

/// A webhook, and the one message that it did not take.
async fn webhook(pipeline: &TestPipeline, about: About) -> Vec<(&'static str, String)> {
    let add = ["webhook", "add", "https://receiver.example/hooks", "--output", "json"];
    let id: Uuid =
        pipeline.command(&add).await.exits(0).json()["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let mut names = vec![("{webhook}", id.to_string())];
    if about == About::Gone {
        let query = sqlx::query("update webhook_endpoints set state = 'gone' where id = $1").bind(id);
        query.execute(pipeline.truth.pool()).await.expect("let the webhook be gone");
    }
    if about == About::Undelivered {
        let query = "insert into webhook_messages (endpoint, type, body, status, finished_at)
            values ($1, 'webhook.test', '{}', 'failed', now()) returning 'msg_' || replace(id::text, '-', '')";
        let query = sqlx::query_scalar(query).bind(id);
        names.push(("{message}", query.fetch_one(pipeline.truth.pool()).await.expect("plant a message")));
    }
    names
}

/// A work that waits for a reviewer: planted, without what is made after review.
async fn in_review(pipeline: &TestPipeline) -> Uuid {
    let id = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    for made in [
        "delete from parts where submission = $1 and stage = 'assemble'",
        "delete from renditions where submission = $1",
    ] {
        sqlx::query(made).bind(id).execute(pipeline.truth.pool()).await.expect("unmake what comes later");
    }
    let read = sqlx::query_scalar("select machine from submissions where id = $1").bind(id);
    let Json(machine): Json<Submission> = read.fetch_one(pipeline.truth.pool()).await.expect("the work's state");
    let machine = Submission { state: State::AwaitingReview, ..machine };
    let write = "update submissions set machine = $2, state = $3 where id = $1";
    let write = sqlx::query(write).bind(id).bind(Json(&machine)).bind(machine.state.name());
    write.execute(pipeline.truth.pool()).await.expect("put the work into review");
    id
}

/// What a way in answered: a problem's code, or the result's JSON without what differs between two of the same.
#[derive(Debug, PartialEq)]
struct Answered {
    code: String,
    result: Value,
}

async fn by_api(address: &str, token: &str, row: &Row, names: &Names) -> Answered {
    let (method, path) = row.route.split_once(' ').expect("method and path");
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let address = format!("http://{address}{}", names.put_into(path));
    let mut request = reqwest::Client::new().request(method, address).bearer_auth(token);
    request = request.header("idempotency-key", Uuid::new_v4().to_string());
    if !row.body.is_null() {
        request = request.header("content-type", "application/json").body(names.put_into(&row.body.to_string()));
    }
    let answer = request.send().await.expect("an answer");
    let success = answer.status().is_success();
    let body: Value = answer.json().await.expect("JSON");
    if success {
        return Answered { code: OK.to_owned(), result: plain(body) };
    }
    Answered { code: body["code"].as_str().unwrap_or_default().to_owned(), result: Value::Null }
}

async fn by_command(pipeline: &TestPipeline, row: &Row, names: &Names) -> Answered {
    let command = names.put_into(row.command);
    let args: Vec<&str> = command.split(' ').chain(["--output", "json"]).collect();
    let ran = pipeline.command(&args).await;
    if ran.code == Some(0) {
        return Answered { code: OK.to_owned(), result: plain(ran.json()) };
    }
    assert_eq!(ran.code, Some(2), "{command}: {}", ran.stderr);
    Answered { code: code_of(&ran), result: Value::Null }
}

/// The code that a command names: `reelmill: CODE: sentence`.
fn code_of(ran: &Ran) -> String {
    let (_, said) = ran.stderr.split_once("reelmill: ").unwrap_or_default();
    said.split(':').next().unwrap_or_default().to_owned()
}

/// Without ids, times, secrets and digests, which differ between two works.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let own = ["digest", "bearer", "login", "secret"].contains(&name.as_str()) && value.is_string();
                let value = if own { format!("a {name}").into() } else { plain(value) };
                (name, value)
            };
            fields.into_iter().map(field).collect()
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::String(text) if text.parse::<Uuid>().is_ok() => "an id".into(),
        Value::String(text) if text.starts_with("msg_") => "a message".into(),
        Value::String(text) if chrono::DateTime::parse_from_rfc3339(&text).is_ok() => "a time".into(),
        other => other,
    }
}

async fn serve(roles: &[&str]) -> (TestPipeline, std::sync::Arc<Service>, String) {
    let strict = catalogue::partner("严格", "operator") + LIMITS;
    let partners = vec![(STRICT, strict), (DOUYIN, catalogue::partner("抖音", "douyin"))];
    // Jobs stand as they were made: nothing starts their works meanwhile.
    let env = vec![("RECONCILE_S", "3600".to_owned())];
    let setup = Setup { partners, to_all: true, env, ..Setup::default() };
    let pipeline = TestPipeline::with(setup).await;
    let service = pipeline.serve("desk", roles).await;
    let address = service.desk_address().expect("the desk's address");
    (pipeline, service, address)
}

#[test]
fn every_changing_route_has_a_row() {
    let routes = ::desk::list().into_iter().filter(|it| it.method != "GET");
    let routes: BTreeSet<String> = routes.map(|it| format!("{} {}", it.method, it.path)).collect();
    let rows: BTreeSet<String> = rows().iter().map(|it| it.route.to_owned()).collect();
    assert_eq!(routes, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_gets_the_same_code_and_fields_by_command_and_by_api() {
    let (pipeline, service, address) = serve(&["desk"]).await;
    let mut tokens = std::collections::BTreeMap::new();
    for role in ["screener", "organiser", "operator", "admin"] {
        tokens.insert(role, pipeline.token(role).await);
    }
    let (mut wrong, rows) = (Vec::new(), rows());
    for row in &rows {
        let (one, other) = (made(&pipeline, row.about).await, made(&pipeline, row.about).await);
        let api = by_api(&address, &tokens[row.role], row, &one).await;
        let command = by_command(&pipeline, row, &other).await;
        if api.code != row.code || api != command {
            wrong.push(format!(
                "{} {} ({:?}):\n  API {api:?}\n  command {command:?}",
                row.route, row.command, row.about
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    // Nothing runs that would send what was released here.
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_a_partner_does_not_take_is_seen_before_the_release_and_gone_once_another_is_written() {
    let (pipeline, service, _) = serve(&["desk"]).await;
    let id = planted::work(&pipeline, TITLE, &[DROP, STRICT]).await.to_string();
    let warned = async || {
        let dry = pipeline.command(&["release", &id, "--dry-run", "--output", "json"]).await.exits(0).json();
        let partners = dry["partners"].as_array().expect("partners").clone();
        let codes =
            |it: &Value| it["warnings"].as_array().expect("warnings").iter().map(|it| it["code"].clone()).collect();
        partners
            .iter()
            .map(|it| (it["partner"].as_str().expect("a partner").to_owned(), codes(it)))
            .collect::<Vec<(_, Vec<Value>)>>()
    };
    let short: Vec<Value> = vec!["title_too_short".into()];
    assert_eq!(warned().await, [(DROP.to_owned(), vec![]), (STRICT.to_owned(), short)]);
    let said = pipeline.command(&["release", &id, "--dry-run"]).await.exits(0);
    assert!(said.stderr.contains("strict: title_too_short") && said.stderr.contains("标题"), "{}", said.stderr);
    pipeline.command(&["texts", &id, "--partner", STRICT, "--title", "灯塔工厂的早晨"]).await.exits(0);
    assert_eq!(warned().await, [(DROP.to_owned(), vec![]), (STRICT.to_owned(), vec![])]);
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_enters_a_title_that_a_partner_does_not_take_is_warned_and_the_work_is_entered() {
    let (pipeline, service, _) = serve(&["upload", "desk"]).await;
    let server = format!("http://{}", service.api_address().expect("the address of the API"));
    let film = pipeline.dir().join("film.mp4");
    // Nothing here opens it.
    std::fs::write(&film, b"a film").expect("a film");
    let film = film.to_str().expect("a path");
    let to = ["submit", film, "--server", &server, "--contest", CONTEST, "--theme", catalogue::THEME];
    let who = ["--name", "张三", "--phone", "13800000000", "--original", "--rights", "--ai", "none"];
    for (title, warned) in [(TITLE, true), ("灯塔工厂的早晨", false)] {
        let ran = pipeline.command(&[&to[..], &who, &["--title", title]].concat()).await.exits(0);
        assert!(ran.stdout.trim().parse::<Uuid>().is_ok(), "{}", ran.stdout);
        let said = ran.stderr.contains("strict does not take it as it is: the title is too short");
        assert_eq!(said, warned, "{title}: {}", ran.stderr);
    }
    service.stop();
}
