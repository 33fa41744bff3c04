//! `--url`, `--screenshot` and `--seen-at`: a person's evidence for an act by hand. The desk checks it.
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use desk::act::evidence::{PICTURE_BYTES, encoded};
use tokio::io::AsyncReadExt;

use crate::command::release::instant;
use crate::exit::WrongUsage;

/// Options of commands that report.
#[derive(clap::Args)]
pub(crate) struct EvidenceArgs {
    /// Public address at the partner
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// A picture of what is there, JPEG or PNG, at most 10 MB
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
    /// When it was seen, such as 2024-08-15T20:00:00+08:00; now if absent
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) seen_at: Option<DateTime<Utc>>,
}

impl EvidenceArgs {
    /// The picture in the form of a wish.
    pub(crate) async fn picture(&self) -> anyhow::Result<Option<String>> {
        match &self.screenshot {
            Some(path) => Ok(Some(encoded(&read(path).await?))),
            None => Ok(None),
        }
    }
}

/// Reads a picture, up to the desk's limit.
async fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let wrong = || WrongUsage(format!("{} is no picture of 1 to {PICTURE_BYTES} bytes", path.display()));
    let file = tokio::fs::File::open(path).await.with_context(|| format!("read {}", path.display()))?;
    if !file.metadata().await?.is_file() {
        return Err(wrong().into());
    }
    let mut bytes = Vec::new();
    file.take(PICTURE_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
    if bytes.is_empty() || bytes.len() > PICTURE_BYTES {
        return Err(wrong().into());
    }
    Ok(bytes)
}
