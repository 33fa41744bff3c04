//! `reelmill submit FILE…`: enters works over HTTP like any entrant, with a resumable upload; `--sheet` enters all works of a recommending
//! unit's sheet. Interrupted, the same command goes on where it was; finished, it says so instead of entering a work twice.
use std::path::Path;

use anyhow::Context;
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;

use crate::api::{AiUse, Api, Contact, Declarations, Entrant, Form};
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format};
use crate::resume::{Key, Memory};
pub(crate) use args::Args;
use one::One;

// What is typed.
mod args;
// The videos of a folder.
mod folder;
// The submission of one work.
mod one;
// The result for each row of a sheet.
mod plan;
// The list of receipts.
mod receipts;
// A whole sheet.
mod sheet;

/// Enters every file in turn, or every work of a sheet; the worst end is the command's.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    if let Some(path) = &args.of_unit.template {
        return sheet::template(&args, path);
    }
    if let (Some(sheet), Some(dir)) = (&args.of_unit.sheet, &args.of_unit.dir) {
        return Box::pin(sheet::run(&args, sheet, dir)).await;
    }
    if args.titles.len() != args.files.len() {
        let (titles, files) = (args.titles.len(), args.files.len());
        return Err(WrongUsage(format!("{files} files need {files} --title, not {titles}")).into());
    }
    let api = Api::new(&args.server)?;
    let mut worst = Exit::Done;
    for (file, title) in args.files.iter().zip(&args.titles) {
        let one = one(&args, &api, file, title)?;
        let done = match one.enter().await.with_context(|| format!("enter {}", file.display()))? {
            Ok(done) => done,
            Err(exit) => {
                worst = exit;
                continue;
            }
        };
        match args.output.output {
            Format::Table => output::print(&format!("{}\n", done.entry.id))?,
            Format::Json => output::print_json(&done.entry)?,
        }
        if done.exit != Exit::Done {
            worst = done.exit;
        }
    }
    Ok(worst)
}

fn one<'a>(args: &'a Args, api: &'a Api, file: &'a Path, title: &str) -> anyhow::Result<One<'a>> {
    let memory = Memory::of(&Key { server: &args.server, contest: &args.contest, title, file })?;
    let (server, form) = (&args.server, form(args, title));
    Ok(One { api, server, file, form, row: None, memory, again: args.again, wait: args.wait })
}

/// The form as typed. Arguments that are optional with a sheet are required without one by the parser.
fn form(args: &Args, title: &str) -> Form {
    let form = &args.form;
    Form {
        contest: args.contest.clone(),
        title: title.to_owned(),
        theme: theme_id(&args.contest, args.theme.as_deref().unwrap_or_default()),
        synopsis: form.synopsis.clone(),
        recommending_unit: form.unit.clone(),
        entrant: Entrant {
            name: form.name.clone().unwrap_or_default(),
            organisation: form.organisation.clone(),
            contact: Contact { phone: form.phone.clone(), email: form.email.clone() },
        },
        declarations: Declarations {
            originality: form.original,
            rights: form.rights,
            ai_use: form.ai.unwrap_or(AiUse::None),
            ai_note: form.ai_note.clone(),
        },
        answers: form.answers.iter().cloned().collect(),
    }
}

/// The id of a theme that was given by its name, as the call for entries prints it. What the built-in catalogue does not know
/// goes to the server as it is, which knows its own.
fn theme_id(contest: &str, theme: &str) -> String {
    let catalogue = Catalogue::builtin();
    let themes = catalogue.contest(&ContestId::new(contest)).map(|contest| contest.themes.clone()).unwrap_or_default();
    let named = themes.into_iter().find(|it| it.zh == theme || it.en.eq_ignore_ascii_case(theme));
    named.map_or_else(|| theme.to_owned(), |it| it.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_may_be_given_as_the_call_prints_it() {
        assert_eq!(theme_id("demo", "绿色低碳"), "green");
        assert_eq!(theme_id("demo", "green"), "green");
        assert_eq!(theme_id("another", "绿色低碳"), "绿色低碳");
    }
}
