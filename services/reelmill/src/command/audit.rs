//! `reelmill audit list|verify`: what people did, and whether the record of it was changed.
use desk::view::audit::{TrailFilter, trail};
use pipeline::id::SubmissionId;
use runtime::store::audit::{Head, Verified};

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, print_json};

/// What to do with the trail.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Show what people did, newest first
    List {
        /// Only what was done to this entry
        #[arg(long, value_name = "ID")]
        submission: Option<SubmissionId>,
        /// Only what was done to works of this contest
        #[arg(long, value_name = "CONTEST")]
        contest: Option<String>,
        /// Only acts of this name, such as released
        #[arg(long, value_name = "ACT")]
        act: Option<String>,
        /// Only rows before this number
        #[arg(long, value_name = "SEQ")]
        before: Option<i64>,
        /// At most this many rows
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Walk the whole trail; exit with 1 and name the first row that was changed, removed, inserted or moved
    ///
    /// Prints the head of the trail, SEQ:HASH. The owner of the database could rewrite the whole trail. Note the head elsewhere: with
    /// `--head` a rewrite is found too.
    Verify {
        /// A head noted earlier, which must be a row of the trail
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<Head>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Reads the trail.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::List { submission, contest, act, before, limit, output, database } => {
            let (submission, cursor) = (submission.map(|id| id.0), before.map(|seq| seq.to_string()));
            let filter = TrailFilter { submission, contest, act, person: None, cursor, limit: Some(limit) };
            list(&filter, output, &database).await
        }
        Args::Verify { head, database } => match database.connect().await?.audit_verify(head.as_ref()).await? {
            Verified::Whole(head) => {
                eprintln!("the audit trail is whole: {} rows", head.seq);
                print(&format!("{head}\n"))?;
                Ok(Exit::Done)
            }
            Verified::Broken { seq, why } => {
                eprintln!("reelmill: the audit trail is broken at row {seq}: {why}");
                Ok(Exit::Failure)
            }
        },
    }
}

async fn list(filter: &TrailFilter, output: OutputArgs, database: &DatabaseArgs) -> anyhow::Result<Exit> {
    let (desk, caller) = database.acting().await?;
    let page = trail(&desk, &caller, filter).await?;
    if output.output == Format::Json {
        print_json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["seq", "at", "who", "act", "on", "reason"]);
    for row in page.items {
        let on = [row.submission.map(|id| id.to_string()), row.partner].into_iter().flatten().collect::<Vec<_>>();
        table.row([
            row.seq.to_string(),
            row.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{} {}", row.actor, row.name),
            row.act,
            on.join(" "),
            row.reason.unwrap_or_default(),
        ]);
    }
    print(&table.to_string())?;
    if let Some(next) = page.next {
        eprintln!("there are more: --before {next}");
    }
    Ok(Exit::Done)
}
