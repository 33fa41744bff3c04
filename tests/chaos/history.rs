//! The acknowledgements that clients received, in order: each is a promise that the final state must keep.
use std::collections::BTreeSet;
use std::sync::Mutex;

use uuid::Uuid;

use super::plan::Fate;

/// One acknowledgement that a client received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// The form was accepted, with this id.
    Entered(Uuid),
    /// This many bytes of an upload are durable.
    Offset { upload: Uuid, bytes: u64 },
    /// The upload is complete.
    Uploaded { upload: Uuid, bytes: u64, sha256: String },
    /// The verdict, as the entrant read it.
    Verdict { passes: bool },
    /// A person's act was done, under its name in the audit trail.
    Act(&'static str),
    /// A partner has the work, and it can be seen there.
    Live(String),
    /// A partner no longer has it.
    Gone(String),
}

/// One entry's history, as its entrant and the organisers saw it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) fate: Fate,
    pub(super) acks: Vec<Ack>,
    /// Why its people gave up; `None` if they did not.
    pub(super) gave_up: Option<String>,
}

impl Entry {
    /// The id in the answer to the form.
    pub(super) fn id(&self) -> Option<Uuid> {
        self.acks.iter().find_map(|ack| match ack {
            Ack::Entered(id) => Some(*id),
            _ => None,
        })
    }
}

/// All acknowledgements.
#[derive(Default)]
pub(super) struct History {
    entries: Mutex<Vec<Entry>>,
}

/// A history in the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) entries: Vec<Entry>,
    /// Submission and partner of every webhook that reported a work live.
    pub(super) announced: BTreeSet<(Uuid, String)>,
}

impl History {
    /// Begins an entry; returns its number.
    pub(super) fn begin(&self, title: &str, fate: Fate) -> usize {
        let mut entries = self.entries.lock().expect("no holder panicked");
        entries.push(Entry { title: title.to_owned(), fate, acks: Vec::new(), gave_up: None });
        entries.len() - 1
    }

    /// Records an acknowledgement.
    pub(super) fn note(&self, entry: usize, ack: Ack) {
        self.entries.lock().expect("no holder panicked")[entry].acks.push(ack);
    }

    /// Records that its people gave up.
    pub(super) fn give_up(&self, entry: usize, why: String) {
        self.entries.lock().expect("no holder panicked")[entry].gave_up = Some(why);
    }

    /// Everything so far.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().expect("no holder panicked").clone()
    }
}
