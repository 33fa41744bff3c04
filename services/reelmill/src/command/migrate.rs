//! `reelmill migrate`: brings the schema up to date under an advisory lock; `serve` does so too when it starts.
use crate::database::DatabaseArgs;
use crate::exit::Exit;

/// Options of `migrate`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the migrations that are missing.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    store.migrate().await?;
    eprintln!("the schema is up to date");
    Ok(Exit::Done)
}
