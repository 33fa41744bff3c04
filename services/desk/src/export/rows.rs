//! The works of a file, read page by page, and the table of them.
use pages::Say;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::watching::listing::MOST_ROWS as PAGE;

use super::kind::Kind;
use super::sheet::Sheet;
use crate::Desk;
use crate::act::Caller;
use crate::view::contests_of;
use crate::view::works::{self, Filter, Line};
use table::Table;

mod list;
mod opinions;
mod summary;
mod table;

/// The most works in one file: several times a whole contest, and few enough to be held in memory and written in
/// time.
pub const MOST_ROWS: usize = 20_000;

/// The most pages that are read for one file. When the list is searched for a text, a page may hold fewer works than it
/// could, or none.
const MOST_PAGES: usize = 400;

/// The table of exactly the works that the filter finds.
pub(super) async fn sheet(
    desk: &Desk,
    caller: &Caller,
    filter: &Filter,
    kind: Kind,
    say: Say,
) -> Result<Sheet, Problem> {
    let lines = lines(desk, caller, filter).await?;
    let table = Table { desk, say, partners: works::recipients(desk, caller, filter)? };
    let (columns, rows) = match kind {
        Kind::List => table.list(&lines),
        Kind::Summary => table.summary(&lines).await?,
        Kind::Opinions => table.opinions(&lines).await?,
    };
    let contests = contests_of(desk, caller, filter.contest.as_deref())?;
    let named = contests.one().and_then(|id| desk.catalogue.contest(id)).map(|it| it.name.text(say.lang).to_owned());
    Ok(Sheet { title: kind.title(say).to_owned(), subtitle: named.unwrap_or_default(), columns, rows })
}

/// All works that the filter finds, page by page; a problem if there are too many.
async fn lines(desk: &Desk, caller: &Caller, filter: &Filter) -> Result<Vec<Line>, Problem> {
    let mut wanted = Filter { cursor: None, limit: Some(PAGE), ..filter.clone() };
    let mut lines = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = works::works(desk, caller, &wanted).await?;
        lines.extend(page.items);
        if lines.len() > MOST_ROWS {
            return Err(too_many());
        }
        let Some(next) = page.next else { return Ok(lines) };
        wanted.cursor = Some(next);
    }
    Err(too_many())
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
    fn a_list_that_is_too_long_says_what_to_do() {
        let problem = too_many();
        assert_eq!(problem.code.name(), "too_many_works");
        assert!(problem.text(Lang::Zh).contains("20000") && problem.text(Lang::En).contains("add a filter"));
    }
}
