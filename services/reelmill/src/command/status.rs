//! `reelmill status [ID] [--watch]`: how entries stand. Reads only.
use std::io::IsTerminal;
use std::time::Duration;

use pipeline::id::{ContestId, SubmissionId};
use runtime::store::Store;
use runtime::store::submissions::ListFilter;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs};

mod entry;
mod list;

/// Time between two looks of `--watch`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Options of `status`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// One entry's id; all entries if absent
    id: Option<SubmissionId>,
    /// Only this contest's entries
    #[arg(long, value_name = "CONTEST", conflicts_with = "id")]
    contest: Option<String>,
    /// Only entries in this state, such as awaiting_review
    #[arg(long, value_name = "STATE", conflicts_with = "id")]
    state: Option<String>,
    /// At most this many entries, newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500), conflicts_with = "id")]
    limit: u32,
    /// Look again each second; with an id, until it is published, rejected or taken back
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One look at the database.
struct Look {
    text: String,
    settled: bool,
}

/// Prints once, or on every change until there is nothing to wait for.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let mut last = String::new();
    loop {
        let look = look(&args, &store).await?;
        if look.text != last {
            // A terminal shows the newest look only; a pipe gets each one.
            let clear = if args.watch && std::io::stdout().is_terminal() { "\x1b[H\x1b[2J\x1b[3J" } else { "" };
            output::print(&format!("{clear}{}", look.text))?;
            last = look.text;
        }
        if !args.watch || look.settled {
            return Ok(Exit::Done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(args: &Args, store: &Store) -> anyhow::Result<Look> {
    let format = args.output.output;
    let Some(id) = args.id else {
        let filter = ListFilter {
            contest: args.contest.clone().map(ContestId::new),
            state: args.state.clone(),
            limit: Some(args.limit),
            ..ListFilter::default()
        };
        let rows = store.submissions(&filter).await?;
        return Ok(Look { text: list::shown(&rows, format)?, settled: false });
    };
    let Some(entry) = entry::Entry::load(store, id).await? else {
        return Err(WrongUsage(format!("there is no entry {id}")).into());
    };
    let text = match format {
        Format::Table => entry.table(args.watch),
        Format::Json => serde_json::to_string_pretty(&entry)? + "\n",
    };
    Ok(Look { text, settled: entry.is_settled() })
}
