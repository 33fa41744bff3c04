//! Whether a failed try counts: as the upload's own fault, or not, because a server was unavailable.
use runtime::objects::ObjectError;
use runtime::problem::{Code, Problem};
use runtime::store::is_unavailable;

/// Whether a failed try is the upload's fault, and not that of an unavailable server.
pub(crate) fn is_fault(err: &anyhow::Error) -> bool {
    let away = err.chain().any(|cause| {
        matches!(cause.downcast_ref(), Some(ObjectError::Unavailable(_) | ObjectError::File(_)))
            || cause.is::<std::io::Error>()
            || matches!(cause.downcast_ref(), Some(Problem { code: Code::Unavailable, .. }))
    });
    !away && !is_unavailable(err)
}
