//! What the checks of all answers share.
use std::path::Path;

use media::protocol::Request;
use runtime::child::{ChildError, numbers};
use serde::Serialize;

/// How a JPEG begins.
pub(super) const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
/// The four bytes of an mp4 after the size of its first box.
pub(super) const FTYP: &[u8] = b"ftyp";

pub(super) fn lied(what: impl Into<String>) -> ChildError {
    ChildError::Lied(what.into())
}

pub(super) fn ensure(holds: bool, what: &str) -> Result<(), ChildError> {
    if holds { Ok(()) } else { Err(lied(what)) }
}

pub(super) fn plain_numbers(report: &impl Serialize) -> Result<(), ChildError> {
    let value = serde_json::to_value(report).map_err(|error| lied(error.to_string()))?;
    numbers(&value).map_err(lied)
}

pub(super) fn another_job() -> ChildError {
    lied("it answers another job")
}

/// The request's output directory.
pub(super) fn output(request: &Request) -> Result<&Path, ChildError> {
    request.output_dir.as_deref().ok_or_else(|| ChildError::Failed("the request has no output directory".into()))
}
