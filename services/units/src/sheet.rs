//! A sheet that a unit sends: its cells are read in the sandboxed child, and its rows are stored encrypted until they
//! are entered.
use anyhow::Context;
use paper::{Book, Limits};
use pipeline::catalogue::{Contest, Unit};
use pipeline::form::Answers;
use pipeline::sheet::Work;
use runtime::problem::{Code, Detail, Problem};
use runtime::seal::Sealed;
use runtime::store::entry::units::Of;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::state::Units;

/// Children that read sheets at the same time, on one machine.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A sheet as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// One for each row.
    pub(crate) rows: Vec<Row>,
    /// Headings of columns that are not read.
    pub(crate) unknown: Vec<String>,
    /// Numbers of rows that contain no work.
    pub(crate) notes: Vec<u32>,
}

/// One row of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its number in the spreadsheet.
    pub(crate) number: u32,
    /// Its answers, by the id of the field.
    pub(crate) answers: Answers,
    /// Name of the film's file; may be empty.
    pub(crate) file: String,
    /// Number of an earlier row with the same title.
    pub(crate) repeats: Option<u32>,
}

impl From<Work> for Row {
    fn from(work: Work) -> Self {
        Self { number: work.row, answers: work.answers, file: work.file, repeats: work.repeats }
    }
}

/// Reads a sheet of a unit and stores it. Returns its id.
///
/// # Errors
/// `sheet_refused` with what is wrong in it; `stopping`.
pub(crate) async fn take(units: &Units, contest: &Contest, unit: &Unit, bytes: &[u8]) -> Result<Uuid, Problem> {
    let book = read(units, bytes).await?;
    let sheet = upload::sheet::works(contest, &unit.name.zh, &book);
    let sheet = sheet.map_err(|error| refused(|lang| error.text(lang)))?;
    let rows = sheet.works.into_iter().map(Row::from).collect();
    let kept = Kept { rows, unknown: sheet.unknown, notes: sheet.notes };
    let (id, of) = (Uuid::now_v7(), upload::by_unit::of(contest, unit));
    let plain = serde_json::to_vec(&kept).map_err(anyhow::Error::from)?;
    units.app.store.keep_sheet(id, &of, &units.app.keys.seal_for(&place(id), &plain)?).await?;
    Ok(id)
}

/// A stored sheet.
///
/// # Errors
/// `sheet_unknown`, also for a sheet of another unit.
pub(crate) async fn kept(units: &Units, of: &Of, id: &str) -> Result<(Uuid, Kept), Problem> {
    let id: Uuid = id.parse().map_err(|_| Code::SheetUnknown)?;
    let sealed: Sealed = units.app.store.sheet(id, of).await?.ok_or(Code::SheetUnknown)?;
    let plain = units.app.keys.open_for(&place(id), &sealed).map_err(anyhow::Error::from)?;
    Ok((id, serde_json::from_slice(&plain).map_err(anyhow::Error::from)?))
}

fn place(id: Uuid) -> Vec<u8> {
    format!("unit sheet:{id}").into_bytes()
}

async fn read(units: &Units, bytes: &[u8]) -> Result<Book, Problem> {
    let limits = Limits::default();
    if bytes.len() as u64 > limits.file_bytes {
        let refusal = paper::Refusal::FileTooLarge { most_bytes: limits.file_bytes };
        return Err(refused(|lang| refusal.text(lang)));
    }
    let _turn = TURNS.acquire().await.map_err(anyhow::Error::from)?;
    let dir = units.scratch.dir(&format!("sheet-{}", Uuid::new_v4()))?;
    let file = dir.input().join(upload::sheet::SHEET);
    tokio::fs::write(&file, bytes).await.context("write a sheet for the child")?;
    let request = upload::sheet::request(dir.input(), limits, units.child.allows_missing_landlock());
    let answer = units.child.run(&request, upload::sheet::DEADLINE, &units.app.stop, |_| ()).await;
    let read =
        upload::sheet::answered(answer, &limits).map_err(|error| anyhow::anyhow!(error).context("read a sheet"))?;
    read.map_err(|refusal| refused(|lang| refusal.text(lang)))
}

fn refused(text: impl Fn(pipeline::lang::Lang) -> String) -> Problem {
    use pipeline::lang::Lang;
    Code::SheetRefused.about(Detail::new(text(Lang::Zh), text(Lang::En)))
}
