//! Enter for a unit: a row of its sheet becomes an entry, once, by the same act as a form on the page or at the API.
//! The unit keeps the entry's token, sealed, so that it can send the film; once the entry's link is replaced, that
//! token opens nothing.
use pipeline::catalogue::{Contest, Unit};
use pipeline::form::{Answers, Checked};
use pipeline::id::SubmissionId;
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::store::audit::{self, Act as Audited};
use runtime::store::history::By;
use runtime::store::units::{self, NewWork, Of};
use runtime::store::{Transaction, units::WorkRow};
use serde_json::json;

use super::enter::{enter_with, unit_accepts};
use crate::app::App;
use crate::token::Token;

/// The purpose of the rows' hashes.
const ROWS: &str = "rows of units' sheets";

/// A row to enter.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The contest.
    pub contest: &'a Contest,
    /// The unit that recommends it.
    pub unit: &'a Unit,
    /// All cells of the row, as read.
    pub answers: &'a Answers,
    /// The same, checked.
    pub form: &'a Checked,
    /// Name of the film's file; may be empty.
    pub file: &'a str,
}

/// The result of entering a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is an entry now.
    Entered,
    /// It was entered before: the same row, whichever person sent it.
    Again,
}

/// Another entry already has this row.
#[derive(Debug, thiserror::Error)]
#[error("the row was entered before")]
struct Before;

/// The contest and the unit of a row's works.
pub fn of(contest: &Contest, unit: &Unit) -> Of {
    Of { contest: contest.id.clone(), unit: unit.id.clone() }
}

/// The hash that identifies a row: over all its cells, computable only with the installation's key.
///
/// # Errors
/// None in practice: texts are JSON.
pub fn hash(app: &App, answers: &Answers) -> anyhow::Result<[u8; 32]> {
    Ok(app.keys.keyed_hash(ROWS, &serde_json::to_string(answers)?))
}

/// Enters the work of a row, unless this very row was entered for the unit before.
///
/// # Errors
/// `deadline_passed`, `not_open_yet`, `unit_deadline_passed`, `unit_quota_full`.
pub async fn enter_row(app: &App, row: &Row<'_>, by: &By) -> Result<Became, Problem> {
    crate::entries::check_deadline(row.contest, None, app.clock.now())?;
    unit_accepts(row.unit, app.clock.now())?;
    let token = Token::new()?;
    let work = NewWork {
        submission: token.id,
        of: of(row.contest, row.unit),
        row_hmac: hash(app, row.answers)?,
        file: row.file.to_owned(),
        token: app.keys.seal_for(&place(token.id), token.text().as_bytes())?,
    };
    let act = Act::at_page(None, None);
    let entered = enter_with(app, row.contest, row.form, &token, &act, Some(Recommended { work: &work, by })).await;
    match entered {
        Ok(_) => Ok(Became::Entered),
        Err(error) if error.is::<Before>() => Ok(Became::Again),
        Err(error) => Err(error.into()),
    }
}

/// The unit that enters the work, and the person who does it.
#[derive(Clone, Copy)]
pub(super) struct Recommended<'a> {
    work: &'a NewWork,
    by: &'a By,
}

impl Recommended<'_> {
    /// Must be called first in the transaction of entering: records the row, so that it cannot be entered again.
    pub(super) async fn recorded(&self, tx: &mut Transaction) -> anyhow::Result<()> {
        let Of { contest, unit } = &self.work.of;
        if !units::add_work(tx, self.work).await? {
            return Err(Before.into());
        }
        let after = json!({ "unit": unit, "contest": contest });
        let submission = Some(self.work.submission);
        let act = Audited { act: "unit_work_entered", submission, partner: None, before: json!({}), after };
        audit::add(tx, self.by, &act).await
    }
}

/// The token with which the unit opens a work that it entered; `None` once the entry's link was replaced or ended.
///
/// # Errors
/// `internal` if the keys do not open what they sealed.
pub fn key_of(app: &App, work: &WorkRow) -> Result<Option<Token>, Problem> {
    let text = app.keys.open_for(&place(work.submission), &work.token).map_err(anyhow::Error::from)?;
    let token = String::from_utf8(text).ok().and_then(|text| Token::read(&text));
    Ok(token.filter(|token| token.opens(&work.token_sha256)))
}

/// The associated data that a work's token is sealed with.
fn place(submission: SubmissionId) -> Vec<u8> {
    format!("unit work:{submission}").into_bytes()
}

/// The work of a unit by the number of its receipt.
///
/// # Errors
/// `receipt_unknown`.
pub async fn work_of(app: &App, of: &Of, receipt: &str) -> Result<WorkRow, Problem> {
    let works = app.store.works_of_unit(of).await?;
    works.into_iter().find(|work| work.receipt.as_str() == receipt).ok_or_else(|| Code::ReceiptUnknown.into())
}
