//! `reelmill submit FILE…`: enters works over HTTP like any entrant, with a resumable upload; `--sheet` enters all
//! works of a recommending unit's sheet. After an interruption the same command continues; after its end it says so
//! instead of entering a work twice.
use std::path::{Path, PathBuf};

use anyhow::Context;
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;

use crate::api::{AiUse, Api, Contact, Declarations, Entrant, Form};
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs};
use crate::resume::{Key, Memory};
use one::One;

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

/// Options of `submit`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The videos, one work each
    #[arg(required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Title of the work; one for each file, in their order
    #[arg(long = "title", required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet", value_name = "TITLE")]
    titles: Vec<String>,
    /// Theme of the contest, by name or id: 高端升级 (high-end), 数智赋能 (digital) or 绿色低碳 (green)
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    theme: Option<String>,
    /// Contest to enter, by its id; the server's page /about lists the open ones
    #[arg(long, value_name = "CONTEST")]
    contest: String,
    /// Address of the server
    #[arg(long, env = "REELMILL_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    server: String,
    /// Wait until screening has passed or refused it
    #[arg(long)]
    wait: bool,
    /// Enter it once more although the same command was finished before
    #[arg(long, conflicts_with = "sheet")]
    again: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    of_unit: sheet::SheetArgs,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Entry form")]
struct FormArgs {
    /// What the work is about
    #[arg(long, default_value = "", hide_default_value = true, conflicts_with = "sheet", value_name = "TEXT")]
    synopsis: String,
    /// Organisation that recommends the work
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    unit: String,
    /// Entrant's name
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    name: Option<String>,
    /// Entrant's organisation
    #[arg(long, conflicts_with = "sheet", value_name = "NAME")]
    organisation: Option<String>,
    /// Entrant's phone number; a phone number or an e-mail address is needed
    #[arg(long, required_unless_present_any = ["email", "sheet", "template"], conflicts_with = "sheet")]
    phone: Option<String>,
    /// Entrant's e-mail address
    #[arg(long, conflicts_with = "sheet")]
    email: Option<String>,
    /// Declare: the work is original and its rights are undisputed
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    original: bool,
    /// Declare: the organiser may publish it as the call for entries says
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    rights: bool,
    /// Declare: what part AI had in the work
    #[arg(long, value_enum, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet", value_name = "PART")]
    ai: Option<AiUse>,
    /// More about that, in words
    #[arg(long, conflicts_with = "sheet", value_name = "WORDS")]
    ai_note: Option<String>,
    /// Answer a question of the contest's own, by its id in the contest's file; `true` declares
    #[arg(long = "answer", conflicts_with = "sheet", value_name = "ID=TEXT", value_parser = answer)]
    answers: Vec<(String, String)>,
}

/// Enters every file in turn, or every work of a sheet; the worst result determines the exit code.
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
            Format::Table => output::print(&format!("{}\n", done.standing.id))?,
            Format::Json => output::print_json(&done.standing)?,
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

/// `ID=TEXT`, split.
fn answer(given: &str) -> Result<(String, String), String> {
    let (id, text) = given.split_once('=').ok_or("write it as ID=TEXT")?;
    Ok((id.trim().to_owned(), text.to_owned()))
}

/// The id of a theme given by its name, as printed in the call for entries. A name that the built-in catalogue does not
/// have is sent unchanged to the server, which has its own.
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

    #[test]
    fn an_answer_is_split_at_its_first_equals_sign() {
        assert_eq!(
            answer("first_published=https://a.b/?v=1").unwrap(),
            ("first_published".into(), "https://a.b/?v=1".into())
        );
        assert!(answer("crew").is_err());
    }
}
