//! `reelmill preview ID --out DIR`: fetches the files to look at before a decision on an entry.
use std::path::PathBuf;

use anyhow::{Context, ensure};
use pipeline::id::SubmissionId;
use pipeline::object_key::PreviewFile;
use runtime::objects::Objects;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output;
use crate::settings::{self, NO_SERVERS};

/// Options of `preview`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Directory for the files; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Fetches the files, compares them with the stored digests, and prints their paths.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let Some(made) = store.preview(args.id).await? else {
        return Err(WrongUsage(format!("there is no entry {}, or it has no preview", args.id)).into());
    };
    tokio::fs::create_dir_all(&args.out).await.with_context(|| format!("make {}", args.out.display()))?;
    let objects = Objects::new(&(&settings::read(&NO_SERVERS)?.s3).into());
    for file in PreviewFile::ALL {
        let (stored, path) = (made.file(file), args.out.join(file.name()));
        let got = objects.get_to_file(&stored.key, &path).await;
        let (bytes, digest) = got.with_context(|| format!("fetch {}", stored.key))?;
        ensure!(
            bytes == stored.bytes && hex::encode(digest) == stored.sha256,
            "{} is not what was stored: {bytes} of {} bytes",
            stored.key,
            stored.bytes
        );
        output::print(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::Done)
}
