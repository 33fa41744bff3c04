//! The requests to the sandboxed child about an entrant's file, and what the way it ended means. Pure.
use std::path::Path;
use std::time::Duration;

use media::protocol::{Job, Limits, Request};
use pipeline::rejection::Rejection;
use runtime::child::ChildError;

/// The name that every entrant's file has in the input directory.
pub const SOURCE: &str = "source";

/// Longest probe: in half an hour one slow core decodes an eight-minute 4K entry twice, with a preview.
pub const DEADLINE: Duration = Duration::from_secs(1800);

/// The name of a file with the two ends of an entrant's file, while the file itself is still being fetched.
pub const ENDS: &str = "ends";

/// Longest look at headers; a later result is of no use.
pub const OUTLINE_DEADLINE: Duration = Duration::from_secs(30);

/// Reads what the headers of `file` in `input` claim.
pub fn outline(input: &Path, file: &str, allow_missing_landlock: bool) -> Request {
    Request {
        input_dir: Some(input.to_owned()),
        output_dir: None,
        limits: Limits::outline(),
        allow_missing_landlock,
        job: Job::Outline { file: file.into() },
    }
}

/// Decodes the one file of `input` once and measures it; leaves a preview in `output`, or writes nothing.
pub fn probe(input: &Path, output: Option<&Path>, allow_missing_landlock: bool) -> Request {
    Request {
        input_dir: Some(input.to_owned()),
        output_dir: output.map(Path::to_owned),
        limits: if output.is_some() { Limits::preview() } else { Limits::probe() },
        allow_missing_landlock,
        job: Job::Probe { file: SOURCE.into() },
    }
}

/// The verdict on the *content* that follows from the way a probe ended; `None` for a failure of ours.
///
/// `attempt` counts from 1. A crash, an impossible answer or an exceeded budget is a verdict on the second attempt only: on the first one
/// it counts as our failure and is tried again, since the machine may have been short of memory for other reasons.
pub fn verdict_of(end: &ChildError, attempt: u32) -> Option<Rejection> {
    match end {
        ChildError::Rejected(reason) => Some(reason.clone()),
        ChildError::Crashed(_) | ChildError::Lied(_) if attempt > 1 => Some(Rejection::Undecodable),
        ChildError::TimedOut(_) if attempt > 1 => Some(Rejection::BudgetExceeded { budget: "time".into() }),
        ChildError::Crashed(_)
        | ChildError::Lied(_)
        | ChildError::TimedOut(_)
        | ChildError::Cancelled
        | ChildError::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use runtime::child::Crash;

    use super::*;

    #[test]
    fn a_crash_is_tried_once_more_and_then_a_verdict() {
        let crash = ChildError::Crashed(Crash::Signal(11));
        assert_eq!(verdict_of(&crash, 1), None);
        assert_eq!(verdict_of(&crash, 2), Some(Rejection::Undecodable));
        let lie = ChildError::Lied("it measured another file".into());
        assert_eq!((verdict_of(&lie, 1), verdict_of(&lie, 2)), (None, Some(Rejection::Undecodable)));
    }

    #[test]
    fn what_fails_on_our_side_never_refuses_content() {
        for attempt in 1..9 {
            assert_eq!(verdict_of(&ChildError::Failed("no scratch".into()), attempt), None);
            assert_eq!(verdict_of(&ChildError::Cancelled, attempt), None);
        }
    }
}
