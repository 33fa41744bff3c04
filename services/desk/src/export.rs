//! A list as a file: the works that a filter finds, as a spreadsheet or as CSV. There are three tables: the list
//! itself, the summary of works (作品汇总表) and the screening opinions (初筛意见表). The last two have the form in which
//! organisers submit them.
//!
//! A list is read page by page with the queries of the page, so that no query is long and no transaction stays open. A
//! work that changes meanwhile is shown as it was when its page was read; a work that is entered meanwhile is not
//! shown. No table contains personal data of entrants.
use std::time::Duration;

use pages::Say;
use runtime::problem::{Code, Problem};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Desk;
use crate::act::Caller;
use crate::view::works::Filter;

mod csv;
mod format;
mod kind;
mod rows;
mod sheet;
mod xlsx;

pub use format::Format;
pub use kind::Kind;
pub use rows::MOST_ROWS;
pub use sheet::{Cell, Column, Sheet};

/// How long a file may take, including the wait for its turn: less than the request's own deadline of 30 s.
const WITHIN: Duration = Duration::from_secs(25);

/// Files that are made at the same time in one process. Each holds its whole list in memory and keeps a core busy while
/// it is written.
static TURNS: Semaphore = Semaphore::const_new(1);
/// How long a request waits for its turn. Waiting requests take places among the desk's requests, which pages need.
const TURN_WITHIN: Duration = Duration::from_secs(3);

/// A file that was made.
#[derive(Debug)]
pub struct File {
    /// Its name for a person, without the extension: `作品汇总表`.
    pub title: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Makes the file of exactly the works that the filter finds, whichever page it names. Refused with `too_many_works` if
/// there are more than [`MOST_ROWS`], and with `overloaded` if the file is not ready in time.
pub async fn export(
    desk: &Desk,
    caller: &Caller,
    filter: &Filter,
    kind: Kind,
    format: Format,
    say: Say,
) -> Result<File, Problem> {
    let made = async {
        let turn =
            timeout(TURN_WITHIN, TURNS.acquire()).await.map_err(|_| Code::Overloaded)?.map_err(anyhow::Error::from)?;
        let sheet = rows::sheet(desk, caller, filter, kind, say).await?;
        let title = sheet.title.clone();
        // The turn ends when the file is written, even if the request ended before.
        let writing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            format.write(&sheet)
        });
        let bytes = writing.await.map_err(anyhow::Error::from)??;
        Ok::<_, Problem>(File { title, bytes })
    };
    timeout(WITHIN, made).await.unwrap_or_else(|_| Err(Code::Overloaded.into()))
}
