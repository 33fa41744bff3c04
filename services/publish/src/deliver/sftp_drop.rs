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
//! | the description that IPTV head-ends ingest | `describe`, `adi` |
//!
//! Until the partner reports that it has the files, removing them is the recall. After that, they may have been copied:
//! then a `recall.json` requests the removal, and only the receipt `recalled`, or an operator, proves that the work is
//! gone.
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
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
mod receipt;
mod receipt_fields;
mod remote;
mod session;
mod transfer;

use access::Access;
use connect::ConnectError;
use folder::{AGAIN, Folder, MARKER};
use receipt::Status;
use remote::Remote;
use session::session;

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

/// Reads the receipt and returns its meaning. A partner reports progress by a new receipt in place of the old one.
async fn look(task: &mut Task<'_>, folder: &Folder, remote: &Remote) -> Result<Seen> {
    let mut session = session(task).await?;
    let recalling = session.taking_back;
    let answer = folder.receipts(task, remote).await?;
    let status = match answer {
        Ok(Some(status)) => status,
        Ok(None) if recalling => return Ok(Seen::Unsure("asked to take it down, no answer yet".to_owned())),
        Ok(None) if remote.size(&folder.path(MARKER)).await?.is_some() => {
            return Ok(Seen::InReview("delivered, no receipt yet".to_owned()));
        }
        Ok(None) => return Ok(Seen::Unsure("the folder was moved or emptied without a receipt".to_owned())),
        Err(problem) => return Ok(Seen::Unsure(format!("a receipt that changes nothing: {problem}"))),
    };
    if !session.held && holds(&status) {
        session.held = true;
        task.save_session(&session).await?;
    }
    Ok(match status {
        // A work that it refused is not in its store.
        Status::Recalled | Status::Refused { .. } if recalling => match folder.ours_left(remote).await? {
            0 => Seen::Gone,
            left => Seen::Unsure(format!("it does not have the work, but {left} of our files are still there")),
        },
        _ if recalling => Seen::Unsure("asked to take it down; its receipt still says that it has it".to_owned()),
        Status::Accepted => Seen::InReview("accepted".to_owned()),
        Status::Ingested => Seen::InReview("ingested".to_owned()),
        Status::Published { url } => Seen::Live(url),
        Status::Refused { reason } => Seen::Refused(reason),
        Status::Recalled => Seen::Gone,
    })
}

/// Whether the partner may have a copy according to this receipt.
fn holds(status: &Status) -> bool {
    match status {
        Status::Accepted | Status::Ingested | Status::Published { .. } => true,
        Status::Refused { .. } | Status::Recalled => false,
    }
}

/// Removes the marker first, so that the folder is not ingested any more, then the files; the receipt is read in
/// between, since the partner may have begun before the marker was removed.
async fn take_back(task: &mut Task<'_>, folder: &Folder, remote: &Remote, was_sent: bool) -> Result<TakenBack> {
    let mut session = session(task).await?;
    let marker = folder.path(MARKER);
    let moved = was_sent && !session.taking_back && remote.size(&marker).await?.is_none();
    session.taking_back = true;
    task.save_session(&session).await?;
    remote.remove(&marker).await.context("remove the marker")?;
    let answer = folder.receipts(task, remote).await?;
    let removed = folder.empty(remote).await?;
    let left = folder.ours_left(remote).await?;
    ensure!(left == 0, "{left} files are still in {}", folder.receipt().0);
    task.record("take_back", json!({ "folder": folder.receipt().0 }), json!({ "removed": removed, "left": left }))
        .await?;
    match answer {
        Ok(Some(Status::Recalled)) => Ok(TakenBack::Gone),
        Ok(None | Some(Status::Refused { .. })) if !session.held && !moved => {
            folder.remove_if_empty(remote).await;
            Ok(TakenBack::Gone)
        }
        Ok(Some(_)) => {
            session.held = true;
            task.save_session(&session).await?;
            folder.ask_back(task, remote).await?;
            Ok(TakenBack::Asked)
        }
        Ok(None) | Err(_) => {
            folder.ask_back(task, remote).await?;
            let why = match answer {
                Err(problem) => format!("its receipt cannot be read ({problem})"),
                Ok(_) if moved => "it moved the folder away without a receipt".to_owned(),
                Ok(_) => "it had said that it has the work".to_owned(),
            };
            Ok(TakenBack::Person(format!(
                "our files are removed, but {why}: ask {} to take the work down",
                task.partner.name.zh
            )))
        }
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
