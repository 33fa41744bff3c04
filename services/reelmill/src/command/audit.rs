//! `reelmill audit list|verify`: what people did, and whether the record of it was changed.
use desk::view::Paging;
use desk::view::audit::{TrailFilter, trail};
use pipeline::id::SubmissionId;
use runtime::store::people::audit::{Head, Verified};

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{OutputArgs, Table, print};
use crate::paging::{self, PagingArgs};

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
        #[command(flatten)]
        paging: PagingArgs,
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
        Args::List { submission, contest, act, paging, output, database } => {
            let (submission, Paging { cursor, limit }) = (submission.map(|id| id.0), paging.into());
            let filter = TrailFilter { submission, contest, act, person: None, cursor, limit };
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
    let mut table = Table::with_headings(&["seq", "at", "who", "act", "on", "reason"]);
    for row in &page.items {
        let on = [row.submission.map(|id| id.to_string()), row.partner.clone()];
        table.row([
            row.seq.to_string(),
            row.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{} {}", row.actor, row.name),
            row.act.clone(),
            on.into_iter().flatten().collect::<Vec<_>>().join(" "),
            row.reason.clone().unwrap_or_default(),
        ]);
    }
    paging::show(&page, output, table)
}
