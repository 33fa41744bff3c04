//! `/units/{contest}/{unit}/sheets`: a sheet is sent, checked row by row, and entered. The check changes nothing.
//! Entering takes the valid rows, and those that a person ticked although a work with this title exists already.
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use desk::site::{Asked, Filed, Here, Sent, Shell, Visit, again, shown};
use pages::serve::see;
use pipeline::catalogue::{Contest, Unit};
use pipeline::person::Role;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::entry::units::Of;
use serde::Deserialize;
use tracing::info;
use upload::by_unit::{Row, RowOutcome, enter_row};

use super::unit::UnitPage;
use crate::rows::{Line, Next, judged};
use crate::sheet::{self, Kept};
use crate::state::Units;

/// The most rows that are entered with one press of the button: each is a separate transaction, and a person waits for
/// the answer.
const AT_ONCE: usize = 100;

#[derive(Template)]
#[template(path = "unit_sheet.html")]
struct SheetPage<'k> {
    shell: Shell,
    contest: Contest,
    unit: Unit,
    base: String,
    sheet: String,
    unknown: &'k [String],
    lines: Vec<Line<'k>>,
}

impl SheetPage<'_> {
    fn right(&self) -> usize {
        self.lines.iter().filter(|line| line.is_right()).count()
    }

    fn wrong(&self) -> usize {
        self.lines.iter().filter(|line| line.is_wrong()).count()
    }

    fn probable(&self) -> usize {
        self.lines.iter().filter(|line| line.is_probable()).count()
    }

    fn entered(&self) -> usize {
        self.lines.iter().filter(|line| line.is_entered()).count()
    }
}

/// Numbers of the rows to enter although a work with their title exists already.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wish {
    also: Vec<u32>,
}

/// What was just done.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    /// Rows that were right and were not entered yet.
    left: Option<u32>,
}

/// The sheet in an address.
#[derive(Deserialize)]
pub(crate) struct OfSheet {
    sheet: String,
}

/// POST …/sheets: reads the sheet and shows its dry run.
pub(crate) async fn send(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
    filed: Filed,
) -> Result<Response, Problem> {
    let (contest, unit) = units.found(&of)?;
    units.check_rate(&of)?;
    let missing =
        || Code::SheetRefused.about(Detail::new("请先选择汇总表文件。", "Choose the file of the sheet first."));
    let taken = match filed.file() {
        Some(bytes) => sheet::take(&units, contest, unit, bytes).await,
        None => Err(missing()),
    };
    match taken {
        Ok(id) => Ok(see(format!("{}/sheets/{id}", super::path(&of)))),
        Err(problem) if problem.code == Code::SheetRefused => {
            again(&problem, &UnitPage::of(&units, &visit, &of).await?.with(&problem))
        }
        Err(problem) => Err(problem),
    }
}

/// GET …/sheets/{sheet}: the outcome of each row.
pub(crate) async fn look(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
    Path(OfSheet { sheet: id }): Path<OfSheet>,
    Asked(query): Asked<Query>,
) -> Result<Response, Problem> {
    let (id, kept) = sheet::kept(&units, &of, &id).await?;
    let page = page(&units, &visit, &of, id.to_string(), &kept).await?;
    let Some(left) = query.left else { return shown(&page) };
    let said = page.shell.say.t(
        "已报送一部分作品，还有 {n} 件，请再次点击“确认报送”。",
        "Some works were entered; {n} are left. Please press the button again.",
    );
    shown(&SheetPage { shell: page.shell.clone().noting(said.replace("{n}", &left.to_string())), ..page })
}

async fn page<'k>(
    units: &Units,
    visit: &Visit,
    of: &Of,
    sheet: String,
    kept: &'k Kept,
) -> Result<SheetPage<'k>, Problem> {
    let (contest, unit) = units.found(of)?;
    let mut lines = judged(units, contest, unit, kept).await?;
    // A stable sort: within each kind, rows keep the order of the sheet.
    lines.sort_by_key(Line::rank);
    Ok(SheetPage {
        shell: visit.shell(Here::Elsewhere),
        base: super::path(of),
        sheet,
        unknown: &kept.unknown,
        lines,
        contest: contest.clone(),
        unit: unit.clone(),
    })
}

/// POST …/sheets/{sheet}/enter: enters the valid rows one by one. If a later row is refused, for example because the
/// quota is used up, the rows before it stay entered.
pub(crate) async fn enter(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
    Path(OfSheet { sheet: id }): Path<OfSheet>,
    sent: Sent<Wish>,
) -> Result<Response, Problem> {
    let (contest, unit) = units.found(&of)?;
    units.check_rate(&of)?;
    let (id, kept) = sheet::kept(&units, &of, &id).await?;
    let by = visit.by(Role::Recommender);
    let (mut entered, mut left) = (0_usize, 0_usize);
    for line in judged(&units, contest, unit, &kept).await? {
        let form = match &line.next {
            Next::Right(form) => form,
            Next::Probably(form, _) if sent.form.also.contains(&line.row.number) => form,
            Next::Probably(..) | Next::Wrong(_) | Next::Repeats(_) | Next::Entered(_) => continue,
        };
        if entered == AT_ONCE {
            left += 1;
            continue;
        }
        let row = Row { contest, unit, answers: &line.row.answers, form, file: &line.row.file };
        match enter_row(&units.app, &row, &by).await {
            Ok(RowOutcome::Entered) => entered += 1,
            Ok(RowOutcome::Again) => {}
            Err(problem) => {
                let page = page(&units, &visit, &of, id.to_string(), &kept).await?;
                return again(&problem, &SheetPage { shell: page.shell.clone().with(&problem), ..page });
            }
        }
    }
    info!("{entered} works of {}/{} were entered from a sheet", of.contest, of.unit);
    Ok(see(match left {
        0 => format!("{}/works?entered={entered}", super::path(&of)),
        left => format!("{}/sheets/{id}?left={left}", super::path(&of)),
    }))
}
