//! What clients were told, in the order in which they were told it: each is a promise that the final state is held to.
use std::collections::BTreeSet;
use std::sync::Mutex;

use uuid::Uuid;

use super::plan::Fate;

/// One acknowledgement that somebody got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The form was accepted, with this id.
    Entered(Uuid),
    /// So many bytes of an upload are durable.
    Offset { upload: Uuid, bytes: u64 },
    /// The upload is whole.
    Uploaded { upload: Uuid, bytes: u64, sha256: String },
    /// The verdict, as the entrant read it.
    Verdict { passes: bool },
    /// A person's act was done, under the name that the audit trail has for it.
    Act(&'static str),
    /// A partner has the work, and it can be seen there.
    Live(String),
    /// A partner has it no more.
    Gone(String),
}

/// One entry's way, as its entrant and the organisers saw it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) fate: Fate,
    pub(super) told: Vec<Told>,
    /// Why its people gave up, or nothing.
    pub(super) gave_up: Option<String>,
}

impl Entry {
    /// The id that the form was answered with.
    pub(super) fn id(&self) -> Option<Uuid> {
        self.told.iter().find_map(|told| match told {
            Told::Entered(id) => Some(*id),
            _ => None,
        })
    }
}

/// All that was told to anybody.
#[derive(Default)]
pub(super) struct History {
    entries: Mutex<Vec<Entry>>,
}

/// What a history says in the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) entries: Vec<Entry>,
    /// Submission and partner of every webhook that said that a work is live.
    pub(super) announced: BTreeSet<(Uuid, String)>,
}

impl History {
    /// Begins an entry; returns its number.
    pub(super) fn begin(&self, title: &str, fate: Fate) -> usize {
        let mut entries = self.entries.lock().expect("nobody panics here");
        entries.push(Entry { title: title.to_owned(), fate, told: Vec::new(), gave_up: None });
        entries.len() - 1
    }

    /// Notes what somebody was told.
    pub(super) fn note(&self, entry: usize, told: Told) {
        self.entries.lock().expect("nobody panics here")[entry].told.push(told);
    }

    /// Notes that its people gave up.
    pub(super) fn give_up(&self, entry: usize, why: String) {
        self.entries.lock().expect("nobody panics here")[entry].gave_up = Some(why);
    }

    /// Everything so far.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().expect("nobody panics here").clone()
    }
}
