//! `reelmill retry ID` or `reelmill retry ID/STAGE/PART`: gives parked parts another five attempts.
use std::str::FromStr;

use desk::act::retry::{Retry, retry};
use pipeline::id::SubmissionId;
use pipeline::part::{Part, PartToDo};
use pipeline::stage::Stage;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, print_digest, print_json};
use crate::typed;

/// Options of `retry`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An entry's id, or one part of it as `status` shows it: ID/STAGE/PART
    #[arg(value_name = "ID[/STAGE/PART]")]
    what: Target,
    /// Only report how many parts would be retried
    #[arg(long)]
    dry_run: bool,
    /// The digest of a dry run; refused if what the act concerns has changed since
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// What to retry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    submission: SubmissionId,
    part: Option<PartToDo>,
}

impl FromStr for Target {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((id, part)) = text.split_once('/') else {
            return Ok(Self { submission: text.parse()?, part: None });
        };
        let Some((stage, part)) = part.split_once('/') else { anyhow::bail!("a part is ID/STAGE/PART") };
        let (stage, part) = (stage.parse::<Stage>()?, part.parse::<Part>()?);
        Ok(Self { submission: id.parse()?, part: Some(PartToDo { stage, part }) })
    }
}

/// Makes the parts pending.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let Target { submission, part } = args.what;
    let wish = Retry {
        stage: part.as_ref().map(|it| it.stage.to_string()),
        part: part.as_ref().map(|it| it.part.to_string()),
        dry_run: args.dry_run,
        digest: args.digest,
        reason: args.reason,
    };
    let desk = args.database.desk().await?;
    let done = retry(&desk, &args.database.caller(&desk).await?, submission, wish).await?;
    if args.output.output == Format::Json {
        print_json(&done.value)?;
        return Ok(Exit::Done);
    }
    let said = if args.dry_run { "would be tried again" } else { "to be tried again" };
    eprintln!("{submission}: {} {said}", done.value.parts);
    if args.dry_run {
        print_digest(submission, &done.value.digest);
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_named_as_status_shows_it() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let target: Target = format!("{id}/assemble/rendition/web-720").parse().unwrap();
        let part = Part::Rendition("web-720".into());
        assert_eq!(target.part, Some(PartToDo { stage: Stage::Assemble, part }));
        assert_eq!(id.parse::<Target>().unwrap().part, None);
        for wrong in ["x", &format!("{id}/assemble"), &format!("{id}/cut/audio"), &format!("{id}/transcode/film")] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }
}
