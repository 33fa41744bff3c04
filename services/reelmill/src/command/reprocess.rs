//! `reelmill reprocess ID --from STAGE`: a new run. The old renditions stay in force until the new ones passed quality control.
use pipeline::id::SubmissionId;
use pipeline::stage::{Stage, UnknownStage};
use pipeline::submission::Event;

use crate::database::DatabaseArgs;
use crate::exit::Exit;

/// Options of `reprocess`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Where the new run begins: probe, screen, transcode or publish; never later than the old one had come to
    #[arg(long, value_name = "STAGE", value_parser = beginning)]
    from: Stage,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A stage that finds what it needs: what transcode left is swept once a run is assembled.
fn beginning(name: &str) -> Result<Stage, String> {
    match name.parse().map_err(|unknown: UnknownStage| unknown.to_string())? {
        Stage::Assemble => Err("encoded segments are swept once they are assembled; begin at transcode".into()),
        stage @ (Stage::Probe | Stage::Screen | Stage::Transcode | Stage::Publish) => Ok(stage),
    }
}

/// Starts the run.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    args.database.apply(args.id, Event::Reprocess { from: args.from }, "a new run begins").await
}
