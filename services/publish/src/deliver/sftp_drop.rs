//! Delivery to the partner's SFTP server: a folder per run, every file under a temporary name until it is complete, and
//! a `.done` marker last, which alone makes it count. The partner answers with a receipt in the same folder.
//!
//! | what | file |
//! |---|---|
//! | the server's address, and its trusted host key | `access` |
//! | the connection, with a pinned host key | `connect` |
//! | a session: bounded, every request with a deadline | `remote` |
//! | one file, resumed where it broke | `transfer` |
//! | the folder of one run, and the partner's answers in it | `folder` |
//! | how it is filled and marked | `fill` |
//! | what a worker that takes over needs to know | `session` |
//! | the partner's answer | `receipt`, `receipt_fields` |
//! | what it means for the work | `progress` |
//! | the description that IPTV head-ends ingest | `describe`, `adi` |
//!
//! Until the partner reports that it has the files, removing them is the recall. After that, they may have been copied:
//! then a `recall.json` requests the removal, and only the receipt `recalled`, or an operator, proves that the work is
//! gone.
use std::time::Duration;

use anyhow::{Context, Result, bail};
use pipeline::delivery::{IntentId, Receipt};
use runtime::outcome::Outcome;
use serde_json::{Value, json};

use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::exchange::CallError;
use crate::package::PackageFile;
use crate::task::Task;

pub(crate) mod access;
mod adi;
mod connect;
mod describe;
mod fill;
mod folder;
mod progress;
mod receipt;
mod receipt_fields;
mod remote;
mod session;
mod transfer;

use access::Access;
use connect::ConnectError;
use folder::{AGAIN, Folder, MARKER};
use progress::{look, take_back};
use remote::Remote;

/// The adapter.
pub(crate) struct SftpDrop;

impl Way for SftpDrop {
    const LEAVES_FILES: bool = true;

    async fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
        let access = Access::read(task)?;
        let remote = connect(task, &access).await?;
        let prepared = Folder::of(task, &access).fill(task, &remote, files).await;
        remote.close().await;
        patiently(task, prepared).map(|()| Prepared::Ready)
    }

    async fn submit(&self, task: &mut Task<'_>, files: &[PackageFile], intent: IntentId) -> Result<Submitted> {
        let access = Access::read(task)?;
        let remote = match Remote::connect(&access).await {
            Ok(remote) => remote,
            Err(error) => return Ok(Submitted::NotSent { words: error.to_string(), again: Some(again(task)) }),
        };
        let submitted = Folder::of(task, &access).mark(task, &remote, files, intent).await;
        remote.close().await;
        submitted
    }

    async fn read_back(&self, task: &mut Task<'_>, _intent: IntentId) -> Result<ReadBack> {
        let access = Access::read(task)?;
        let folder = Folder::of(task, &access);
        let remote = connect(task, &access).await?;
        // The marker is renamed into its place, so it is either complete or absent; one of an earlier try counts as
        // well.
        let there = remote.size(&folder.path(MARKER)).await;
        remote.close().await;
        Ok(match patiently(task, there.context("look for the marker"))? {
            Some(_) => ReadBack::Found(folder.receipt()),
            None => ReadBack::Absent,
        })
    }

    async fn look(&self, task: &mut Task<'_>, _receipt: &Receipt) -> Result<Seen> {
        let access = Access::read(task)?;
        let folder = Folder::of(task, &access);
        let remote = connect(task, &access).await?;
        let seen = look(task, &folder, &remote).await;
        remote.close().await;
        patiently(task, seen)
    }

    async fn take_back(&self, task: &mut Task<'_>, receipt: Option<&Receipt>) -> Result<TakenBack> {
        let access = Access::read(task)?;
        let folder = Folder::of(task, &access);
        let remote = connect(task, &access).await?;
        let taken = take_back(task, &folder, &remote, receipt.is_some()).await;
        remote.close().await;
        patiently(task, taken)
    }
}

/// The longer there is no answer, the longer the waits.
fn again(task: &Task<'_>) -> Duration {
    match task.look_again() {
        Outcome::Later(wait) => wait,
        Outcome::Done(_) | Outcome::Rejected(_) | Outcome::OverBudget(_) | Outcome::Parked(_) => AGAIN,
    }
}

async fn connect(task: &mut Task<'_>, access: &Access) -> Result<Remote> {
    let error = match Remote::connect(access).await {
        Ok(remote) => return Ok(remote),
        Err(error) => error,
    };
    task.record("connect", place(access), json!({ "error": error.to_string() })).await?;
    match error {
        // An outage of theirs is no failure of ours, however long it lasts.
        ConnectError::Unreachable(words) => Err(CallError::Wait(again(task))).context(words),
        ConnectError::HostKey(words) | ConnectError::Login(words) => bail!("{}: {words}", task.partner.id),
    }
}

/// A broken connection counts as their outage, too: the work done so far is kept, and continued.
fn patiently<T>(task: &Task<'_>, done: Result<T>) -> Result<T> {
    done.map_err(|error| match error.downcast_ref::<remote::Error>() {
        Some(remote::Error::IO(_) | remote::Error::Timeout | remote::Error::UnexpectedBehavior(_)) => {
            anyhow::Error::new(CallError::Wait(again(task))).context(format!("{error:#}"))
        }
        Some(remote::Error::Status(_) | remote::Error::Limited(_) | remote::Error::UnexpectedPacket) | None => error,
    })
}

/// The server's address, for the evidence.
fn place(access: &Access) -> Value {
    json!({ "host": access.host, "port": access.port, "dir": access.dir })
}
