//! What is typed after `reelmill submit`.
use std::path::PathBuf;

use crate::api::AiUse;
use crate::output::OutputArgs;

/// Options of `submit`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The videos, one work each
    #[arg(required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Title of the work; one for each file, in their order
    #[arg(long = "title", required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet", value_name = "TITLE")]
    pub(super) titles: Vec<String>,
    /// Theme of the contest, by name or id: 高端升级 (high-end), 数智赋能 (digital) or 绿色低碳 (green)
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    pub(super) theme: Option<String>,
    /// Contest to enter, by its id; the server's page /about lists the open ones
    #[arg(long, value_name = "CONTEST")]
    pub(super) contest: String,
    /// Address of the server
    #[arg(long, env = "REELMILL_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(super) server: String,
    /// Wait until screening has passed or refused it
    #[arg(long)]
    pub(super) wait: bool,
    /// Enter it once more although the same command was finished before
    #[arg(long, conflicts_with = "sheet")]
    pub(super) again: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) form: FormArgs,
    #[command(flatten)]
    pub(super) of_unit: SheetArgs,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Entry form")]
pub(super) struct FormArgs {
    /// What the work is about
    #[arg(long, default_value = "", hide_default_value = true, conflicts_with = "sheet", value_name = "TEXT")]
    pub(super) synopsis: String,
    /// Organisation that recommends the work
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub(super) unit: String,
    /// Entrant's name
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    pub(super) name: Option<String>,
    /// Entrant's organisation
    #[arg(long, conflicts_with = "sheet", value_name = "NAME")]
    pub(super) organisation: Option<String>,
    /// Entrant's phone number; a phone number or an e-mail address is needed
    #[arg(long, required_unless_present_any = ["email", "sheet", "template"], conflicts_with = "sheet")]
    pub(super) phone: Option<String>,
    /// Entrant's e-mail address
    #[arg(long, conflicts_with = "sheet")]
    pub(super) email: Option<String>,
    /// Declare: the work is original and its rights are undisputed
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    pub(super) original: bool,
    /// Declare: the organiser may publish it as the call for entries says
    #[arg(long, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet")]
    pub(super) rights: bool,
    /// Declare: what part AI had in the work
    #[arg(long, value_enum, required_unless_present_any = ["sheet", "template"], conflicts_with = "sheet", value_name = "PART")]
    pub(super) ai: Option<AiUse>,
    /// More about that, in words
    #[arg(long, conflicts_with = "sheet", value_name = "WORDS")]
    pub(super) ai_note: Option<String>,
    /// Answer a question of the contest's own, by its id in the contest's file; `true` declares
    #[arg(long = "answer", conflicts_with = "sheet", value_name = "ID=TEXT", value_parser = answer)]
    pub(super) answers: Vec<(String, String)>,
}

/// Options of a whole sheet.
#[derive(clap::Args)]
#[command(next_help_heading = "Sheet of a recommending unit")]
pub(super) struct SheetArgs {
    /// Enter every work of this sheet (推荐汇总表, .xlsx or .csv); with --dir, --unit and --contest
    #[arg(long, value_name = "FILE", requires = "dir")]
    pub(super) sheet: Option<PathBuf>,
    /// Folder that holds the videos, at any depth; each is found by the name in its row, or by the title
    #[arg(long, value_name = "FOLDER", requires = "sheet")]
    pub(super) dir: Option<PathBuf>,
    /// Show what would be entered and what is wrong; send nothing
    #[arg(long, requires = "sheet")]
    pub(super) dry_run: bool,
    /// Write the list of receipts to this file too, .xlsx or .csv
    #[arg(long, value_name = "FILE", requires = "sheet")]
    pub(super) receipts: Option<PathBuf>,
    /// Write an empty sheet for the contest to this file, .xlsx
    #[arg(long, value_name = "FILE", conflicts_with = "sheet")]
    pub(super) template: Option<PathBuf>,
    /// Directory with contests, partners and ladders instead of the built-in ones, for sheets
    #[arg(long, env = "CATALOGUE_DIR", value_name = "DIR")]
    pub(super) catalogue_dir: Option<PathBuf>,
}

/// `ID=TEXT`, split.
fn answer(given: &str) -> Result<(String, String), String> {
    let (id, text) = given.split_once('=').ok_or("write it as ID=TEXT")?;
    Ok((id.trim().to_owned(), text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_split_at_its_first_equals_sign() {
        assert_eq!(
            answer("first_published=https://a.b/?v=1").unwrap(),
            ("first_published".into(), "https://a.b/?v=1".into())
        );
        assert!(answer("crew").is_err());
    }
}
