//! Compares the acknowledgements that clients received with the final state. Pure, and tested to detect each kind of
//! fault.
//!
//! *Lost*: acknowledged, but not so in the end. *Doubled*: had to happen once and happened twice. *Stuck*: not in its
//! right final state although all faults are over. These are not failures: slowness, repeated tries, and bytes that an
//! entrant had to send twice because they had not been acknowledged.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use uuid::Uuid;

use super::history::{Ack, Entry, Record};
use super::plan::Fate;

/// Partners to whom every work goes.
pub(super) const PARTNERS: [&str; 3] = [DROP, DOUYIN, BAG];
pub(super) const DROP: &str = crate::support::catalogue::DROP;
pub(super) const BAG: &str = crate::support::catalogue::BAG;
pub(super) const DOUYIN: &str = "douyin";

/// A submission in the final state, according to the database, the bucket and the partners.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) state: String,
    /// What its verdict says; `None` without one.
    pub(super) passes: Option<bool>,
    /// Durable bytes of each of its uploads.
    pub(super) uploads: BTreeMap<Uuid, u64>,
    /// The upload that became its film, and the SHA-256 of the object as read now.
    pub(super) film: Option<(Uuid, String)>,
    /// How often each act is in the audit trail.
    pub(super) acts: BTreeMap<String, usize>,
    /// The state of its delivery to each partner.
    pub(super) deliveries: BTreeMap<String, String>,
    /// How many copies each partner reports.
    pub(super) at_partner: BTreeMap<String, usize>,
}

/// The final state.
#[derive(Clone, Debug, Default)]
pub(super) struct FinalState {
    pub(super) works: Vec<Work>,
    /// Parts, messages and webhooks that are still open, as text.
    pub(super) open: Vec<String>,
    /// Parts that were done twice, as text.
    pub(super) done_twice: Vec<String>,
}

/// What is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) lost: Vec<String>,
    pub(super) doubled: Vec<String>,
    pub(super) stuck: Vec<String>,
}

impl Findings {
    /// Whether there are no findings.
    pub(super) fn none(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.stuck.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lost, {} doubled, {} stuck", self.lost.len(), self.doubled.len(), self.stuck.len())?;
        for (what, found) in [("lost", &self.lost), ("doubled", &self.doubled), ("stuck", &self.stuck)] {
            for one in found {
                write!(f, "\n{what}: {one}")?;
            }
        }
        Ok(())
    }
}

/// Compares the final state with every acknowledgement.
pub(super) fn compare(record: &Record, end: &FinalState) -> Findings {
    let works: BTreeMap<Uuid, &Work> = end.works.iter().map(|work| (work.id, work)).collect();
    let mut findings = Findings::default();
    for entry in &record.entries {
        let work = entry.id().and_then(|id| works.get(&id).copied());
        match (entry.id(), work) {
            (Some(_), Some(work)) => one(entry, work, &mut findings),
            (Some(id), None) => findings.lost.push(format!("{}: {id} was accepted and is not there", entry.title)),
            (None, _) => {
                findings.stuck.push(format!("{}: its form was never accepted: {:?}", entry.title, entry.gave_up))
            }
        }
        let same = end.works.iter().filter(|work| work.title == entry.title).count();
        if same > 1 {
            findings.doubled.push(format!("{}: one form, {same} submissions", entry.title));
        }
    }
    let mut ids = BTreeSet::new();
    for id in record.entries.iter().filter_map(Entry::id).filter(|id| !ids.insert(*id)) {
        findings.doubled.push(format!("{id} was given to two entries"));
    }
    for (id, partner) in &record.announced {
        let stands = works.get(id).and_then(|work| work.deliveries.get(partner)).map_or("nowhere", String::as_str);
        if !matches!(stands, "live" | "recalling" | "recalled") {
            findings.lost.push(format!("{id} was announced as live with {partner} and is {stands}"));
        }
    }
    findings.stuck.extend(end.open.iter().map(|open| format!("still to do: {open}")));
    findings.doubled.extend(end.done_twice.iter().map(|twice| format!("done twice: {twice}")));
    findings
}

/// Compares one entry with its work.
fn one(entry: &Entry, work: &Work, findings: &mut Findings) {
    let name = format!("{} ({})", entry.title, work.id);
    let mut promised: BTreeMap<Uuid, u64> = BTreeMap::new();
    for ack in &entry.acks {
        match ack {
            Ack::Offset { upload, bytes } | Ack::Uploaded { upload, bytes, .. } => {
                let before = promised.insert(*upload, *bytes).unwrap_or(0);
                let durable = work.uploads.get(upload).copied().unwrap_or(0);
                if *bytes < before {
                    findings.lost.push(format!("{name}: upload {upload} was at {before} and then at {bytes}"));
                }
                if durable < *bytes {
                    findings.lost.push(format!("{name}: {bytes} bytes of upload {upload} were durable, {durable} are"));
                }
            }
            Ack::Verdict { passes } if work.passes != Some(*passes) => {
                findings.lost.push(format!("{name}: passes was reported as {passes} and is {:?}", work.passes));
            }
            Ack::Entered(_) | Ack::Verdict { .. } | Ack::Act(_) | Ack::Live(_) | Ack::Gone(_) => {}
        }
        match ack {
            Ack::Uploaded { upload, sha256, .. } if work.film.as_ref() != Some(&(*upload, sha256.clone())) => {
                findings.lost.push(format!("{name}: {upload} with {sha256} was whole, the film is {:?}", work.film));
            }
            Ack::Act(act) => match work.acts.get(*act).copied().unwrap_or(0) {
                0 => findings.lost.push(format!("{name}: {act} was acknowledged and is not in the audit trail")),
                1 => {}
                times => findings.doubled.push(format!("{name}: {act} was done {times} times")),
            },
            Ack::Live(partner) => live(entry, work, &name, partner, findings),
            Ack::Gone(partner) if work.at_partner.get(partner).copied().unwrap_or(0) > 0 => {
                findings.lost.push(format!("{name}: {partner} has had it taken back, and has it"));
            }
            _ => {}
        }
    }
    for (partner, times) in work.at_partner.iter().filter(|(_, times)| **times > 1) {
        findings.doubled.push(format!("{name}: {partner} has it {times} times"));
    }
    if let Some(why) = entry.gave_up.as_ref().into_iter().chain(end(entry, work).as_ref()).next() {
        findings.stuck.push(format!("{name} is {}: {why}", work.state));
    }
}

/// A work that was seen live is live at the partner, or was recalled since.
fn live(entry: &Entry, work: &Work, name: &str, partner: &str, findings: &mut Findings) {
    // Counts from the moment the recall was ordered; whether the recall completes is checked elsewhere.
    let taken_back = partner == DROP && entry.acks.contains(&Ack::Act("recall_ordered"));
    let stands = work.deliveries.get(partner).map_or("nowhere", String::as_str);
    let there = work.at_partner.get(partner).copied().unwrap_or(0);
    if !taken_back && (stands != "live" || there == 0) {
        findings.lost.push(format!("{name}: was live with {partner}, is {stands} and there {there} times"));
    }
}

/// Why the work is not in its right final state.
fn end(entry: &Entry, work: &Work) -> Option<String> {
    let wanted = match entry.fate {
        Fate::Misshapen | Fate::Refused => "rejected",
        Fate::Live | Fate::Recalled => "published",
    };
    if work.state != wanted {
        return Some(format!("it should be {wanted}"));
    }
    let at = |partner: &str| match (entry.fate, partner) {
        (Fate::Misshapen | Fate::Refused, _) => ("nowhere", 0),
        (Fate::Recalled, DROP) => ("recalled", 0),
        (Fate::Live | Fate::Recalled, _) => ("live", 1),
    };
    PARTNERS.into_iter().find_map(|partner| {
        let (wanted, times) = at(partner);
        let stands = work.deliveries.get(partner).map_or("nowhere", String::as_str);
        let there = work.at_partner.get(partner).copied().unwrap_or(0);
        let right = stands == wanted && there.min(1) == times;
        (!right).then(|| format!("with {partner} it is {stands} and there {there} times, and should be {wanted}"))
    })
}

#[cfg(test)]
mod tests;
