//! `--cursor` and `--limit`, for commands that show one page of a list.
use desk::view::{Page, Paging};
use serde::Serialize;

use crate::exit::Exit;
use crate::output::{self, OutputArgs, Table};

/// Which page of a list.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct PagingArgs {
    /// The page after the one that named this cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Rows of the page, 1 to 200; 50 if absent
    #[arg(long, value_name = "ROWS")]
    limit: Option<u32>,
}

impl From<PagingArgs> for Paging {
    fn from(args: PagingArgs) -> Self {
        Self { cursor: args.cursor, limit: args.limit }
    }
}

/// Prints on stderr how to see the next page, if there is one.
pub(crate) fn print_next(next: Option<&str>) {
    if let Some(next) = next {
        eprintln!("reelmill: there are more; the next page: --cursor {}", output::plain(next));
    }
}

/// Prints the page, and on stderr how to see the next one.
pub(crate) fn show<T: Serialize>(page: &Page<T>, output: OutputArgs, table: Table) -> anyhow::Result<Exit> {
    output::show(page, output, table)?;
    print_next(page.next.as_deref());
    Ok(Exit::Done)
}
