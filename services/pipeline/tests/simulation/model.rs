//! The store and its surroundings, as small as possible: rows of parts, hints and workers.
use std::collections::BTreeMap;

use pipeline::id::PartnerId;
use pipeline::part::{Part, PartToDo};
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Redo, State, Submission, Work};

mod checks;

/// A deliberate flaw of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Commits without `where fence = $n`.
    NoFenceCheck,
    /// Commits whatever the row's status is.
    NoStatusCheck,
    /// Writes all but the last of the parts that `advance` returned.
    ForgetsParts,
    /// Leaves the rows open when an entry leaves the stage.
    KeepsObsoleteParts,
}

/// Which part: run, stage, part.
type Key = (u32, Stage, Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Pending,
    Claimed,
    Done,
    Parked,
    /// No longer needed.
    Obsolete,
}

#[derive(Clone, Debug)]
struct Row {
    status: Status,
    fence: u64,
    attempts: u32,
}

/// A worker that believes it holds a part.
#[derive(Clone, Debug)]
struct Worker {
    key: Key,
    fence: u64,
}

const MAX_ATTEMPTS: u32 = 5;

pub(crate) struct Model {
    flaw: Flaw,
    submission: Submission,
    rows: BTreeMap<Key, Row>,
    /// Hints only: which stage has work.
    messages: Vec<Stage>,
    workers: Vec<Worker>,
    next_fence: u64,
    /// Events that were applied, to be repeated.
    history: Vec<Event>,
    /// Where the current run began.
    began: Stage,
    /// Gates that a person, or an earlier run that began after them, opened for the current run.
    accepted: bool,
    released: bool,
    /// Fences that committed, and the latest to claim, by part: kept apart from the rows, so that a wrong row cannot
    /// hide itself.
    committed: BTreeMap<Key, Vec<u64>>,
    claimed_last: BTreeMap<Key, u64>,
    /// The first failure seen while something happened.
    failure: Option<String>,
}

impl Model {
    pub(crate) fn new(gates: Gates, flaw: Flaw) -> Self {
        Self {
            flaw,
            submission: Submission::new(gates),
            rows: BTreeMap::new(),
            messages: Vec::new(),
            workers: Vec::new(),
            next_fence: 1,
            history: Vec::new(),
            began: Stage::Probe,
            accepted: gates.review == Gate::Automatic,
            released: gates.release == Gate::Automatic,
            committed: BTreeMap::new(),
            claimed_last: BTreeMap::new(),
            failure: None,
        }
    }

    // ── machines ──

    pub(crate) fn upload(&mut self) {
        self.apply(Event::Uploaded);
    }

    pub(crate) fn deliver(&mut self, choice: u8) {
        let Some(index) = pick(choice, self.messages.len()) else { return };
        let stage = self.messages.swap_remove(index);
        self.claim(stage);
    }

    pub(crate) fn redeliver(&mut self, choice: u8) {
        if let Some(index) = pick(choice, self.messages.len()) {
            self.messages.push(self.messages[index]);
        }
    }

    pub(crate) fn lose_messages(&mut self) {
        self.messages.clear();
    }

    pub(crate) fn reconcile(&mut self) {
        for stage in Stage::ALL {
            let pending = self.rows.iter().filter(|(key, row)| key.1 == stage && row.status == Status::Pending).count();
            let hints = self.messages.iter().filter(|hint| **hint == stage).count();
            self.messages.extend(std::iter::repeat_n(stage, pending.saturating_sub(hints)));
        }
    }

    fn claim(&mut self, stage: Stage) {
        let pending = |(key, row): &(&Key, &mut Row)| key.1 == stage && row.status == Status::Pending;
        let Some((key, row)) = self.rows.iter_mut().find(pending) else { return };
        (row.status, row.fence) = (Status::Claimed, self.next_fence);
        self.next_fence += 1;
        let worker = Worker { key: key.clone(), fence: row.fence };
        self.claimed_last.insert(worker.key.clone(), worker.fence);
        if !self.is_wanted(&worker.key) {
            self.fails(format!("{:?} was claimed, but the entry is {:?}", worker.key, self.submission.state));
        }
        self.workers.push(worker);
    }

    /// The worker remains after its commit: one that did not get the answer commits again.
    pub(crate) fn finish(&mut self, choice: u8, work: u8) {
        let Some(worker) = self.worker(choice) else { return };
        let (run, stage, part) = worker.key.clone();
        if stage == Stage::Screen {
            // A screen part without a verdict changes nothing.
            self.must_change_nothing(Event::PartDone { run, stage, part: part.clone() });
        }
        let event = match stage {
            // A quarter of all entries resembles another one.
            Stage::Screen => Event::Screened { run, work: some_work(work), review: work >= 192 },
            Stage::Probe | Stage::Transcode | Stage::Assemble | Stage::Publish => Event::PartDone { run, stage, part },
        };
        self.commit(&worker, event);
    }

    pub(crate) fn reject(&mut self, choice: u8) {
        let Some(worker) = self.worker(choice) else { return };
        let (run, stage, part) = worker.key.clone();
        let reason = Rejection::damaged(99);
        self.commit(&worker, Event::Rejected { run, stage, part: Some(part), reason });
    }

    /// One fenced transaction: the outcome, the state, the next parts and their messages.
    fn commit(&mut self, worker: &Worker, event: Event) {
        let Some(row) = self.rows.get_mut(&worker.key) else { return };
        let fence_holds = row.fence == worker.fence || self.flaw == Flaw::NoFenceCheck;
        let status_holds = row.status == Status::Claimed || self.flaw == Flaw::NoStatusCheck;
        if !fence_holds || !status_holds {
            // The store refuses. `advance` must not depend on that for events out of place.
            if row.status == Status::Obsolete || row.status == Status::Done {
                self.must_change_nothing(event);
            }
            return;
        }
        row.status = Status::Done;
        let commits = self.committed.entry(worker.key.clone()).or_default();
        commits.push(worker.fence);
        if commits.len() > 1 {
            self.fails(format!("{:?} was committed twice", worker.key));
        }
        if self.claimed_last.get(&worker.key) != Some(&worker.fence) {
            self.fails(format!("{:?} was committed by another than its latest claimer", worker.key));
        }
        self.apply(event);
    }

    pub(crate) fn fail(&mut self, choice: u8) {
        if let Some(row) = self.held(choice) {
            row.attempts += 1;
            row.status = if row.attempts >= MAX_ATTEMPTS { Status::Parked } else { Status::Pending };
        }
    }

    pub(crate) fn later(&mut self, choice: u8) {
        if let Some(row) = self.held(choice) {
            row.status = Status::Pending;
        }
    }

    pub(crate) fn crash(&mut self, choice: u8) {
        if let Some(index) = pick(choice, self.workers.len()) {
            self.workers.swap_remove(index);
        }
    }

    pub(crate) fn expire_lease(&mut self, choice: u8) {
        let mut claimed: Vec<&mut Row> = self.rows.values_mut().filter(|row| row.status == Status::Claimed).collect();
        if let Some(index) = pick(choice, claimed.len()) {
            claimed[index].status = Status::Pending;
        }
    }

    pub(crate) fn retry_parked(&mut self) {
        for row in self.rows.values_mut().filter(|row| row.status == Status::Parked) {
            (row.status, row.attempts) = (Status::Pending, 0);
        }
    }

    pub(crate) fn replay(&mut self, choice: u8) {
        if let Some(index) = pick(choice, self.history.len()) {
            self.must_change_nothing(self.history[index].clone());
        }
    }

    // ── people ──

    pub(crate) fn approve(&mut self) {
        self.accepted |= self.submission.state == State::AwaitingReview;
        self.apply(Event::ReviewAccepted);
    }

    pub(crate) fn refuse(&mut self) {
        self.apply(Event::ReviewRefused { words: "not this one".into() });
    }

    pub(crate) fn release(&mut self, choice: u8) {
        let some = ["bilibili", "tiangong", "unlisted"].into_iter().enumerate();
        let some = some.filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, name)| name.into()).collect();
        let partners = (choice & 8 == 0).then_some(some);
        let opens = partners.as_ref().is_none_or(|some| !self.submission.work.partners.is_disjoint(some));
        self.released |= self.submission.state == State::AwaitingRelease && opens;
        self.apply(Event::Released { partners });
    }

    /// The store uses the rows of recalled partners for the recall; for publishing they are gone, in every run.
    pub(crate) fn recall(&mut self, choice: u8) {
        let partner: PartnerId = if choice & 1 == 0 { "bilibili" } else { "tiangong" }.into();
        if !matches!(self.submission.state, State::Uploading | State::Withdrawn | State::Revoked) {
            let gone = |key: &Key| key.1 == Stage::Publish && key.2 == Part::Partner(partner.clone());
            self.rows.retain(|key, _| !gone(key));
            self.committed.retain(|key, _| !gone(key));
            self.claimed_last.retain(|key, _| !gone(key));
            // A report of the old row cannot be repeated: its fence is gone with the row.
            let of_gone = |event: &Event| match event {
                Event::PartDone { run, stage, part } => gone(&(*run, *stage, part.clone())),
                _ => false,
            };
            self.history.retain(|event| !of_gone(event));
        }
        self.apply(Event::Recalled { partners: [partner.clone()].into() });
    }

    pub(crate) fn withdraw(&mut self) {
        self.apply(Event::Withdrawn);
    }

    pub(crate) fn revoke(&mut self) {
        self.apply(Event::Revoked);
    }

    pub(crate) fn reprocess(&mut self, from: Stage, choice: u8) {
        let redo = some_redo(choice);
        let (run, accepted, released) = (self.submission.run, self.accepted, self.released);
        // A run that begins after a gate passes it only if a person had opened it before.
        let Gates { review, release } = self.submission.gates;
        self.accepted = if from > Stage::Screen { accepted } else { review == Gate::Automatic };
        self.released = release == Gate::Automatic || (released && from > Stage::Assemble);
        let began = std::mem::replace(&mut self.began, from);
        self.apply_in(Event::Reprocess { from, redo }, run + 1);
        if self.submission.run == run {
            (self.accepted, self.released, self.began) = (accepted, released, began);
        }
    }

    pub(crate) fn announce(&mut self) {
        self.apply(Event::Replacing);
        let may = matches!(self.submission.state.name(), "probe" | "screen" | "awaiting_review" | "rejected");
        if self.submission.replacing != may {
            self.fails(format!("another film was announced at {:?}", self.submission.state));
        }
    }

    /// Another film, announced or not. Every gate closes again.
    pub(crate) fn replace(&mut self) {
        let (run, accepted, released) = (self.submission.run, self.accepted, self.released);
        let announced = self.submission.replacing;
        let Gates { review, release } = self.submission.gates;
        (self.accepted, self.released) = (review == Gate::Automatic, release == Gate::Automatic);
        let began = std::mem::replace(&mut self.began, Stage::Probe);
        self.apply_in(Event::Replaced { run }, run + 1);
        if self.submission.run == run {
            (self.accepted, self.released, self.began) = (accepted, released, began);
        }
        if announced != (self.submission.run == run + 1) {
            self.fails(format!("another film, announced: {announced}, left run {}", self.submission.run));
        }
    }

    // ── the only place where the state changes ──

    fn apply(&mut self, event: Event) {
        let run = self.submission.run;
        self.apply_in(event, run);
    }

    /// Applies an event after which the run is either unchanged or `run`.
    fn apply_in(&mut self, event: Event, run: u32) {
        let before = self.submission.clone();
        let mut parts = self.submission.advance(event.clone());
        let after = self.submission.clone();
        if after.run != before.run && after.run != run {
            self.fails(format!("{event:?} took run {} to {}", before.run, after.run));
        }
        let taken_back = matches!(before.state, State::Withdrawn | State::Revoked);
        if taken_back && (after != before || !parts.is_empty()) {
            self.fails(format!("{event:?} changed an entry that was taken back to {:?}", after.state));
        }
        if after == before {
            if !parts.is_empty() {
                self.fails(format!("{event:?} changed nothing and yet started {parts:?}"));
            }
            return;
        }
        if let Event::Screened { review: true, .. } = &event {
            self.accepted = false;
        }
        if self.flaw == Flaw::ForgetsParts {
            parts.pop();
        }
        self.start(parts);
        if self.flaw != Flaw::KeepsObsoleteParts {
            self.close_obsolete();
        }
        self.remember(event);
    }

    /// Reports of machines may be repeated at any time; an act of a person means something new each time.
    fn remember(&mut self, event: Event) {
        match event {
            Event::Uploaded
            | Event::Replaced { .. }
            | Event::PartDone { .. }
            | Event::Screened { .. }
            | Event::Rejected { .. } => {
                self.history.push(event);
            }
            Event::ReviewAccepted
            | Event::ReviewRefused { .. }
            | Event::Released { .. }
            | Event::Recalled { .. }
            | Event::Withdrawn
            | Event::Revoked
            | Event::Replacing
            | Event::Reprocess { .. } => {}
        }
    }

    fn start(&mut self, parts: Vec<PartToDo>) {
        for PartToDo { stage, part } in parts {
            if stage > Stage::Screen && !self.accepted {
                self.fails(format!("{stage} began without a review"));
            }
            if stage > Stage::Assemble && !self.released {
                self.fails(format!("{stage} began without a release"));
            }
            let key = (self.submission.run, stage, part);
            self.messages.push(stage);
            let row = Row { status: Status::Pending, fence: 0, attempts: 0 };
            if self.rows.insert(key.clone(), row).is_some() {
                self.fails(format!("{key:?} was handed out twice"));
            }
        }
    }

    fn close_obsolete(&mut self) {
        let unwanted: Vec<Key> = self.rows.keys().filter(|key| !self.is_wanted(key)).cloned().collect();
        for key in unwanted {
            if let Some(row) = self.rows.get_mut(&key).filter(|row| row.status != Status::Done) {
                row.status = Status::Obsolete;
            }
        }
    }

    fn must_change_nothing(&mut self, event: Event) {
        let mut copy = self.submission.clone();
        let parts = copy.advance(event.clone());
        if copy != self.submission || !parts.is_empty() {
            self.fails(format!("{event:?} is late and took {:?} to {:?}", self.submission.state, copy.state));
        }
    }

    // ── small things ──

    /// Whether the state asks for this very part. A delivery that was begun continues, whatever happens to the next
    /// run, until that run reaches the same partner itself or the work is recalled.
    fn is_wanted(&self, (run, stage, part): &Key) -> bool {
        let asked =
            matches!(&self.submission.state, State::At { stage: at, pending } if at == stage && pending.contains(part));
        let taken_back = matches!(self.submission.state, State::Withdrawn | State::Revoked);
        if asked { *run == self.submission.run } else { *stage == Stage::Publish && !taken_back }
    }

    fn worker(&self, choice: u8) -> Option<Worker> {
        pick(choice, self.workers.len()).map(|index| self.workers[index].clone())
    }

    /// The row that a worker still holds, by its fence.
    fn held(&mut self, choice: u8) -> Option<&mut Row> {
        let worker = self.worker(choice)?;
        self.rows.get_mut(&worker.key).filter(|row| row.status == Status::Claimed && row.fence == worker.fence)
    }

    fn fails(&mut self, failure: String) {
        self.failure.get_or_insert(failure);
    }
}

fn pick(choice: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(choice) % len)
}

/// From no work to a little of everything.
fn some_work(choice: u8) -> Work {
    let names =
        |names: &[&str], count: u8| names.iter().take(count.into()).map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Work {
        segments: u32::from(choice % 4),
        audio: choice & 4 != 0,
        renditions: names(&["social-1080", "web-720"], choice / 8 % 3)
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        partners: names(&["bilibili", "tiangong"], choice / 32 % 3).iter().map(|name| name.as_str().into()).collect(),
        released: None,
    }
}

/// To all partners, to some, or to none.
fn some_redo(choice: u8) -> Redo {
    let partners: [&[&str]; 4] = [&["bilibili"], &["tiangong", "unlisted"], &["bilibili", "tiangong"], &[]];
    let named = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
    Redo { partners: partners.get(usize::from(choice) % 8).map(|names| named(names)), replace: named(&["bilibili"]) }
}
