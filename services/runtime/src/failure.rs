//! Why a part failed, as a metric label: the last cause in the chain of errors. There are few labels, so that a
//! dashboard can distinguish our disk from a partner; the sentence for people is the error itself.
use pipeline::stage::Stage;

use crate::child::ChildError;
use crate::objects::ObjectError;
use crate::store;

/// Every reason that [`reason`] returns, and `quality`, the reason of parts that quality control failed and that were
/// parked.
pub const REASONS: [&str; 11] = [
    "database",
    "object_store",
    "disk",
    "child_crashed",
    "child_timed_out",
    "child_failed",
    "cancelled",
    "content",
    "panicked",
    "partner",
    "other",
];
/// Quality control failed: another attempt would fail, too.
pub const QUALITY: &str = "quality";

/// What failed.
pub fn reason(stage: Stage, failure: &anyhow::Error) -> &'static str {
    if failure.is::<Panicked>() {
        return "panicked";
    }
    failure.chain().find_map(cause).unwrap_or(match stage {
        // Any other failure there is the partner's.
        Stage::Publish => "partner",
        Stage::Probe | Stage::Screen | Stage::Transcode | Stage::Assemble => "other",
    })
}

/// Whether the cause is a shared resource whose outage ends without work on this part: no database, no object store, no
/// disk space. A file that never fits is retried for ever; the oldest age of its stage shows that.
pub(crate) fn is_outage(failure: &anyhow::Error) -> bool {
    store::is_unavailable(failure)
        || failure.chain().any(|cause| match cause.downcast_ref::<ObjectError>() {
            Some(ObjectError::Unavailable(_)) => true,
            Some(ObjectError::NotFound | ObjectError::Refused(_) | ObjectError::File(_)) => false,
            None => match cause.downcast_ref::<ChildError>() {
                Some(ChildError::Failed(words)) => says_no_room(words),
                _ => cause.downcast_ref::<std::io::Error>().is_some_and(is_no_room),
            },
        })
}

fn is_no_room(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// A child reports its failure as text; these are the operating system's words in it.
fn says_no_room(words: &str) -> bool {
    ["No space left on device", "Disk quota exceeded"].iter().any(|full| words.contains(full))
}

fn cause(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(child) = error.downcast_ref::<ChildError>() {
        return Some(match child {
            ChildError::Rejected(_) => "content",
            ChildError::Crashed(_) | ChildError::Lied(_) => "child_crashed",
            ChildError::TimedOut(_) => "child_timed_out",
            ChildError::Cancelled => "cancelled",
            ChildError::Failed(words) if says_no_room(words) => "disk",
            ChildError::Failed(_) => "child_failed",
        });
    }
    if let Some(objects) = error.downcast_ref::<ObjectError>() {
        return Some(match objects {
            ObjectError::NotFound | ObjectError::Unavailable(_) | ObjectError::Refused(_) => "object_store",
            ObjectError::File(_) => "disk",
        });
    }
    if store::is_database(error) {
        return Some("database");
    }
    error.downcast_ref::<std::io::Error>().map(|_| "disk")
}

/// A handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked: {0}")]
pub(crate) struct Panicked(pub(crate) String);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::Context;

    use super::*;

    #[test]
    fn a_failure_is_named_for_what_its_chain_ends_in() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        for (error, expected) in [
            (
                anyhow::Error::from(ChildError::TimedOut(Duration::from_secs(1))).context("encode segment 3"),
                "child_timed_out",
            ),
            (anyhow::Error::from(ObjectError::Unavailable("slow down".into())).context("store it"), "object_store"),
            (Err::<(), _>(ObjectError::File(full)).context("fetch it").unwrap_err(), "disk"),
            (Err::<(), _>(sqlx::Error::PoolTimedOut).context("load it").unwrap_err(), "database"),
            (Panicked("index out of bounds".into()).into(), "panicked"),
            (anyhow::anyhow!("the plan has no web-720"), "other"),
        ] {
            assert_eq!(reason(Stage::Transcode, &error), expected, "{error:#}");
            assert!(REASONS.contains(&expected));
        }
        let full = ChildError::Failed("write the segment: No space left on device".into());
        assert_eq!(reason(Stage::Transcode, &full.into()), "disk");
        assert_eq!(reason(Stage::Publish, &anyhow::anyhow!("archive.add answered 500")), "partner");
    }
    #[test]
    fn want_of_a_neighbour_or_of_room_is_an_outage_and_all_else_is_the_parts_own() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        let child = |words: &str| ChildError::Failed(words.into());
        for outage in [
            anyhow::Error::from(ObjectError::Unavailable("slow down".into())).context("store it"),
            ObjectError::File(full()).into(),
            anyhow::Error::from(full()).context("make a directory"),
            sqlx::Error::PoolTimedOut.into(),
            anyhow::Error::from(child("write the segment: No space left on device")).context("encode segment 3"),
        ] {
            assert!(is_outage(&outage), "{outage:#}");
        }
        for own in [
            anyhow::Error::from(ObjectError::NotFound).context("fetch it"),
            ObjectError::Refused("no such key id".into()).into(),
            ObjectError::File(std::io::ErrorKind::PermissionDenied.into()).into(),
            child("no encoder").into(),
            ChildError::TimedOut(Duration::from_secs(1)).into(),
            Panicked("index out of bounds".into()).into(),
            anyhow::anyhow!("the plan has no web-720"),
        ] {
            assert!(!is_outage(&own), "{own:#}");
        }
    }
}
