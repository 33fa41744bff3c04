//! What must hold after each event, and at the end. A child module of the model, so that it sees its rows directly.
use std::collections::BTreeSet;

use pipeline::id::PartnerId;
use pipeline::part::Part;
use pipeline::stage::Stage;
use pipeline::submission::{State, Submission};

use super::{Flaw, Key, Model, Row, Status};

impl Model {
    /// The first failure, if there is one.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        match &self.submission.state {
            State::At { stage, pending } => self.check_at(*stage, pending),
            State::Published => self.check_published(),
            State::Uploading
            | State::AwaitingReview
            | State::AwaitingRelease
            | State::Rejected { .. }
            | State::Withdrawn
            | State::Revoked => Ok(()),
        }
    }

    fn check_at(&self, stage: Stage, pending: &BTreeSet<Part>) -> Result<(), String> {
        let open = |row: &Row| matches!(row.status, Status::Pending | Status::Claimed | Status::Parked);
        let of_run = |key: &Key| key.0 == self.submission.run && key.1 == stage;
        let to_do: BTreeSet<Part> =
            self.rows.iter().filter(|(key, row)| of_run(key) && open(row)).map(|(key, _)| key.2.clone()).collect();
        if to_do.is_empty() {
            return Err(format!("stuck at {stage}: nothing is pending, claimed or parked"));
        }
        // In a store that forgets parts the two differ at once; the check for stuck entries must find that flaw.
        if to_do != *pending && self.flaw != Flaw::ForgetsParts {
            return Err(format!("{stage} waits for {pending:?}, the store has {to_do:?} to do"));
        }
        Ok(())
    }

    fn check_published(&self) -> Result<(), String> {
        for stage in Stage::ALL.into_iter().filter(|stage| *stage >= self.began) {
            let of_run = |key: &Key| key.0 == self.submission.run && key.1 == stage;
            let mut undone = self.rows.iter().filter(|(key, row)| of_run(key) && row.status != Status::Done);
            if let Some((key, _)) = undone.next() {
                return Err(format!("published, but {key:?} is not done"));
            }
            let done = self.rows.keys().filter(|key| of_run(key)).count();
            let expected = expected_parts(&self.submission, stage);
            if done != expected {
                return Err(format!("published after {done} of {expected} parts of {stage}"));
            }
        }
        Ok(())
    }

    /// Working workers and willing people: whatever happened before, the entry settles, and soon.
    pub(crate) fn calm_down(&mut self) -> Result<(), String> {
        for _ in 0..1000 {
            if self.submission.is_settled() {
                return Ok(());
            }
            self.workers.clear();
            for row in self.rows.values_mut().filter(|row| row.status == Status::Claimed) {
                row.status = Status::Pending;
            }
            self.upload();
            self.retry_parked();
            self.reconcile();
            self.deliver(0);
            self.finish(0, 5);
            self.approve();
            self.release(8);
            self.check().map_err(|failure| format!("while calming down: {failure}"))?;
        }
        Err(format!("left alone, the entry stays stuck at {:?}", self.submission.state))
    }
}

/// The number of parts of a stage, counted independently of the submission.
fn expected_parts(submission: &Submission, stage: Stage) -> usize {
    let Submission { work, redo, recalled, .. } = submission;
    match stage {
        Stage::Probe | Stage::Screen => 1,
        Stage::Transcode => work.segments as usize + usize::from(work.audio),
        Stage::Assemble => work.renditions.len(),
        Stage::Publish => {
            let among =
                |it: &PartnerId, some: &Option<BTreeSet<PartnerId>>| some.as_ref().is_none_or(|some| some.contains(it));
            let wanted =
                |it: &&PartnerId| among(it, &work.released) && among(it, &redo.partners) && !recalled.contains(*it);
            work.partners.iter().filter(wanted).count()
        }
    }
}
