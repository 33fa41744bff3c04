//! The outcome of each row of a sheet, by the rules of the form and by what the unit has entered before. It changes
//! nothing.
use std::collections::HashMap;

use pages::Say;
use pipeline::catalogue::{Contest, Unit};
use pipeline::form::{self, Checked, Filled, Wrong, id};
use pipeline::sheet::plain_title;
use runtime::problem::Problem;

use crate::sheet::{Kept, Row};
use crate::state::Units;

/// One row with its outcome.
pub(crate) struct Line<'k> {
    pub(crate) row: &'k Row,
    pub(crate) next: Next,
}

/// The outcome of a row.
pub(crate) enum Next {
    /// It may be entered.
    Right(Box<Checked>),
    /// It breaks rules of the form.
    Wrong(Vec<Wrong>),
    /// An earlier row has the same title; its number.
    Repeats(u32),
    /// The unit has entered a work with this title already: its number. A person decides.
    Probably(Box<Checked>, String),
    /// This very row has been entered: its number.
    Entered(String),
}

impl Line<'_> {
    /// The title in the row.
    pub(crate) fn title(&self) -> &str {
        self.row.answers.get(id::TITLE).map_or("", String::as_str)
    }

    /// The file that it expects.
    pub(crate) fn file(&self) -> String {
        expected(&self.row.file, self.title())
    }

    /// Its position on the page: rows that a person must look at come first.
    pub(crate) fn rank(&self) -> u8 {
        match self.next {
            Next::Wrong(_) | Next::Repeats(_) => 0,
            Next::Probably(..) => 1,
            Next::Right(_) => 2,
            Next::Entered(_) => 3,
        }
    }

    pub(crate) fn is_right(&self) -> bool {
        matches!(self.next, Next::Right(_))
    }

    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self.next, Next::Wrong(_) | Next::Repeats(_))
    }

    pub(crate) fn is_probable(&self) -> bool {
        matches!(self.next, Next::Probably(..))
    }

    pub(crate) fn is_entered(&self) -> bool {
        matches!(self.next, Next::Entered(_))
    }

    /// How the outcome is shown: the class of its tag, and the tag's text.
    pub(crate) fn tag(&self, say: &Say) -> (&'static str, &'static str) {
        match self.next {
            Next::Right(_) => ("ok", say.t("可以报送", "right")),
            Next::Wrong(_) => ("bad", say.t("需要修改", "to be corrected")),
            Next::Repeats(_) => ("bad", say.t("表内重复", "comes twice")),
            Next::Probably(..) => ("warn", say.t("可能已报送", "probably entered")),
            Next::Entered(_) => ("plain", say.t("已报送", "entered")),
        }
    }

    /// What to say about it: each text with the question that it concerns, if any.
    pub(crate) fn said(&self, contest: &Contest, say: &Say) -> Vec<(String, String)> {
        let alone = |text: String| vec![(String::new(), text)];
        match &self.next {
            Next::Right(_) => Vec::new(),
            Next::Wrong(wrong) => wrong.iter().map(|it| advice(contest, it, self.row, say)).collect(),
            Next::Repeats(row) => alone(
                say.t("与第 {n} 行的作品名称相同，不会报送。", "Row {n} has the same title; this one is not entered.")
                    .replace("{n}", &row.to_string()),
            ),
            Next::Probably(_, receipt) if receipt.is_empty() => {
                alone(say.t("本单位已有同名作品。", "The unit has a work of this title.").to_owned())
            }
            Next::Probably(_, receipt) => alone(
                say.t("本单位已有同名作品，回执编号 {n}。", "The unit has a work of this title: receipt {n}.")
                    .replace("{n}", receipt),
            ),
            Next::Entered(receipt) => alone(say.t("回执编号 {n}", "Receipt {n}").replace("{n}", receipt)),
        }
    }
}

/// The file that a row expects: the one that it names, or one with the title of the work.
pub(crate) fn expected(file: &str, title: &str) -> String {
    match (file, title) {
        ("", "") => String::new(),
        ("", title) => format!("{title}.mp4"),
        (file, _) => file.to_owned(),
    }
}

/// A wrong answer: the name of its question, and what to do about it.
fn advice(contest: &Contest, wrong: &Wrong, row: &Row, say: &Say) -> (String, String) {
    let at = |field: &&form::Field| {
        field.place() == wrong.field || wrong.field == "entrant.contact" && field.id == id::PHONE
    };
    let Some(field) = contest.fields.iter().find(at) else {
        return (wrong.field.clone(), wrong.text(say.lang).to_owned());
    };
    let answer = row.answers.get(&field.id).map_or("", String::as_str);
    (field.label.text(say.lang).to_owned(), wrong.advice(field, answer, Filled::InSheet, say.lang))
}

/// Judges every row at the present time.
pub(crate) async fn judged<'k>(
    units: &Units,
    contest: &Contest,
    unit: &Unit,
    kept: &'k Kept,
) -> Result<Vec<Line<'k>>, Problem> {
    let store = &units.app.store;
    let of = upload::by_unit::of(contest, unit);
    let names: Vec<String> = unit.names().map(ToOwned::to_owned).collect();
    let works = store.works_naming(&contest.id, &names).await?;
    let titles: HashMap<String, String> =
        works.into_iter().map(|work| (plain_title(&work.title), work.receipt.unwrap_or_default())).collect();
    let receipts: HashMap<_, _> =
        store.works_of_unit(&of).await?.into_iter().map(|it| (it.submission, it.receipt.to_string())).collect();
    let entered: HashMap<Vec<u8>, String> = store
        .rows_of_unit(&of)
        .await?
        .into_iter()
        .map(|(hash, id)| (hash, receipts.get(&id).cloned().unwrap_or_default()))
        .collect();
    let mut lines = Vec::with_capacity(kept.rows.len());
    for row in &kept.rows {
        let title = plain_title(row.answers.get(id::TITLE).map_or("", String::as_str));
        let hashes = upload::by_unit::hashes(&units.app, &row.answers)?;
        let before = hashes.iter().find_map(|hash| entered.get(hash.as_slice()));
        let next = match (before, form::check(contest, &row.answers), row.repeats) {
            (Some(receipt), _, _) => Next::Entered(receipt.clone()),
            (None, Err(wrong), _) => Next::Wrong(wrong),
            (None, Ok(_), Some(earlier)) => Next::Repeats(earlier),
            (None, Ok(form), None) => match titles.get(&title) {
                Some(receipt) => Next::Probably(Box::new(form), receipt.clone()),
                None => Next::Right(Box::new(form)),
            },
        };
        lines.push(Line { row, next });
    }
    Ok(lines)
}
