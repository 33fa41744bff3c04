//! One entry with all that is known of it: where it stands, what was measured, what was made and who has it.
use chrono::{DateTime, Utc};
use pipeline::delivery::{Desired, Observed, RecallBy, RecallStep};
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::media_info::MediaInfo;
use pipeline::progress::Reached;
use pipeline::rendition::{QcCheck, QcOutcome};
use pipeline::screening::Verdict;
use pipeline::submission::State;
use runtime::outcome::{ReusedFrom, StoredCover, StoredPreview};
use runtime::store::Store;
use runtime::store::deliveries::DeliveryRow;
use runtime::store::parts::PartRow;
use runtime::store::renditions::RenditionRow;
use serde::Serialize;

use crate::output::{self, Table};

/// An entry, as JSON.
#[derive(Serialize)]
pub(super) struct Entry {
    id: SubmissionId,
    contest: String,
    title: String,
    theme: String,
    synopsis: String,
    recommending_unit: String,
    declarations: serde_json::Value,
    state: &'static str,
    run: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    entered_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    media_info: Option<MediaInfo>,
    verdict: Option<Verdict>,
    /// What the headers say of the simplest rules, before screening has spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_look: Option<Verdict>,
    /// How far the machines are, from the probe to the last finished file, and how long that still takes.
    progress: Option<Reached>,
    parts: Vec<PartRow>,
    /// What there is to look at: `reelmill preview` fetches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<StoredPreview>,
    renditions: Vec<Rendition>,
    deliveries: Vec<Delivery>,
    /// Why the mezzanine is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<String>,
    #[serde(skip)]
    settled: bool,
}

/// Why an entry was refused.
#[derive(Clone, Serialize)]
pub(super) struct Reason {
    stage: &'static str,
    code: &'static str,
    zh: String,
    en: String,
}

#[derive(Serialize)]
struct Rendition {
    name: String,
    run: u32,
    width: u32,
    height: u32,
    duration_ms: u64,
    bytes: u64,
    sha256: String,
    key: String,
    cover_key: Option<String>,
    covers: Vec<StoredCover>,
    qc: Vec<QcCheck>,
    engine: String,
    /// Whose file it is a copy of, where it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    reused_from: Option<ReusedFrom>,
}

#[derive(Serialize)]
struct Delivery {
    partner: String,
    /// Whose files the partner has, or is to get.
    run: u32,
    state: &'static str,
    /// Whether the work is to be `live` there or `gone`.
    desired: &'static str,
    public_url: Option<String>,
    receipt: Option<serde_json::Value>,
    /// In the partner's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<Recall>,
    changed_at: DateTime<Utc>,
}

/// How a recall stands.
#[derive(Serialize)]
struct Recall {
    /// `system` or `operator`; absent before it began and after its end.
    by: Option<RecallBy>,
    step: Option<RecallStep>,
    due: Option<DateTime<Utc>>,
    reason: Option<String>,
}

impl Reason {
    /// The reason in a state, if it is one of refusal.
    pub(super) fn of(state: &State) -> Option<Self> {
        let State::Rejected { stage, reason } = state else { return None };
        let (zh, en) = (reason.text(Lang::Zh), reason.text(Lang::En));
        Some(Self { stage: stage.name(), code: reason.code(), zh, en })
    }
}

impl Entry {
    /// Reads everything of one entry; `None` if there is none of this id.
    pub(super) async fn load(store: &Store, id: SubmissionId) -> anyhow::Result<Option<Self>> {
        let Some(row) = store.submission(id).await? else { return Ok(None) };
        let parts = store.parts(id).await?;
        let renditions = store.renditions(id).await?.into_iter().map(rendition).collect();
        let deliveries = store.deliveries(id).await?.into_iter().map(delivery).collect();
        let first_look = store.first_look(id).await?;
        Ok(Some(Self {
            id,
            contest: row.contest.to_string(),
            title: row.title,
            theme: row.theme,
            synopsis: row.synopsis,
            recommending_unit: row.recommending_unit,
            declarations: row.declarations,
            state: row.machine.state.name(),
            run: row.machine.run,
            reason: Reason::of(&row.machine.state),
            entered_at: row.created_at,
            changed_at: row.updated_at,
            media_info: row.media_info,
            verdict: row.verdict,
            first_look,
            progress: store.progress(id).await?,
            parts,
            preview: store.preview(id).await?,
            renditions,
            deliveries,
            held: store.held(id).await?.map(|(_, reason)| reason),
            settled: row.machine.is_settled(),
        }))
    }

    /// Whether nothing more happens by itself.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// The entry for people: facts, then a table for each thing that there is. `brief` leaves out checks that passed.
    pub(super) fn table(&self, brief: bool) -> String {
        let mut sections = vec![self.facts()];
        if let Some(verdict) = &self.verdict {
            sections.push(crate::command::probe::verdict_table(verdict));
        }
        if let Some(look) = &self.first_look {
            let table = crate::command::probe::verdict_table(look);
            sections.push(format!("by its headers, while it is being decoded:\n{table}"));
        }
        sections.extend([self.open_parts(), self.rendition_table()].into_iter().flatten());
        sections.extend(self.renditions.iter().filter_map(|made| made.qc_table(brief)));
        sections.extend(self.delivery_table());
        sections.join("\n")
    }

    fn facts(&self) -> String {
        let mut facts = Table::of_facts();
        facts.fact("entry", self.id.to_string());
        facts.fact("title", &self.title);
        facts.fact("contest", format!("{}, {}", self.contest, self.theme));
        facts.fact("recommended by", &self.recommending_unit);
        facts.fact(
            "state",
            if self.run > 1 { format!("{} (run {})", self.state, self.run) } else { self.state.to_owned() },
        );
        facts.fact("progress", self.progress.filter(|_| self.is_making()).map(progress).unwrap_or_default());
        facts.fact("preview", self.preview.as_ref().map_or("", |preview| &preview.proxy.key));
        facts.fact("mezzanine held", self.held.as_deref().unwrap_or(""));
        if let Some(reason) = &self.reason {
            facts.fact("reason", format!("{} (at {})", reason.code, reason.stage));
            facts.row(["", reason.zh.as_str()]);
            facts.row(["", reason.en.as_str()]);
        }
        facts.to_string()
    }

    /// Whether machines make something of it now.
    fn is_making(&self) -> bool {
        self.parts.iter().any(|part| part.run == self.run && part.stage != "publish" && part.status != "cancelled")
            && self.progress.is_some_and(|reached| reached.done < 1.0)
            && !self.settled
    }

    /// What is at work or stuck; what is done shows in what it made.
    fn open_parts(&self) -> Option<String> {
        let open = |part: &&PartRow| !matches!(part.status.as_str(), "done" | "cancelled");
        let mut table = Table::with_headings(&["PART", "STATUS", "DONE", "TRIES", "LAST ERROR"]);
        let mut any = false;
        for part in self.parts.iter().filter(open) {
            any = true;
            let done = format!("{:.0} %", part.progress * 100.0);
            let error = part.last_error.as_deref().unwrap_or("");
            table.row([
                &format!("{}/{}", part.stage, part.part),
                &part.status,
                &done,
                &part.attempt.to_string(),
                error,
            ]);
        }
        let parked = self.parts.iter().find(|part| part.status == "parked");
        let hint = parked.map(|part| format!("try again: reelmill retry {}/{}/{}\n", self.id, part.stage, part.part));
        any.then(|| table.to_string() + &hint.unwrap_or_default())
    }

    fn rendition_table(&self) -> Option<String> {
        let mut table = Table::with_headings(&["RENDITION", "PICTURE", "DURATION", "SIZE", "QC", "MADE", "OBJECT"]);
        for made in &self.renditions {
            let picture = format!("{}×{}", made.width, made.height);
            let qc = output::passed(&made.qc);
            let (duration, size) = (output::duration(made.duration_ms), output::bytes(made.bytes));
            let by = match made.reused_from {
                None => format!("in run {}", made.run),
                Some(from) if from.submission == self.id => format!("in run {}", from.run),
                Some(_) => "for another entry".to_owned(),
            };
            table.row([&made.name, &picture, &duration, &size, &qc, &by, &made.key]);
        }
        (!self.renditions.is_empty()).then(|| table.to_string())
    }

    fn delivery_table(&self) -> Option<String> {
        let mut table = Table::with_headings(&["PARTNER", "DELIVERY", "WHERE"]);
        for delivery in &self.deliveries {
            table.row([delivery.partner.as_str(), delivery.state, delivery.remark().trim()]);
        }
        (!self.deliveries.is_empty()).then(|| table.to_string())
    }
}

impl Rendition {
    /// What quality control measured; what did not pass comes first.
    fn qc_table(&self, brief: bool) -> Option<String> {
        let mut table = Table::with_headings(&[&format!("QC OF {}", self.name), "OUTCOME", "MEASURED", "LIMIT"]);
        let mut any = false;
        let outcomes = [QcOutcome::Fail, QcOutcome::Invalid, QcOutcome::Pass];
        for outcome in outcomes.into_iter().filter(|outcome| !brief || *outcome != QcOutcome::Pass) {
            for check in self.qc.iter().filter(|check| check.outcome == outcome) {
                any = true;
                table.row([&check.check, outcome.name(), &check.measured, &check.limit]);
            }
        }
        any.then(|| table.to_string())
    }
}

/// `43 %, about 2 min left`.
fn progress(reached: Reached) -> String {
    let percent = (reached.done * 100.0).floor();
    match reached.remaining_s {
        None => format!("{percent} %"),
        Some(left) if left < 90.0 => format!("{percent} %, about {:.0} s left", left.max(1.0)),
        Some(left) => format!("{percent} %, about {:.0} min left", left / 60.0),
    }
}

fn rendition(row: RenditionRow) -> Rendition {
    let made = row.rendition;
    Rendition {
        name: row.name.to_string(),
        run: row.run,
        width: made.width,
        height: made.height,
        duration_ms: made.duration_ms,
        bytes: made.video.bytes,
        sha256: made.video.sha256,
        key: made.video.key,
        cover_key: made.cover.map(|cover| cover.key),
        covers: made.covers,
        qc: made.qc,
        engine: made.engine,
        reused_from: made.reused_from,
    }
}

fn delivery(row: DeliveryRow) -> Delivery {
    let (mut public_url, mut refused, mut by, mut at) = (None, None, None, None);
    match &row.machine.observed {
        Observed::Live { public_url: url, .. } => public_url.clone_from(url),
        Observed::Recalling { public_url: url, by: who, step, .. } => {
            public_url.clone_from(url);
            (by, at) = (Some(*who), Some(*step));
        }
        Observed::Refused { words, .. } => refused = Some(words.clone()),
        Observed::Planned
        | Observed::Sending { .. }
        | Observed::Unknown { .. }
        | Observed::AwaitingOperator { .. }
        | Observed::InReview { .. }
        | Observed::Recalled { .. } => {}
    }
    let recall = (row.machine.desired == Desired::Gone).then_some(Recall {
        by,
        step: at,
        due: row.recall_due,
        reason: row.recall_reason,
    });
    Delivery {
        partner: row.partner.to_string(),
        run: row.machine.run,
        state: row.machine.observed.name(),
        desired: row.machine.desired.name(),
        public_url,
        receipt: row.receipt,
        refused,
        recall,
        changed_at: row.updated_at,
    }
}

impl Delivery {
    /// What a person wants to know beside the state: where, why not, or what is still to be done.
    fn remark(&self) -> String {
        let place = self.public_url.clone().unwrap_or_default();
        if let Some(words) = &self.refused {
            return words.clone();
        }
        let Some(Recall { by: Some(by), due, .. }) = &self.recall else { return place };
        let until = due.map(|due| format!(" by {}", due.format("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
        match by {
            RecallBy::System => format!("{place} to be gone{until}"),
            RecallBy::Operator => format!("{place} an operator takes it down{until}, then: reelmill recalled"),
        }
    }
}
