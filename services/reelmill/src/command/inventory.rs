//! `reelmill inventory`: every object of the bucket, one JSON line each, for the record of a backup. Reads only; needs no database.
use anyhow::Context;
use runtime::fsck;
use runtime::objects::Objects;
use serde_json::json;

use crate::exit::{Exit, WrongUsage};
use crate::{output, settings};

/// Options of `inventory`.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Prints the list, in order of key, and its totals.
pub(crate) async fn run(_: Args) -> anyhow::Result<Exit> {
    let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
    let objects = Objects::new(&(&config.s3).into());
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for folder in fsck::FOLDERS {
        let mut after = None;
        loop {
            let page = objects.list_page(&format!("{folder}/"), after.as_deref()).await.context("list the bucket")?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            let lines = page.iter().map(|it| {
                json!({ "key": it.key, "bytes": it.bytes, "modified": it.modified.map(|at| at.to_rfc3339()) })
                    .to_string()
                    + "\n"
            });
            output::print(&lines.collect::<String>())?;
            count += page.len() as u64;
            bytes += page.iter().map(|it| it.bytes).sum::<u64>();
        }
    }
    eprintln!("{count} objects with {}", output::bytes(bytes));
    Ok(Exit::Done)
}
