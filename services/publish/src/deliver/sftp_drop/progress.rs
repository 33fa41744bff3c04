//! What the folder and the partner's receipts say about the work, and how it is taken back.
use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::folder::{Folder, MARKER};
use super::receipt::Status;
use super::remote::Remote;
use super::session::session;
use crate::deliver::{Seen, TakenBack};
use crate::task::Task;

/// Reads the receipt and returns its meaning. A partner reports progress by a new receipt in place of the old one.
pub(super) async fn look(task: &mut Task<'_>, folder: &Folder, remote: &Remote) -> Result<Seen> {
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
pub(super) async fn take_back(
    task: &mut Task<'_>,
    folder: &Folder,
    remote: &Remote,
    was_sent: bool,
) -> Result<TakenBack> {
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
