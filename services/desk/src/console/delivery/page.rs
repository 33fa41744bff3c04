//! The page of one delivery: its state, its bag, and the forms of the acts that a person may do there.
use askama::Template;
use pages::Say;
use pipeline::id::{ContestId, PartnerId};
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::SubmissionRow;
use runtime::warning::Warning;

use super::forms::{Entered, TextsForm};
use crate::Desk;
use crate::console::deliveries::{clock_text, turn_text};
use crate::console::works::is_web;
use crate::console::{Shell, Visit, local};
use crate::next::{Step, Turn};
use crate::view::delivery::{self, DeliveryWhole, TextLimits};

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

#[derive(Template)]
#[template(path = "delivery.html")]
pub(super) struct DeliveryPage {
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
pub(super) struct Around {
    pub(super) entered: Entered,
    pub(super) texts: Option<TextsForm>,
    /// For texts that were only checked.
    pub(super) warnings: Option<Vec<Warning>>,
}

/// The page, with this data on it.
pub(super) async fn whole(
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
        is_web(url)
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
