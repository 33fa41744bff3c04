//! `/units/{contest}/{unit}`: what the unit may enter and until when, the template of its sheet, and the form that
//! sends the sheet.
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use desk::site::{Here, Shell, Visit, shown};
use pipeline::catalogue::{Contest, Unit};
use runtime::problem::Problem;
use runtime::store::entry::units::{Counted, Of, SheetRow};

use crate::state::Units;

#[derive(Template)]
#[template(path = "unit.html")]
pub(super) struct UnitPage {
    shell: Shell,
    contest: Contest,
    unit: Unit,
    base: String,
    /// Works that the unit entered and that count against the quota, and all that name it.
    counted: Counted,
    /// Works that were entered by sheets, and how many of them wait for their films.
    works: usize,
    waiting: usize,
    sheets: Vec<SheetRow>,
}

impl UnitPage {
    pub(super) async fn of(units: &Units, visit: &Visit, of: &Of) -> Result<Self, Problem> {
        let (contest, unit) = units.found(of)?;
        let (store, names) = (&units.app.store, unit.names().map(ToOwned::to_owned).collect::<Vec<_>>());
        let works = store.works_of_unit(of).await?;
        Ok(Self {
            shell: visit.shell(Here::Elsewhere),
            base: super::path(of),
            counted: store.counted_for(of, &names).await?,
            waiting: works.iter().filter(|work| work.state == "uploading").count(),
            works: works.len(),
            sheets: store.sheets_of(of).await?,
            contest: contest.clone(),
            unit: unit.clone(),
        })
    }

    /// The same page with a problem at the top.
    pub(super) fn with(self, problem: &Problem) -> Self {
        Self { shell: self.shell.clone().with(problem), ..self }
    }

    /// The end of entries: the unit's deadline or the contest's, whichever comes first.
    fn deadline(&self) -> Option<DateTime<Utc>> {
        let ends = [self.unit.deadline, self.contest.deadline];
        ends.into_iter().flatten().map(|at| at.to_utc()).min()
    }

    fn is_open(&self) -> bool {
        self.contest.accepts(self.shell.now) && self.unit.accepts(self.shell.now)
    }

    /// Works that name the unit and were not entered by it.
    fn by_others(&self) -> u32 {
        self.counted.naming.saturating_sub(self.counted.entered)
    }

    /// How many works may still be entered; `None` means any number.
    fn left(&self) -> Option<u32> {
        self.unit.quota.map(|quota| quota.saturating_sub(self.counted.entered))
    }
}

/// GET.
pub(crate) async fn unit(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
) -> Result<Response, Problem> {
    shown(&UnitPage::of(&units, &visit, &of).await?)
}

/// GET …/template.xlsx: an empty sheet with the questions of the contest's form as its columns.
pub(crate) async fn template(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
) -> Result<Response, Problem> {
    let (contest, _) = units.found(&of)?;
    let lang = visit.shell(Here::Elsewhere).say.lang;
    let bytes = paper::template(contest, lang).map_err(anyhow::Error::from)?;
    let headers = [
        (CONTENT_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"sheet.xlsx\"; filename*=UTF-8''%E6%8E%A8%E8%8D%90%E6%B1%87%E6%80%BB%E8%A1%A8.xlsx",
        ),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}
