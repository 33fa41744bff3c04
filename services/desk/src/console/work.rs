//! `/works/{id}`: everything about one work. The acts on it are in `work/acts`, the entrant's contact in
//! `work/contact`, the notes of staff in `work/note`.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use pipeline::screening::Outcome;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::tokens::Role;
use serde::Deserialize;

use super::rules::{self, RuleLine};
use super::{Asked, EVIDENCE, Here, READERS, Shell, Visit, page, shown};
use crate::Desk;
use crate::act::Caller;
use crate::names::{actor_name, contest_name, failure, part_name, partner_name, theme_name};
use crate::route::Route;
use crate::view::ahead::{Ahead, Turn, ahead};
use crate::view::audit::{self, Row as AuditRow, TrailFilter};
use crate::view::exchanges::{self, Exchange};
use crate::view::sentence;
use crate::view::trace::{self, Timeline, WaitedFor};
use crate::view::work::{self, Former, Happened, Work};
use note::Notes;

mod acts;
mod contact;
pub(super) mod note;

/// Acts on a work that are shown with it; `/audit` has all of them.
const MOST_ACTS: u32 = 100;

pub(crate) fn routes() -> Vec<Route> {
    let work = vec![page("/works/{id}", READERS, get(whole))];
    [work, acts::routes(), contact::routes(), note::routes()].into_iter().flatten().collect()
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Notice {
    /// The act that was just done.
    done: Option<String>,
}

/// A line of the history.
struct HistoryRow {
    at: String,
    what: String,
    who: String,
    why: Option<String>,
}

/// A film that another one replaced.
struct FormerRow {
    run: u32,
    state: String,
    tone: &'static str,
    replaced: String,
    why: Option<String>,
    sha256: Option<String>,
    /// What screening found against it, in words.
    found: Vec<String>,
}

/// A delivery of the table.
struct DeliveryRow {
    id: String,
    partner: String,
    state: String,
    tone: &'static str,
    url: Option<String>,
    words: Option<String>,
    due: Option<String>,
    /// Whether it waits for a person and its state does not say so already.
    by_hand: bool,
    updated: String,
}

#[derive(Template)]
#[template(path = "work.html")]
struct WorkPage {
    shell: Shell,
    catalogue: Arc<Catalogue>,
    work: Work,
    ahead: Ahead,
    contest: String,
    theme: String,
    rules: Vec<RuleLine>,
    /// Whether the verdict comes from the first look only, which reads the headers alone.
    is_first_look: bool,
    former: Vec<FormerRow>,
    deliveries: Vec<DeliveryRow>,
    history: Vec<HistoryRow>,
    time: Timeline,
    exchanges: Option<Vec<Exchange>>,
    audit: Option<Vec<AuditRow>>,
    acts: Vec<acts::Link>,
    may_see_contact: bool,
    notes: Notes,
    reviews: bool,
    sha256: Option<String>,
}

/// Shows a work.
async fn whole(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(row)): Extension<Subject>,
    Asked(notice): Asked<Notice>,
) -> Result<Response, Problem> {
    let (say, contest) = (visit.say, &row.contest);
    let caller = visit.caller(Some(contest))?;
    let work = work::work(&desk, &caller, &row).await?;
    let history = work::history(&desk, &row).await?;
    let exchanges = match in_role(&visit, EVIDENCE, contest) {
        Some(_) => Some(exchanges::exchanges(&desk, &row, None).await?),
        None => None,
    };
    let audit = match in_role(&visit, &[Role::Auditor], contest) {
        Some(auditor) => Some(acts_on(&desk, &auditor, &row).await?),
        None => None,
    };
    let shell = visit.shell(Here::Works);
    let shell = match notice.done.as_deref().and_then(|done| acts::done(done, say)) {
        Some(done) => shell.noting(done),
        None => shell,
    };
    let verdict = work.verdict.clone().or_else(|| work.first_look.clone());
    let shown_page = WorkPage {
        ahead: ahead(&work),
        contest: contest_name(&desk.catalogue, say, contest.as_str()),
        theme: theme_name(&desk.catalogue, say, Some(contest.as_str()), &work.theme),
        is_first_look: work.verdict.is_none() && verdict.is_some(),
        rules: verdict.map_or_else(Vec::new, |verdict| rules::lines(say, &verdict.rules)),
        former: work.former_films.iter().map(|film| former_row(film, say)).collect(),
        deliveries: work.deliveries.iter().map(|it| delivery(&desk, it, say)).collect(),
        history: history.iter().rev().map(|line| history_row(&desk, line, say)).collect(),
        time: trace::trace(&desk, &row).await?,
        exchanges,
        audit,
        acts: acts::links(&desk, &visit, &row).await?,
        notes: Notes::of(&desk, say, &row, in_role(&visit, note::WRITERS, contest).is_some(), None).await?,
        may_see_contact: in_role(&visit, &[Role::Organiser], contest).is_some(),
        reviews: work.state == "awaiting_review" && in_role(&visit, &[Role::Screener], contest).is_some(),
        sha256: row.mezzanine_sha256.as_ref().map(hex::encode),
        work,
        catalogue: desk.catalogue.clone(),
        shell,
    };
    shown(&shown_page)
}

/// The person as a caller in one of these roles, where they hold it in the contest.
pub(super) fn in_role(visit: &Visit, roles: &'static [Role], contest: &ContestId) -> Option<Caller> {
    visit.in_one_of(roles).caller(Some(contest)).ok()
}

async fn acts_on(
    desk: &Desk,
    auditor: &Caller,
    row: &runtime::store::submissions::SubmissionRow,
) -> Result<Vec<AuditRow>, Problem> {
    let filter = TrailFilter { submission: Some(row.id.0), limit: Some(MOST_ACTS), ..TrailFilter::default() };
    Ok(audit::trail(desk, auditor, &filter).await?.items)
}

fn history_row(desk: &Desk, line: &Happened, say: Say) -> HistoryRow {
    HistoryRow {
        at: say.time(&line.at),
        what: sentence::sentence(line, &desk.catalogue, say),
        who: sentence::who(line, say),
        why: sentence::why(line).map(str::to_owned),
    }
}

fn former_row(film: &Former, say: Say) -> FormerRow {
    let rules = film.verdict.iter().flat_map(|verdict| &verdict.rules);
    let found = rules.filter(|rule| rule.outcome != Outcome::Pass).map(|rule| rule.text(say.lang).to_owned()).collect();
    let why = film.rejection.as_ref().map(|it| say.t(it.zh.as_str(), it.en.as_str()).to_owned());
    FormerRow {
        run: film.run,
        state: say.state(film.state),
        tone: say.tone(film.state),
        replaced: say.time(&film.replaced_at),
        why,
        sha256: film.sha256.clone(),
        found,
    }
}

fn delivery(desk: &Desk, it: &crate::view::deliveries::Delivery, say: Say) -> DeliveryRow {
    DeliveryRow {
        partner: partner_name(&desk.catalogue, say, &it.partner),
        id: it.partner.clone(),
        state: say.delivery(it.state),
        tone: say.tone(it.state),
        url: it.public_url.clone().filter(|url| super::works::is_web(url)),
        words: it.words.clone(),
        due: it.recall.as_ref().and_then(|recall| recall.due).map(|due| say.time(&due)),
        by_hand: it.next.is_some() && it.state != "awaiting_operator",
        updated: say.time(&it.updated_at),
    }
}

impl WorkPage {
    /// Who must act next.
    fn who(&self) -> &'static str {
        self.ahead.who(self.shell.say)
    }

    /// How long the work has waited for each party.
    fn sums(&self) -> Vec<(&'static str, String)> {
        let say = self.shell.say;
        let whom = |whom: &WaitedFor| match whom {
            WaitedFor::Entrant => say.t("报送人上传", "the entrant's upload"),
            WaitedFor::Work => say.t("系统处理", "machines at work"),
            WaitedFor::Machines => say.t("排队与重试", "queues and retries"),
            WaitedFor::People => say.t("人工办理", "people"),
        };
        self.time.sums.iter().map(|(it, seconds)| (whom(it), self.span(seconds))).collect()
    }

    /// A number of seconds in words.
    fn span(&self, seconds: &f64) -> String {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of a work's life, never less than none"
        )]
        let seconds = seconds.max(0.0).round() as u64;
        self.shell.say.span(seconds)
    }

    /// The machines' progress in per cent, while they must act next. While the work waits for a person there is none.
    fn percent(&self) -> Option<u32> {
        let reached = self.work.progress.filter(|it| it.done < 1.0 && self.ahead.turn == Turn::System)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 99")]
        let percent = (reached.done.clamp(0.0, 1.0) * 100.0).floor() as u32;
        Some(percent)
    }

    /// A declared yes or no.
    fn declared(&self, name: &str) -> &'static str {
        let say = self.shell.say;
        match self.work.declarations.get(name).and_then(serde_json::Value::as_bool) {
            Some(true) => say.t("已承诺", "declared"),
            _ => say.t("未承诺", "not declared"),
        }
    }

    fn ai_use(&self) -> String {
        let say = self.shell.say;
        let said =
            |name: &str| self.work.declarations.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let (used, note) = (say.ai_use(said("ai_use")), said("ai_note"));
        if note.is_empty() { used } else { format!("{used}{}{note}", say.t("：", ": ")) }
    }

    /// The result of quality control, in short: `12/12`.
    fn passed(&self, made: &work::Rendition) -> String {
        let passed = made.qc.iter().filter(|check| check.outcome == pipeline::rendition::QcOutcome::Pass).count();
        format!("{passed}/{}", made.qc.len())
    }

    fn partner(&self, id: &str) -> String {
        partner_name(&self.catalogue, self.shell.say, id)
    }

    fn actor(&self, name: &str) -> String {
        actor_name(self.shell.say, name)
    }

    fn part(&self, part: &str) -> String {
        part_name(&self.catalogue, self.shell.say, part)
    }

    /// Why a part failed.
    fn failure(&self, error: &str) -> String {
        failure(self.shell.say, error)
    }

    /// How a request to a partner ended.
    fn ended<'a>(&self, outcome: &'a str) -> &'a str {
        let (zh, en) = match outcome {
            "open" => ("等待答复", "no answer yet"),
            "answered" => ("已答复", "answered"),
            "not_sent" => ("未发出", "not sent"),
            "lost" => ("无答复，结果待核实", "no answer; being looked up"),
            other => (other, other),
        };
        self.shell.say.t(zh, en)
    }

    /// A past act, in the audit trail's words.
    fn said<'a>(&self, act: &'a str) -> &'a str {
        let (zh, en) = audit::said(act);
        self.shell.say.t(zh, en)
    }

    /// JSON as text, for evidence.
    fn json(&self, value: &serde_json::Value) -> String {
        serde_json::to_string(value).unwrap_or_default()
    }
}
