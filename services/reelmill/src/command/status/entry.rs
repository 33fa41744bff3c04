//! One entry with all that is known of it: where it stands, what was measured, what was made and who has it.
use chrono::{DateTime, Utc};
use pipeline::delivery::Observed;
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::media_info::MediaInfo;
use pipeline::screening::Verdict;
use pipeline::submission::State;
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
    parts: Vec<PartRow>,
    renditions: Vec<Rendition>,
    deliveries: Vec<Delivery>,
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
    qc: Vec<pipeline::rendition::QcCheck>,
    engine: String,
}

#[derive(Serialize)]
struct Delivery {
    partner: String,
    /// Whose files the partner has, or is to get.
    run: u32,
    state: &'static str,
    public_url: Option<String>,
    receipt: Option<serde_json::Value>,
    changed_at: DateTime<Utc>,
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
            parts,
            renditions,
            deliveries,
            settled: row.machine.is_settled(),
        }))
    }

    /// Whether nothing more happens by itself.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// The entry for people: facts, then a table for each thing that there is.
    pub(super) fn table(&self) -> String {
        let mut sections = vec![self.facts()];
        if let Some(verdict) = &self.verdict {
            sections.push(crate::command::probe::verdict_table(verdict));
        }
        sections.extend([self.open_parts(), self.rendition_table(), self.delivery_table()].into_iter().flatten());
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
        if let Some(reason) = &self.reason {
            facts.fact("reason", format!("{} (at {})", reason.code, reason.stage));
            facts.row(["", reason.zh.as_str()]);
            facts.row(["", reason.en.as_str()]);
        }
        facts.to_string()
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
        let mut table = Table::with_headings(&["RENDITION", "PICTURE", "DURATION", "SIZE", "QC", "OBJECT"]);
        for made in &self.renditions {
            let picture = format!("{}×{}", made.width, made.height);
            let passed = made.qc.iter().filter(|check| check.pass).count();
            let qc = format!("{passed}/{} passed", made.qc.len());
            let (duration, size) = (output::duration(made.duration_ms), output::bytes(made.bytes));
            table.row([&made.name, &picture, &duration, &size, &qc, &made.key]);
        }
        (!self.renditions.is_empty()).then(|| table.to_string())
    }

    fn delivery_table(&self) -> Option<String> {
        let mut table = Table::with_headings(&["PARTNER", "DELIVERY", "WHERE"]);
        for delivery in &self.deliveries {
            let place = delivery.public_url.clone().or_else(|| delivery.receipt.as_ref().and_then(place_of));
            table.row([delivery.partner.as_str(), delivery.state, place.as_deref().unwrap_or("")]);
        }
        (!self.deliveries.is_empty()).then(|| table.to_string())
    }
}

/// Where a receipt says that the package lies.
fn place_of(receipt: &serde_json::Value) -> Option<String> {
    receipt.get("prefix").and_then(|place| place.as_str()).map(str::to_owned)
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
        qc: made.qc,
        engine: made.engine,
    }
}

fn delivery(row: DeliveryRow) -> Delivery {
    let public_url = match &row.machine.observed {
        Observed::Live { public_url, .. } | Observed::Recalling { public_url, .. } => public_url.clone(),
        _ => None,
    };
    Delivery {
        partner: row.partner.to_string(),
        run: row.machine.run,
        state: row.machine.observed.name(),
        public_url,
        receipt: row.receipt,
        changed_at: row.updated_at,
    }
}
