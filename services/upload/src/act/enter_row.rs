//! Enter for a unit: a row of its sheet becomes an entry, once, by the same act as a form on the page or at the API.
//! The unit keeps the entry's token and the name of its film's file, sealed, so that it can send the film; once the
//! entry's link is replaced, that token opens nothing.
use pipeline::catalogue::{Contest, Unit};
use pipeline::form::{Answers, Checked};
use pipeline::id::SubmissionId;
use runtime::problem::{Code, Detail, Problem};
use runtime::seal::CannotOpen;
use runtime::serving::act::Act;
use runtime::store::entry::units::{NewWork, Of, WorkRow};
use runtime::store::people::audit::{self, Act as Audited};
use runtime::store::submissions::history::By;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::error;

use super::enter::enter_with;
use super::quota::unit_accepts;
use super::recommended::{Before, Recommended};
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
pub enum RowOutcome {
    /// It is an entry now.
    Entered,
    /// It was entered before: the same row, whichever person sent it.
    Again,
}

/// The contest and the unit of a row's works.
pub fn of(contest: &Contest, unit: &Unit) -> Of {
    Of { contest: contest.id.clone(), unit: unit.id.clone() }
}

/// The hashes that identify a row: over all its cells, computable only with a key of the installation. The first is
/// stored; the others are those of keys that were the first one before.
///
/// # Errors
/// None in practice: texts are JSON.
pub fn hashes(app: &App, answers: &Answers) -> anyhow::Result<Vec<[u8; 32]>> {
    Ok(app.keys.keyed_hashes(ROWS, &serde_json::to_string(answers)?))
}

/// What a unit keeps of a work under seal. Does not print itself.
#[derive(Default, Serialize, Deserialize)]
struct Secret {
    /// Name of the film's file as the row gives it; may be empty, and may name people.
    file: String,
    /// The token of the entry.
    token: String,
}

/// Enters the work of a row, unless this very row was entered for the unit before.
///
/// # Errors
/// `deadline_passed`, `not_open_yet`, `unit_deadline_passed`, `unit_quota_full`.
pub async fn enter_row(app: &App, row: &Row<'_>, by: &By) -> Result<RowOutcome, Problem> {
    crate::entries::check_deadline(row.contest, None, app.clock.now())?;
    unit_accepts(row.unit, app.clock.now())?;
    let token = Token::new()?;
    let secret = Secret { file: row.file.to_owned(), token: token.text().to_owned() };
    let work = NewWork {
        submission: token.id,
        of: of(row.contest, row.unit),
        row_hmac: app.keys.keyed_hash(ROWS, &serde_json::to_string(row.answers).map_err(anyhow::Error::from)?),
        secret: app.keys.seal_for(&place(token.id), &serde_json::to_vec(&secret).map_err(anyhow::Error::from)?)?,
    };
    let act = Act::at_page(None, None);
    let entered = enter_with(app, row.contest, row.form, &token, &act, Some(Recommended { work: &work, by })).await;
    match entered {
        Ok(_) => Ok(RowOutcome::Entered),
        Err(error) if error.is::<Before>() => Ok(RowOutcome::Again),
        Err(error) => Err(error.into()),
    }
}

/// What a unit keeps of a work that it entered. Does not print itself.
pub struct WorkKept {
    /// Name of the film's file as the row gives it; may be empty.
    pub file: String,
    /// The token with which the unit opens the work; `None` once the entry's link was replaced or ended.
    pub key: Option<Token>,
}

/// What is stored for a unit about a work. It is empty if the key that encrypted it is no longer configured, so that the
/// page can show the other works.
///
/// # Errors
/// `internal` if what was sealed is damaged.
pub fn kept_of(app: &App, work: &WorkRow) -> Result<WorkKept, Problem> {
    let secret = match app.keys.open_for(&place(work.submission), &work.secret) {
        Ok(plain) => serde_json::from_slice(&plain).map_err(anyhow::Error::from)?,
        Err(error @ CannotOpen::UnknownKey(_)) => {
            error!(submission.id = %work.submission, "the stored file name and token of submission {} cannot be decrypted: {error}", work.submission);
            Secret::default()
        }
        Err(error) => return Err(anyhow::Error::from(error).into()),
    };
    let key = Token::read(&secret.token).filter(|token| token.opens(&work.token_sha256));
    Ok(WorkKept { file: secret.file, key })
}

/// Opens a work for a person of its unit: the token that it was entered with, on record.
///
/// # Errors
/// `token_wrong` once the entry's link was replaced.
pub async fn open(app: &App, work: &WorkRow, by: &By) -> Result<Token, Problem> {
    let replaced = || {
        Code::TokenWrong.about(Detail::new(
            "该作品的查询链接已由参选人更换，请由其本人打开。",
            "the entrant replaced the link of this work and opens it",
        ))
    };
    let token = kept_of(app, work)?.key.ok_or_else(replaced)?;
    let submission = Some(work.submission);
    let act = Audited { act: "unit_work_opened", submission, partner: None, before: json!({}), after: json!({}) };
    let (by, act) = (by, &act);
    app.store.transaction("open_unit_work", |tx, _| Box::pin(async move { audit::add(tx, by, act).await })).await?;
    Ok(token)
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
