//! The wishes of the test: what each is about, its request, its command, and the expected answer.
use pipeline::delivery::{DeliveryEvent, IntentId, RecallBy, Receipt};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DOUYIN, OK, STRICT};
use crate::support::catalogue::{CONTEST, DROP};

/// What the act is about, made once for the request and once for the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
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
    /// A released work whose delivery to this partner is in this state.
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
    /// A webhook that did not accept its one message.
    Undelivered,
    /// A webhook that answered 410.
    Gone,
    /// As many webhooks as there may be.
    AllWebhooks,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Nothing was sent.
    Planned,
    /// It waits for a person.
    Handed,
    /// The partner has it and reviews it.
    InReview,
    /// It can be seen.
    Live,
    /// A person is to remove it.
    ByPerson,
    /// The partner's API is to remove it.
    BySystem,
    /// It was recalled.
    Recalled,
}

impl Stands {
    /// The events that lead to the state.
    pub(super) fn events(self) -> Vec<DeliveryEvent> {
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
pub(super) struct Row {
    pub(super) about: About,
    /// The role of the token that sends it.
    pub(super) role: &'static str,
    /// Method and path, with `{id}`, `{partner}`, `{person}`, `{token}`, `{job}`, `{webhook}`.
    pub(super) route: &'static str,
    pub(super) body: Value,
    /// The command, with the same names; `--output json` is added.
    pub(super) command: &'static str,
    /// A problem's code, or [`OK`].
    pub(super) code: &'static str,
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
pub(super) fn rows() -> Vec<Row> {
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
        review(InReview, json!({ "decision": "accept", "digest": "0" }), "review accept {id} --digest 0", "changed"),
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
        release(Finished, json!({ "partners": ["unlisted"] }), "release {id} --partners unlisted", "partner_unknown"),
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
        recall(Released, json!({ "reason": "版权", "partners": ["unlisted"] }), "recall {id} --reason 版权 --partners unlisted", "partner_unknown"),
        recall(Released, json!({ "reason": "版权", "digest": "0" }), "recall {id} --reason 版权 --digest 0", "changed"),
        recall(Finished, json!({ "reason": "版权", "partners": [DROP] }), "recall {id} --reason 版权 --partners drop", OK),
        recall(Refused, json!({ "reason": "版权" }), "recall {id} --reason 版权", "state_wrong"),
        recall(Refused, json!({ "reason": "版权", "dry_run": true }), "recall {id} --reason 版权 --dry-run", "state_wrong"),
        recall(Nothing, json!({ "reason": "版权" }), "recall {id} --reason 版权", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Row> {
    use About::{Finished, InReview, Nothing, Parked, Refused, Released};
    let withdraw = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/withdraw", body, command, code);
    let hold = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/hold", body, command, code);
    let cure = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/cure", body, command, code);
    let until = (runtime::clock::Clock::default().now() + chrono::TimeDelta::days(2)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let window = |more: &str| -> &'static str { format!("cure {{id}} --until {until} --reason 字幕{more}").leak() };
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
        hold(Finished, json!({ "held": false, "dry_run": true }), "hold {id} --lift --dry-run", OK),
        hold(Finished, json!({ "held": false, "digest": "0" }), "hold {id} --lift --digest 0", "changed"),
        hold(Nothing, json!({ "held": false }), "hold {id} --lift", "submission_unknown"),
        cure(Refused, json!({ "until": until, "reason": "字幕", "dry_run": true }), window(" --dry-run"), OK),
        cure(Refused, json!({ "until": until, "reason": "字幕" }), window(""), OK),
        cure(InReview, json!({ "until": until, "reason": "字幕" }), window(""), OK),
        cure(Refused, json!({}), "cure {id} --close", OK),
        cure(Refused, json!({ "until": until, "reason": "字幕", "digest": "0" }), window(" --digest 0"), "changed"),
        cure(Finished, json!({ "until": until, "reason": "字幕" }), window(""), "state_wrong"),
        cure(Refused, json!({ "until": "2020-01-01T00:00:00Z", "reason": "字幕" }), "cure {id} --until 2020-01-01T00:00:00Z --reason 字幕", "field_wrong"),
        cure(Nothing, json!({}), "cure {id} --close", "submission_unknown"),
        retry(Parked, json!({ "dry_run": true }), "retry {id} --dry-run", OK),
        retry(Parked, json!({}), "retry {id}", OK),
        retry(Parked, json!({ "stage": "publish", "part": "partner/drop" }), "retry {id}/publish/partner/drop", OK),
        retry(Parked, json!({ "digest": "0" }), "retry {id} --digest 0", "changed"),
        retry(Finished, json!({}), "retry {id}", "nothing_parked"),
        retry(Finished, json!({ "dry_run": true }), "retry {id} --dry-run", "nothing_parked"),
        retry(Nothing, json!({}), "retry {id}", "submission_unknown"),
        texts(Finished, json!({ "title": "短", "dry_run": true }), "texts {id} --partner {partner} --title 短 --dry-run", OK),
        texts(Finished, json!({ "title": "灯塔工厂的早晨", "tags": ["工业"] }), "texts {id} --partner {partner} --title 灯塔工厂的早晨 --tags 工业", OK),
        texts(Finished, json!({ "title": "短", "digest": "0" }), "texts {id} --partner {partner} --title 短 --digest 0", "changed"),
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

/// The API creates a token for the caller: the person of the command has the same name and role.
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
        reprocess(Finished, json!({ "from": "screen", "partners": ["unlisted"] }), "reprocess {id} --from screen --partner unlisted", "partner_unknown"),
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
        job(Works, json!({ "works": works, "from": "screen", "partners": ["unlisted"] }), "reprocess {id} {second} --from screen --partner unlisted", "partner_unknown"),
        job(Works, json!({ "works": works, "from": "screen", "digest": "0" }), "reprocess {id} {second} --from screen --digest 0", "changed"),
        job(Works, json!({ "works": works, "from": "publish" }), "reprocess {id} {second} --from publish", "state_wrong"),
        job(Works, json!({ "where": "{where}", "from": "publish", "dry_run": true }), "reprocess --where {where} --from publish --dry-run", "state_wrong"),
        job(Job, json!({ "works": works, "from": "screen" }), "reprocess {id} {second} --from screen", "in_another_job"),
        job(Works, json!({ "kind": "release", "where": "{where}", "dry_run": true }), "release --where {where} --dry-run", OK),
        job(Works, json!({ "kind": "release", "where": "{where}", "reason": "放行" }), "release --where {where} --reason 放行", OK),
        job(Works, json!({ "kind": "release", "where": "{where}", "partners": [DROP], "at": "2030-01-01T00:00:00Z" }), "release --where {where} --partners drop --at 2030-01-01T00:00:00Z", OK),
        job(Works, json!({ "kind": "release", "where": "{where}", "partners": ["unlisted"] }), "release --where {where} --partners unlisted", "partner_unknown"),
        job(Works, json!({ "kind": "release", "where": "{where}", "digest": "0" }), "release --where {where} --digest 0", "changed"),
        job(Job, json!({ "kind": "release", "where": "{where}" }), "release --where {where}", OK),
        job(Works, json!({ "kind": "recall", "where": "{where}", "reason": "撤下", "dry_run": true }), "recall --where {where} --reason 撤下 --dry-run", OK),
        job(Works, json!({ "kind": "recall", "where": "{where}", "reason": "撤下" }), "recall --where {where} --reason 撤下", OK),
        job(Works, json!({ "kind": "recall", "where": "{where}", "reason": "撤下", "partners": ["unlisted"] }), "recall --where {where} --reason 撤下 --partners unlisted", "partner_unknown"),
        job(Works, json!({ "kind": "recall", "where": "{where}", "reason": "撤下", "digest": "0" }), "recall --where {where} --reason 撤下 --digest 0", "changed"),
        job(Nothing, json!({ "kind": "recall", "where": "entered<2000-01-01", "reason": "撤下" }), "recall --where entered<2000-01-01 --reason 撤下", "nothing_selected"),
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
