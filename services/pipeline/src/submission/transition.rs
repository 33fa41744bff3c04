//! The transitions of a submission: what each event changes, and which parts it starts.
use std::collections::BTreeSet;

use super::{Event, Gate, Phase, Redo, State, Submission, Work};
use crate::id::PartnerId;
use crate::part::{Part, PartToDo};
use crate::rejection::Rejection;
use crate::stage::Stage;

impl Submission {
    /// As [`Submission::advance`], without its rule on replacements.
    pub(super) fn apply(&mut self, event: Event) -> Vec<PartToDo> {
        match event {
            Event::Uploaded if self.state == State::Uploading => self.enter(Stage::Probe),
            Event::Replacing => {
                self.replacing = self.state.may_be_replaced();
                Vec::new()
            }
            Event::Replaced { run } => self.replaced(run),
            Event::PartDone { run, stage, part } => self.part_done(run, stage, &part),
            Event::Screened { run, work, review } => self.screened(run, work, review),
            Event::Rejected { run, stage, part, reason } => self.rejected(run, stage, part.as_ref(), reason),
            Event::ReviewAccepted if self.state == State::AwaitingReview => self.pass(Stage::Screen),
            Event::ReviewRefused { words } if self.state == State::AwaitingReview => {
                self.settle(State::Rejected { stage: Stage::Screen, reason: Rejection::ReviewRefused { words } })
            }
            Event::Released { partners } => self.released(partners),
            Event::Uploaded | Event::ReviewAccepted | Event::ReviewRefused { .. } => Vec::new(),
            Event::Recalled { partners } => self.recalled(&partners),
            Event::Withdrawn => self.taken_back(State::Withdrawn),
            Event::Revoked => self.taken_back(State::Revoked),
            Event::Reprocess { from, redo } => self.reprocess(from, redo),
        }
    }

    /// A new run with another film. No decision about the former film holds for it.
    fn replaced(&mut self, run: u32) -> Vec<PartToDo> {
        if run != self.run || !self.replacing {
            return Vec::new();
        }
        let (work, redo) = (Work::default(), Redo::default());
        *self = Self { run: self.run + 1, work, redo, replacing: false, ..self.clone() };
        self.enter(Stage::Probe)
    }

    fn part_done(&mut self, run: u32, done_at: Stage, part: &Part) -> Vec<PartToDo> {
        // The screen part alone does not say what to make: only `Screened` ends it.
        if run != self.run || done_at == Stage::Screen {
            return Vec::new();
        }
        let State::At { stage, pending } = &mut self.state else { return Vec::new() };
        if *stage != done_at || !pending.remove(part) || !pending.is_empty() {
            return Vec::new();
        }
        self.leave(done_at)
    }

    fn screened(&mut self, run: u32, work: Work, review: bool) -> Vec<PartToDo> {
        if run != self.run || !self.is_at(Stage::Screen) {
            return Vec::new();
        }
        // The plan does not contain the partners it was released to.
        let released = self.work.released.take();
        self.work = Work { released, ..work };
        if review {
            return self.settle(State::AwaitingReview);
        }
        self.leave(Stage::Screen)
    }

    /// Opens the gate for these partners, or adds them after it was opened. Only planned partners get the work, and
    /// each once.
    fn released(&mut self, partners: Option<BTreeSet<PartnerId>>) -> Vec<PartToDo> {
        let chosen: BTreeSet<PartnerId> = match &partners {
            None => self.work.partners.clone(),
            Some(partners) => self.work.partners.intersection(partners).cloned().collect(),
        };
        match self.state.phase() {
            Phase::Release if chosen.is_empty() && partners.is_some() => Vec::new(),
            Phase::Release => self.open_release(partners.map(|_| chosen)),
            Phase::Publishing | Phase::Published => self.release_further(&chosen),
            _ => Vec::new(),
        }
    }

    /// Opens the gate for `chosen`; `None` is all of the work's partners.
    fn open_release(&mut self, chosen: Option<BTreeSet<PartnerId>>) -> Vec<PartToDo> {
        let among = chosen.as_ref().unwrap_or(&self.work.partners);
        self.recalled.retain(|partner| !among.contains(partner));
        // Partners named here are included, even if the run was requested for others.
        if let (Some(chosen), Some(asked)) = (&chosen, &mut self.redo.partners) {
            asked.extend(chosen.iter().cloned());
        }
        self.work.released = chosen;
        self.pass(Stage::Assemble)
    }

    /// Adds those of `chosen` that it is not published to yet.
    fn release_further(&mut self, chosen: &BTreeSet<PartnerId>) -> Vec<PartToDo> {
        let added: BTreeSet<PartnerId> = chosen.difference(&self.publishes_to()).cloned().collect();
        if added.is_empty() {
            return Vec::new();
        }
        self.recalled.retain(|partner| !added.contains(partner));
        for some in [&mut self.work.released, &mut self.redo.partners].into_iter().flatten() {
            some.extend(added.iter().cloned());
        }
        let parts: BTreeSet<Part> = added.into_iter().map(Part::Partner).collect();
        let started = parts.iter().map(|part| PartToDo { stage: Stage::Publish, part: part.clone() }).collect();
        if let State::At { pending, .. } = &mut self.state {
            pending.extend(parts);
        } else {
            self.state = State::At { stage: Stage::Publish, pending: parts };
        }
        started
    }

    /// These partners are not published to any more, by this run or a later one, until a release names them again.
    fn recalled(&mut self, partners: &BTreeSet<PartnerId>) -> Vec<PartToDo> {
        if matches!(self.state.phase(), Phase::Arriving | Phase::TakenBack) {
            return Vec::new();
        }
        self.recalled.extend(partners.iter().cloned());
        let wanted = self.parts_of(Stage::Publish);
        if let State::At { stage: Stage::Publish, pending } = &mut self.state {
            pending.retain(|part| wanted.contains(part));
            if pending.is_empty() {
                return self.leave(Stage::Publish);
            }
        }
        Vec::new()
    }

    fn rejected(&mut self, run: u32, found_at: Stage, part: Option<&Part>, reason: Rejection) -> Vec<PartToDo> {
        let State::At { stage, pending } = &self.state else { return Vec::new() };
        // A part that is done has reported; a second, different report is late.
        if run != self.run || *stage != found_at || part.is_some_and(|part| !pending.contains(part)) {
            return Vec::new();
        }
        self.settle(State::Rejected { stage: found_at, reason })
    }

    /// An entrant may always withdraw, and an organiser may revoke once the film has arrived: a refused run may follow
    /// a published one.
    fn taken_back(&mut self, to: State) -> Vec<PartToDo> {
        match self.state.phase() {
            Phase::TakenBack => Vec::new(),
            Phase::Arriving if to == State::Revoked => Vec::new(),
            _ => self.settle(to),
        }
    }

    /// A new run; only people reprocess, so it may override a verdict. The partners it was released to stay until the
    /// gate, if it waits for a person, is opened again.
    fn reprocess(&mut self, from: Stage, redo: Redo) -> Vec<PartToDo> {
        if !self.state.may_reprocess(from) {
            return Vec::new();
        }
        let mut next = Self { run: self.run + 1, redo, ..self.clone() };
        // A run that would only publish, and to no partner, is a mistake.
        if from == Stage::Publish && next.redo.partners.is_some() && next.publishes_to().is_empty() {
            return Vec::new();
        }
        match from {
            Stage::Probe | Stage::Screen => {
                next.work = Work { released: next.work.released, ..Work::default() };
            }
            Stage::Transcode | Stage::Assemble | Stage::Publish => {}
        }
        *self = next;
        self.enter(from)
    }

    fn is_at(&self, wanted: Stage) -> bool {
        matches!(&self.state, State::At { stage, .. } if *stage == wanted)
    }

    fn settle(&mut self, state: State) -> Vec<PartToDo> {
        self.state = state;
        Vec::new()
    }

    /// Starts a stage. One without parts is passed, including its gate.
    fn enter(&mut self, stage: Stage) -> Vec<PartToDo> {
        let pending = self.parts_of(stage);
        if pending.is_empty() {
            return self.leave(stage);
        }
        let parts = pending.iter().map(|part| PartToDo { stage, part: part.clone() }).collect();
        self.state = State::At { stage, pending };
        parts
    }

    /// Ends a stage: waits at the gate after it if a person opens that, else continues.
    fn leave(&mut self, stage: Stage) -> Vec<PartToDo> {
        let (gate, waiting) = match stage {
            Stage::Screen => (self.gates.review, State::AwaitingReview),
            Stage::Assemble => (self.gates.release, State::AwaitingRelease),
            Stage::Probe | Stage::Transcode | Stage::Publish => return self.pass(stage),
        };
        match gate {
            Gate::Manual => self.settle(waiting),
            Gate::Automatic => self.pass(stage),
        }
    }

    /// Continues with what follows a stage whose gate is open.
    fn pass(&mut self, stage: Stage) -> Vec<PartToDo> {
        match stage.next() {
            Some(next) => self.enter(next),
            None => self.settle(State::Published),
        }
    }
}
