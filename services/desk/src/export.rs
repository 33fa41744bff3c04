//! A list as a file: the works that a filter finds, as a spreadsheet or as CSV. There are three tables: the list
//! itself, the summary of works (作品汇总表) and the screening opinions (初筛意见表). The last two have the form in which
//! organisers submit them.
//!
//! A list is read page by page with the queries of the page, so that no query is long and no transaction stays open. A
//! work that changes meanwhile is shown as it was when its page was read; a work that is entered meanwhile is not
//! shown. No table contains personal data of entrants.
use std::time::Duration;

use pages::Say;
use runtime::problem::{Code, Detail, Problem};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Desk;
use crate::act::Caller;
use crate::view::works::Filter;

mod csv;
mod rows;
mod sheet;
mod xlsx;

pub use sheet::{Cell, Column, Sheet};

/// The most works in one file: several times a whole contest, and few enough to be held in memory and written within
/// [`WITHIN`].
pub const MOST_ROWS: usize = 20_000;

/// How long a file may take, including the wait for its turn: less than the request's own deadline of 30 s.
const WITHIN: Duration = Duration::from_secs(25);

/// Files that are made at the same time in one process. Each holds its whole list in memory and keeps a core busy while
/// it is written.
static TURNS: Semaphore = Semaphore::const_new(1);
/// How long a request waits for its turn. Waiting requests take places among the desk's requests, which pages need.
const TURN_WITHIN: Duration = Duration::from_secs(3);

/// Which table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The list as the page shows it.
    #[default]
    List,
    /// 作品汇总表: what was entered and where it is online.
    Summary,
    /// 初筛意见表: what screening measured and reviewers decided.
    Opinions,
}

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Office Open XML.
    Xlsx,
    /// Comma-separated values, UTF-8 with a byte order mark.
    Csv,
}

/// A file that was made.
#[derive(Debug)]
pub struct File {
    /// Its name for a person, without the extension: `作品汇总表`.
    pub title: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Kind {
    /// Every table.
    pub const ALL: [Kind; 3] = [Kind::List, Kind::Summary, Kind::Opinions];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::List => "list",
            Kind::Summary => "summary",
            Kind::Opinions => "opinions",
        }
    }

    /// Its name for a person.
    pub fn title(self, say: Say) -> &'static str {
        match self {
            Kind::List => say.t("作品列表", "List of works"),
            Kind::Summary => say.t("作品汇总表", "Summary of works"),
            Kind::Opinions => say.t("初筛意见表", "Screening opinions"),
        }
    }

    /// The table of this name; the list if none is named.
    pub fn named(name: Option<&str>) -> Result<Self, Problem> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(Kind::List) };
        let all = || Kind::ALL.map(Kind::name).join(", ");
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let said = |of: &str| format!("{of}{}", all());
            Code::FilterUnknown.about(Detail::new(said("可用："), said("one of ")).of("kind"))
        })
    }
}

impl Format {
    /// The extension of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Csv => "csv",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }

    /// A table as a file of this kind.
    ///
    /// # Errors
    /// If the table does not fit into the format.
    pub fn write(self, sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
        match self {
            Format::Xlsx => xlsx::write(sheet),
            Format::Csv => Ok(csv::write(sheet)),
        }
    }
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

/// The problem of a list that is too long for a file.
fn too_many() -> Problem {
    Code::TooManyWorks.about(Detail::new(
        format!("一个文件至多 {MOST_ROWS} 件，请增加筛选条件"),
        format!("a file takes at most {MOST_ROWS} works; add a filter"),
    ))
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    #[test]
    fn a_table_that_does_not_exist_is_refused_with_those_that_do() {
        assert_eq!(Kind::named(None).unwrap(), Kind::List);
        assert_eq!(Kind::named(Some("")).unwrap(), Kind::List);
        for kind in Kind::ALL {
            assert_eq!(Kind::named(Some(kind.name())).unwrap(), kind);
        }
        let problem = Kind::named(Some("scores")).unwrap_err();
        assert_eq!(problem.code.name(), "filter_unknown");
        assert!(problem.text(Lang::En).contains("list, summary, opinions"), "{}", problem.text(Lang::En));
    }

    #[test]
    fn a_list_that_is_too_long_says_what_to_do() {
        let problem = too_many();
        assert_eq!(problem.code.name(), "too_many_works");
        assert!(problem.text(Lang::Zh).contains("20000") && problem.text(Lang::En).contains("add a filter"));
    }
}
