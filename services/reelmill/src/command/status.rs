//! `reelmill status [ID] [--watch]`: the state of entries. Reads only.
use std::io::IsTerminal;
use std::time::Duration;

use desk::Desk;
use desk::act::Caller;
use desk::view::work;
use desk::view::works::{self, Filter};
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs};
use crate::paging::print_next;

mod entry;
mod list;

/// Interval of `--watch`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Options of `status`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// One entry's id; all entries if absent
    id: Option<SubmissionId>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Look again each second; with an id, until it is published, rejected or taken back
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Which entries; the same filters as the API's.
#[derive(clap::Args)]
#[group(id = "filter", multiple = true, conflicts_with = "id")]
struct FilterArgs {
    /// Only this contest's entries
    #[arg(long, value_name = "CONTEST")]
    contest: Option<String>,
    /// Only entries in this state, such as awaiting_review
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only this theme's entries
    #[arg(long, value_name = "THEME")]
    theme: Option<String>,
    /// Only entries whose title contains this
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Only entries whose recommending unit contains this
    #[arg(long, value_name = "TEXT")]
    unit: Option<String>,
    /// Only entries with a delivery to this partner
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Only entries with a delivery in this state, such as unknown; with --partner, to that partner
    #[arg(long, value_name = "STATE")]
    delivery: Option<String>,
    /// The page after the one that named this cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Rows of the page, 1 to 200; 50 if absent
    #[arg(long, value_name = "ROWS")]
    limit: Option<u32>,
}

/// One reading of the database.
struct Look {
    text: String,
    settled: bool,
    /// Where the list continues.
    next: Option<String>,
}

/// Prints once, or on every change until there is nothing to wait for.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (desk, caller) = args.database.acting().await?;
    let mut last = String::new();
    loop {
        let look = look(&args, &desk, &caller).await?;
        if look.text != last {
            // A terminal shows the newest reading only; a pipe gets each one.
            let clear = if args.watch && std::io::stdout().is_terminal() { "\x1b[H\x1b[2J\x1b[3J" } else { "" };
            output::print(&format!("{clear}{}", look.text))?;
            last = look.text;
        }
        if !args.watch || look.settled {
            print_next(look.next.as_deref());
            return Ok(Exit::Done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(args: &Args, desk: &Desk, caller: &Caller) -> anyhow::Result<Look> {
    let format = args.output.output;
    let Some(id) = args.id else {
        let page = works::works(desk, caller, &args.filter.filter()).await?;
        return Ok(Look { text: list::shown(&page, format)?, settled: false, next: page.next });
    };
    let row = work::find(desk, caller, id).await?;
    let work = work::work(desk, caller, &row).await?;
    let text = match format {
        Format::Table => entry::table(&work, args.watch),
        Format::Json => serde_json::to_string_pretty(&work)? + "\n",
    };
    Ok(Look { text, settled: work.settled, next: None })
}

impl FilterArgs {
    fn filter(&self) -> Filter {
        Filter {
            contest: self.contest.clone(),
            state: self.state.clone(),
            theme: self.theme.clone(),
            unit: self.unit.clone(),
            partner: self.partner.clone(),
            delivery: self.delivery.clone(),
            title: self.title.clone(),
            cursor: self.cursor.clone(),
            limit: self.limit,
        }
    }
}
