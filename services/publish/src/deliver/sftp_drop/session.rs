//! What survives a crash of a delivery.
use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::task::Task;

/// The state that survives a crash: which files are there, so that none is sent or read back twice, and the progress of
/// a recall.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Session {
    /// Files that are complete in the folder, with their SHA-256.
    pub(super) done: BTreeMap<String, String>,
    /// MD5 of fetched files, which ADI requires.
    pub(super) md5: BTreeMap<String, String>,
    /// The partner reported that it has the work.
    pub(super) held: bool,
    /// We began to remove it.
    pub(super) taking_back: bool,
}

/// The stored state of this run, or an empty one.
pub(super) async fn session(task: &Task<'_>) -> Result<Session> {
    Ok(task.session().await?.unwrap_or_default())
}
