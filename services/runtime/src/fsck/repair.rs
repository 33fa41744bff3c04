//! What can be repaired without a person: an object without a row becomes garbage, and an upload whose bytes are gone
//! is aborted, so that its client starts again. Stuck work is restarted. Producing files again takes hours of machine
//! time and perhaps involves partners, so it is only suggested.
use pipeline::id::UploadId;

use super::finding::{Fault, Finding};
use super::kind::Kind;
use super::place::place;
use crate::objects::Objects;
use crate::store::Store;

/// Repairs, and reports what it did.
pub(super) async fn repair(store: &Store, objects: &Objects, finding: &Finding) -> anyhow::Result<Option<String>> {
    match (&finding.fault, finding.kind) {
        (Fault::Orphan, Kind::Multipart) => {
            let Some(multipart) = &finding.multipart else { return Ok(None) };
            objects.abort_multipart(multipart).await?;
            Ok(Some("aborted".to_owned()))
        }
        (Fault::Orphan, _) => {
            let due = store.note_orphan(&finding.key).await?;
            Ok(Some(format!("goes with the garbage after {}", due.format("%F %T UTC"))))
        }
        (Fault::Missing | Fault::WrongSize(_) | Fault::WrongDigest(_), Kind::Piece | Kind::Tail | Kind::Multipart) => {
            let Some((_, upload)) = place(&finding.key) else { return Ok(None) };
            let given_up = store.terminate_upload(UploadId(upload)).await?;
            Ok(given_up.then(|| "the upload was given up".to_owned()))
        }
        (Fault::Stuck | Fault::Surplus, _) => {
            let Some(id) = finding.submission else { return Ok(None) };
            // All of an entry is repaired with its first finding.
            store.unstick(id).await?;
            Ok(Some("set going again".to_owned()))
        }
        (Fault::Missing | Fault::WrongSize(_) | Fault::WrongDigest(_) | Fault::Foreign, _) => Ok(None),
    }
}
