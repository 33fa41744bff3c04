//! Announcements of the broker as readers receive them.
use std::collections::HashMap;

use pipeline::id::{ContestId, SubmissionId};
use runtime::store::Store;
use runtime::wire::Announced;

use super::change::Change;

/// Works whose contest is remembered: announcements of deliveries do not contain it.
const REMEMBERED: usize = 4_096;

/// Turns announcements into changes.
#[derive(Default)]
pub(super) struct Announcements {
    /// The contests of works that were announced before.
    contests: HashMap<SubmissionId, ContestId>,
}

impl Announcements {
    /// An announcement as readers receive it; `None` if the work no longer exists.
    pub(super) async fn change(&mut self, store: &Store, announced: Announced) -> anyhow::Result<Option<Change>> {
        Ok(match announced {
            Announced::Work { submission, contest, state } => {
                self.remember(submission, contest.clone());
                let contests = vec![contest];
                Some(Change { kind: "work", id: submission.0, partner: None, state, contests })
            }
            Announced::Delivery { submission, partner, state } => {
                let contest = self.contest_of(store, submission).await?;
                contest.map(|contest| Change {
                    kind: "delivery",
                    id: submission.0,
                    partner: Some(partner),
                    state: Some(state),
                    contests: vec![contest],
                })
            }
        })
    }

    async fn contest_of(&mut self, store: &Store, submission: SubmissionId) -> anyhow::Result<Option<ContestId>> {
        if let Some(known) = self.contests.get(&submission) {
            return Ok(Some(known.clone()));
        }
        let found = store.contest_of_work(submission).await?;
        if let Some(contest) = &found {
            self.remember(submission, contest.clone());
        }
        Ok(found)
    }

    fn remember(&mut self, submission: SubmissionId, contest: ContestId) {
        if self.contests.len() >= REMEMBERED {
            self.contests.clear();
        }
        self.contests.insert(submission, contest);
    }
}
