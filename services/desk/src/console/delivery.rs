//! One delivery: its state, the bag and its checklist, and the acts of people on it.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use pages::Say;
use pipeline::id::{ContestId, PartnerId};
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::submissions::SubmissionRow;
use runtime::store::tokens::Role;
use runtime::warning::Warning;
use serde::Deserialize;

use super::deliveries::{clock_text, turn_text};
use super::filed::{BODY_BYTES, Filed};
use super::{CARRIERS, Here, READERS, Sent, Shell, Visit, again, local, page, post_to, see, shown};
use crate::Desk;
use crate::act::confirm::{Confirm, confirm};
use crate::act::deliver::{Deliver, deliver};
use crate::act::evidence::encoded;
use crate::act::recalled::{ProveRemoval, recalled};
use crate::act::texts::{Wording, texts};
use crate::http::bag::fetched;
use crate::http::pictures::with_picture;
use crate::next::{Step, Turn};
use crate::route::Route;
use crate::view::delivery::{self, DeliveryWhole, TextLimits};

const OPERATOR: &[Role] = &[Role::Operator];
const ORGANISER: &[Role] = &[Role::Organiser];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/works/{id}/deliveries/{partner}", READERS, get(one)),
        page("/works/{id}/deliveries/{partner}/bag/{file}", CARRIERS, get(file)),
        post_to("/works/{id}/deliveries/{partner}/delivered", OPERATOR, with_picture(post(delivered), BODY_BYTES)),
        post_to("/works/{id}/deliveries/{partner}/recalled", OPERATOR, with_picture(post(removed), BODY_BYTES)),
        post_to("/works/{id}/deliveries/{partner}/confirm", OPERATOR, post(confirmed)),
        post_to("/works/{id}/deliveries/{partner}/texts", ORGANISER, post(written)),
    ]
}

/// The delivery. The work is in the request already.
#[derive(Deserialize)]
struct At {
    partner: String,
}

impl At {
    fn partner(&self) -> PartnerId {
        self.partner.as_str().into()
    }
}

#[derive(Deserialize)]
struct FileAt {
    partner: String,
    file: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConfirmForm {
    reason: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TextsForm {
    title: Option<String>,
    text: Option<String>,
    tags: Option<String>,
    reason: Option<String>,
    /// Only check what the partner does not accept.
    look: Option<bool>,
}

impl TextsForm {
    fn wish(&self, dry_run: bool) -> Wording {
        let tags = self.tags.as_deref().map(|tags| {
            tags.split(['\n', ',', '，', '、', ';', '；'])
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(ToOwned::to_owned)
                .collect()
        });
        let Self { title, text, reason, .. } = self.clone();
        Wording { title, text, tags, dry_run, digest: None, reason }
    }
}

/// The person's rights here, by the roles that they hold in the work's contest.
#[derive(Clone, Copy)]
struct May {
    carry: bool,
    operate: bool,
    write: bool,
    /// Screeners judge works, not partners.
    see_proofs: bool,
}

impl May {
    fn of(visit: &Visit, contest: &ContestId) -> Self {
        let holds = |role: Role| visit.holds(role, contest);
        let (operate, write) = (holds(Role::Operator), holds(Role::Organiser));
        Self { carry: operate || write, operate, write, see_proofs: operate || write || holds(Role::Auditor) }
    }
}

/// The input of a form with a picture; an empty text for an empty field.
#[derive(Default)]
struct Entered {
    url: String,
    receipt: String,
    seen_at: String,
    reason: String,
}

impl Entered {
    fn of(filed: &Filed) -> Self {
        let field = |name: &str| filed.field(name).unwrap_or_default().to_owned();
        Self { url: field("url"), receipt: field("receipt"), seen_at: field("seen_at"), reason: field("reason") }
    }

    fn seen_at(&self) -> Result<Option<DateTime<Utc>>, Problem> {
        given(&self.seen_at).map(|text| local::instant("seen_at", &text)).transpose()
    }
}

fn given(field: &str) -> Option<String> {
    (!field.is_empty()).then(|| field.to_owned())
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct DeliveryPage {
    shell: Shell,
    it: DeliveryWhole,
    partner: String,
    may: May,
    state: String,
    tone: &'static str,
    age: Option<String>,
    turn: &'static str,
    /// The act of a person that the delivery waits for.
    act: Option<Step>,
    clock: Option<String>,
    /// Whether a report is accepted although none is awaited: a drop or a feed whose partner sends no receipt.
    may_report: bool,
    entered: Entered,
    now: String,
    title: String,
    text: String,
    tags: String,
    warnings: Vec<String>,
    limits: Vec<String>,
}

/// The data of a page besides the delivery itself.
#[derive(Default)]
struct Around {
    entered: Entered,
    texts: Option<TextsForm>,
    /// For texts that were only checked.
    warnings: Option<Vec<Warning>>,
}

async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let shell = visit.shell(Here::Deliveries);
    shown(&whole(&desk, &visit, shell, &work, &at.partner(), Around::default()).await?)
}

async fn file(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<FileAt>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    fetched(&desk, &visit.seen(), work.id, &at.partner.as_str().into(), &at.file, &headers).await
}

async fn delivered(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    filed: Filed,
) -> Result<Response, Problem> {
    let caller = filed.caller(&visit, Some(&work.contest))?;
    let entered = Entered::of(&filed);
    let wish = entered.seen_at().map(|seen_at| Deliver {
        url: given(&entered.url),
        picture: filed.file().map(encoded),
        receipt: given(&entered.receipt),
        seen_at,
        reason: given(&entered.reason),
        ..Deliver::default()
    });
    let done = match wish {
        Ok(wish) => deliver(&desk, &caller, work.id, &at.partner(), wish).await.map(drop),
        Err(problem) => Err(problem),
    };
    after(&desk, &visit, &work, &at.partner(), done, Around { entered, ..Around::default() }).await
}

async fn removed(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    filed: Filed,
) -> Result<Response, Problem> {
    let caller = filed.caller(&visit, Some(&work.contest))?;
    let entered = Entered::of(&filed);
    let wish = entered.seen_at().map(|seen_at| ProveRemoval {
        url: given(&entered.url),
        picture: filed.file().map(encoded),
        seen_at,
        insists: filed.field("insists").is_some(),
        reason: given(&entered.reason),
        ..ProveRemoval::default()
    });
    let done = match wish {
        Ok(wish) => recalled(&desk, &caller, work.id, &at.partner(), wish).await.map(drop),
        Err(problem) => Err(problem),
    };
    after(&desk, &visit, &work, &at.partner(), done, Around { entered, ..Around::default() }).await
}

async fn confirmed(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    sent: Sent<ConfirmForm>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, Some(&work.contest))?;
    let wish = Confirm { reason: sent.form.reason, ..Confirm::default() };
    let done = confirm(&desk, &caller, work.id, &at.partner(), wish).await.map(drop);
    after(&desk, &visit, &work, &at.partner(), done, Around::default()).await
}

async fn written(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    sent: Sent<TextsForm>,
) -> Result<Response, Problem> {
    let looks = sent.form.look == Some(true);
    let caller = sent.caller(&visit, Some(&work.contest))?;
    let done = texts(&desk, &caller, work.id, &at.partner(), sent.form.wish(looks)).await;
    let around = Around { texts: Some(sent.form), ..Around::default() };
    match done {
        Ok(done) if looks => {
            let around = Around { warnings: Some(done.value.warnings), ..around };
            shown(&whole(&desk, &visit, visit.shell(Here::Deliveries), &work, &at.partner(), around).await?)
        }
        done => after(&desk, &visit, &work, &at.partner(), done.map(drop), around).await,
    }
}

/// After an act, redirects the browser to the page; after a refusal, shows the page with the problem and the input.
async fn after(
    desk: &Desk,
    visit: &Visit,
    work: &SubmissionRow,
    partner: &PartnerId,
    done: Result<(), Problem>,
    around: Around,
) -> Result<Response, Problem> {
    let Err(problem) = done else { return Ok(see(format!("/works/{}/deliveries/{partner}", work.id))) };
    let shell = visit.shell(Here::Deliveries).with(&problem);
    again(&problem, &whole(desk, visit, shell, work, partner, around).await?)
}

async fn whole(
    desk: &Desk,
    visit: &Visit,
    shell: Shell,
    work: &SubmissionRow,
    partner: &PartnerId,
    around: Around,
) -> Result<DeliveryPage, Problem> {
    let it = delivery::delivery(desk, &visit.seen(), work.id, partner).await?;
    Ok(DeliveryPage::of(shell, May::of(visit, &work.contest), it, around))
}

impl DeliveryPage {
    /// Whether an address, which may be the partner's own text, may be shown as a link.
    fn is_web(&self, url: &str) -> bool {
        super::works::is_web(url)
    }

    fn of(shell: Shell, may: May, it: DeliveryWhole, around: Around) -> Self {
        let (say, now) = (shell.say, shell.now);
        let at = it.delivery.as_ref();
        let act = at.and_then(|at| at.next.as_ref()).map(|next| next.act);
        let due = at.and_then(|at| at.recall.as_ref()).and_then(|recall| recall.due);
        let due = due.filter(|_| it.turn != Some(Turn::Settled));
        let in_review = at.is_some_and(|at| at.state == "in_review" && at.desired == "live");
        let texts = around.texts.unwrap_or_else(|| TextsForm {
            title: it.own.title.clone(),
            text: it.own.text.clone(),
            tags: it.own.tags.as_ref().map(|tags| tags.join("\n")),
            ..TextsForm::default()
        });
        let warnings = around.warnings.as_ref().unwrap_or(&it.warnings);
        Self {
            partner: say.t(&it.partner.zh, &it.partner.en).to_owned(),
            state: at
                .map_or_else(|| say.t("未发布到该平台", "not released there").to_owned(), |at| say.delivery(at.state)),
            tone: at.map_or("", |at| say.tone(at.state)),
            age: at.map(|at| say.ago(&at.updated_at, &now)),
            turn: it.turn.map_or("", |turn| turn_text(say, turn, act)),
            act,
            clock: due.map(|due| clock_text(say, &due, &now)),
            may_report: in_review && matches!(it.partner.method, "sftp_drop" | "s3_drop" | "mrss"),
            now: local::shown(&now),
            title: texts.title.unwrap_or_default(),
            text: texts.text.unwrap_or_default(),
            tags: texts.tags.unwrap_or_default(),
            warnings: warnings.iter().map(|it| say.t(&it.zh, &it.en).to_owned()).collect(),
            limits: limits(say, it.partner.limits),
            entered: around.entered,
            may,
            it,
            shell,
        }
    }
}

/// The partner's limits, in words.
fn limits(say: Say, limits: TextLimits) -> Vec<String> {
    let line = |zh: &str, en: &str, n: Option<u32>| n.map(|n| format!("{}{n}", say.t(zh, en)));
    let lines = [
        line("标题至少字数：", "title, characters at least: ", limits.title_min),
        line("标题最多字数：", "title, characters at most: ", limits.title_max),
        line("简介最多字数：", "description, characters at most: ", limits.text_max),
        line("标签最多个数：", "tags at most: ", limits.tags_max),
        line("标签合计最多字数：", "all tags together, characters at most: ", limits.tags_max_chars),
    ];
    lines.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_as_people_write_them() {
        let form = TextsForm { tags: Some("工业、制造，工厂\n 早晨 ;".into()), ..TextsForm::default() };
        assert_eq!(form.wish(true).tags.unwrap(), ["工业", "制造", "工厂", "早晨"]);
        assert_eq!(TextsForm::default().wish(false).tags, None);
    }
}
