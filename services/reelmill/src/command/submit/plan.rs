//! The action for each row of a sheet, before anything is sent: the dry run.
use std::path::PathBuf;

use clap::ValueEnum;
use pipeline::catalogue::Contest;
use pipeline::form::{Checked, Wrong, id};
use pipeline::sheet::{Found, Work, films_of, plain_title};

use super::folder::Folder;
use crate::api::{AiUse, Contact, Declarations, Entrant, Form};
use crate::resume::{Memory, row_key};

/// One row of the sheet.
pub(super) struct Row {
    /// Its number in the spreadsheet.
    pub(super) number: u32,
    pub(super) title: String,
    /// The file's name within the folder; empty if none was found.
    pub(super) file: String,
    pub(super) next: Next,
}

/// The action for a row.
pub(super) enum Next {
    /// It is entered, or continued; if it is entered already, that is reported.
    Enter(Box<Enter>),
    /// It is left to a person.
    Leave(Why),
}

/// The data for entering a row.
pub(super) struct Enter {
    pub(super) path: PathBuf,
    pub(super) form: Form,
    /// The key under which the server enters it once.
    pub(super) key: String,
    pub(super) memory: Memory,
    pub(super) before: Before,
}

/// What an earlier command did with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Begun,
    Entered,
}

/// Why a row is not entered.
pub(super) enum Why {
    /// The form's rules.
    Wrong(Vec<Wrong>),
    /// An earlier row has the same title.
    Repeats(u32),
    /// A work with this title was entered for the unit before, with other answers.
    EnteredBefore(String),
    /// No file matches; one with this name would.
    NoFile(String),
    /// These files match, or this one matches another row too.
    SeveralFiles(Vec<String>),
}

/// The context of the entries.
pub(super) struct Place<'a> {
    pub(super) server: &'a str,
    pub(super) contest: &'a Contest,
    pub(super) unit: &'a str,
}

/// Checks each work, its file, and its stored state. Also returns the names of files that no row needs.
pub(super) fn plan(place: &Place, works: &[Work], folder: &Folder) -> anyhow::Result<(Vec<Row>, Vec<String>)> {
    // A row that repeats another is not entered, so it takes no file from it.
    let wanted = works.iter().map(|work| if work.repeats.is_some() { ("", "") } else { (&*work.file, work.title()) });
    let wanted: Vec<(&str, &str)> = wanted.collect();
    let found = films_of(&wanted, &folder.names);
    let used = |file: usize| {
        found.iter().any(|found| match found {
            Found::Several(several) => several.contains(&file),
            found => found.file() == Some(file),
        })
    };
    let unused = (0..folder.names.len()).filter(|&file| !used(file)).map(|file| folder.names[file].clone()).collect();
    let rows = works.iter().zip(&found).map(|(work, found)| row(place, work, found, folder));
    Ok((rows.collect::<anyhow::Result<_>>()?, unused))
}

fn row(place: &Place, work: &Work, found: &Found, folder: &Folder) -> anyhow::Result<Row> {
    let file = found.file();
    let next = match &work.checked {
        Err(wrong) => Next::Leave(Why::Wrong(wrong.clone())),
        Ok(checked) => match (work.repeats, file) {
            (Some(earlier), _) => Next::Leave(Why::Repeats(earlier)),
            (None, Some(file)) => enter(place, work, checked, folder.paths[file].clone())?,
            (None, None) => Next::Leave(without_file(work, found, folder)),
        },
    };
    let file = file.map_or_else(String::new, |file| folder.names[file].clone());
    Ok(Row { number: work.row, title: work.title().to_owned(), file, next })
}

fn without_file(work: &Work, found: &Found, folder: &Folder) -> Why {
    match found {
        Found::Several(several) => Why::SeveralFiles(several.iter().map(|&file| folder.names[file].clone()).collect()),
        Found::Named(_) | Found::Titled(_) | Found::Nothing if work.file.is_empty() => {
            Why::NoFile(format!("{}.mp4", work.title()))
        }
        Found::Named(_) | Found::Titled(_) | Found::Nothing => Why::NoFile(work.file.clone()),
    }
}

fn enter(place: &Place, work: &Work, checked: &Checked, path: PathBuf) -> anyhow::Result<Next> {
    let form = form(place.contest, work, checked);
    let key = row_key(place.server, &serde_json::to_vec(&form)?)?;
    let memory = Memory::of_row(place.server, place.contest.id.as_str(), place.unit, &plain_title(work.title()))?;
    let before = match memory.recall() {
        None => Before::Nothing,
        Some(entry) if entry.row.as_ref() != Some(&key) => {
            return Ok(Next::Leave(Why::EnteredBefore(entry.submission)));
        }
        Some(entry) if entry.uploaded => Before::Entered,
        Some(_) => Before::Begun,
    };
    Ok(Next::Enter(Box::new(Enter { path, form, key, memory, before })))
}

/// The form of a row.
fn form(contest: &Contest, work: &Work, checked: &Checked) -> Form {
    let text = |id: &str| checked.text(id).to_owned();
    let given = |id: &str| checked.given(id).map(str::to_owned);
    let own = work.answers.iter().filter(|(id, _)| contest.field(id).is_some_and(|field| field.is_own()));
    Form {
        contest: contest.id.to_string(),
        title: text(id::TITLE),
        theme: text(id::THEME),
        synopsis: text(id::SYNOPSIS),
        recommending_unit: text(id::UNIT),
        entrant: Entrant {
            name: text(id::NAME),
            organisation: given(id::ORGANISATION),
            contact: Contact { phone: given(id::PHONE), email: given(id::EMAIL) },
        },
        declarations: Declarations {
            // Every form requires both, and this one was checked.
            originality: true,
            rights: true,
            ai_use: AiUse::from_str(checked.text(id::AI_USE), false).unwrap_or(AiUse::None),
            ai_note: given(id::AI_NOTE),
        },
        answers: own.map(|(id, text)| (id.clone(), text.clone())).collect(),
    }
}
