//! Pages of lists: which one, and how it is printed.
use desk::view::{Page, Paged};
use serde::Serialize;

use crate::exit::Exit;
use crate::output::{self, OutputArgs, Table};

/// Which page.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct PageArgs {
    /// The page after the one that ended with this cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Lines on a page, at most 200
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

impl PageArgs {
    /// As views take it.
    pub(crate) fn paged(&self) -> Paged {
        Paged { cursor: self.cursor.clone(), limit: Some(self.limit) }
    }
}

/// Prints the page, and says on stderr how to get the next one.
pub(crate) fn show<T: Serialize>(page: &Page<T>, output: OutputArgs, table: Table) -> anyhow::Result<Exit> {
    output::show(page, output, table)?;
    if let Some(next) = &page.next {
        eprintln!("There is more: --cursor {next}");
    }
    Ok(Exit::Done)
}
