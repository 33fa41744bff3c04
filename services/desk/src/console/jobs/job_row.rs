//! A job as both pages show it.
use pages::Say;
use uuid::Uuid;

use super::work_line::work_state;
use crate::Desk;
use crate::console::job_text::kind_text;
use crate::console::selected::selected;
use crate::names::{actor_name, partner_names};
use crate::view::jobs::Job;

/// A job as shown on both pages.
pub(super) struct JobRow {
    pub(super) id: Uuid,
    pub(super) kind: &'static str,
    pub(super) state: String,
    pub(super) tone: &'static str,
    /// Works that have ended, of all.
    pub(super) ended: i64,
    pub(super) all: i64,
    /// The works by their state.
    pub(super) counts: Vec<StateCount>,
    pub(super) selection: String,
    pub(super) partners: String,
    pub(super) from: Option<String>,
    pub(super) at: Option<String>,
    pub(super) by: String,
    pub(super) reason: Option<String>,
    pub(super) created: String,
    pub(super) changed: String,
    pub(super) is_live: bool,
    pub(super) is_paused: bool,
}

/// How many works of a job are in a state.
pub(super) struct StateCount {
    pub(super) state: String,
    pub(super) text: &'static str,
    pub(super) works: i64,
}

impl StateCount {
    fn of(say: Say, state: &str, works: i64) -> Self {
        Self { state: state.to_owned(), text: work_state(say, state), works }
    }
}

impl JobRow {
    pub(super) fn of(desk: &Desk, say: Say, job: Job) -> Self {
        let all = if job.kind == "recall" {
            say.t("全部（整体撤下）", "all; revoked as a whole")
        } else {
            say.t("全部", "all")
        };
        let partners = match &job.partners {
            Some(partners) => partner_names(&desk.catalogue, say, partners.iter().map(String::as_str)),
            None => all.to_owned(),
        };
        let open = |state: &str| matches!(state, "waiting" | "started");
        Self {
            id: job.id,
            kind: kind_text(say, &job.kind),
            tone: say.tone(&job.state),
            ended: job.works.iter().filter(|(state, _)| !open(state)).map(|(_, works)| works).sum(),
            all: job.works.values().sum(),
            counts: job.works.iter().map(|(state, works)| StateCount::of(say, state, *works)).collect(),
            selection: selected(&desk.catalogue, say, &job.selection),
            partners,
            from: job.from.as_deref().map(|from| say.stage(from)),
            at: job.at.as_ref().map(|at| say.time(at)),
            by: actor_name(say, &job.name),
            reason: job.reason,
            created: say.time(&job.created_at),
            changed: say.time(&job.changed_at),
            is_live: matches!(job.state.as_str(), "running" | "paused"),
            is_paused: job.state == "paused",
            state: say.part(&job.state),
        }
    }
}
